// TRACE=telnet,port: what happens inside, one line each, for people who look for a fault. Off, a point costs one look at a property.

/** Where there are points to listen at. */
export const TRACE_POINTS = ['telnet', 'port'] as const;
/** The name of a trace point. */
type TracePoint = (typeof TRACE_POINTS)[number];

/** Called as `tracePoints.port?.(...)`, so that nothing is put together when nobody listens. */
export const tracePoints: { [P in TracePoint]?: (line: string) => void } = {};

/** Turns on the points of a list (`telnet,port`); write gets whole lines. Gives the names that mean nothing. */
export function traceTo(names: string, write: (line: string) => void): string[] {
  const wanted = names.split(',').filter((name) => name !== '');
  for (const point of TRACE_POINTS) if (wanted.includes(point)) tracePoints[point] = (line) => write(`${point} ${line}\n`);
  return wanted.filter((name) => !(TRACE_POINTS as readonly string[]).includes(name));
}

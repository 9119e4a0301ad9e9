// HOST:PORT and host,port as people write them: both are taken wherever a command names a port.

/** The parts of `HOST:PORT`, `[ADDRESS]:PORT` or `host,port`; `undefined` if the text is something else. */
export function hostAndPort(text: string): { readonly host: string; readonly port: string } | undefined {
  const m = /^(?:\[([^\]]+)\]:|([^:,/()\s[\]]+):|([^,/()\s[\]]+),)([A-Za-z0-9-]+)$/.exec(text);
  return m === null ? undefined : { host: (m[1] ?? m[2] ?? m[3])!, port: m[4]! };
}

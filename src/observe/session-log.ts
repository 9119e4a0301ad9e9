// Who came, who left, why, how long and how much: a line each at level info. ser2net itself says nothing of it.
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { ObserverFactory } from '../port/events.ts';

/** Logs each connection and disconnection, with duration and byte counts, at level info. */
export const sessionLog =
  (clock: Clock, log: Log): ObserverFactory =>
  ({ config: { name } }) => [
    {
      userJoined: ({ peer }) => log.log('info', `${name}: connected from ${peer}`, { port: name, peer }),
      userLeft: ({ peer, since, bytesIn, bytesOut }, reason) => {
        const seconds = Math.round(clock.now() - since) / 1000;
        const why = reason.trim();
        log.log('info', `${name}: disconnected from ${peer} (${why}) after ${seconds} s, ${bytesIn} bytes in, ${bytesOut} bytes out`, {
          port: name,
          peer,
          reason: why,
          seconds,
          bytesIn,
          bytesOut,
        });
      },
    },
  ];

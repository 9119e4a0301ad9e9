// mdns: true — the port is announced on the local network while it listens.
import type { Log } from '../base/log.ts';
import type { ConnectionConfig } from '../config/model.ts';
import type { Announce, Announcement } from '../gensio/stack-builder.ts';
import { isDatagram, layerLabels } from '../gensio/syntax/stack-properties.ts';
import { LOG } from './messages.ts';

/** What is announced of a connection that listens on this port number. */
export function announcementOf({ name, accepter: { spec }, options }: ConnectionConfig, port: number): Announcement {
  const txt = options.mdnsTxt ?? [];
  const has = (key: string): boolean => txt.some((t) => t.startsWith(`${key}=`));
  return {
    name: options.mdnsName ?? name,
    type: options.mdnsType ?? (spec !== undefined && isDatagram(spec) ? '_iostream._udp' : '_iostream._tcp'),
    port: options.mdnsPort ?? port,
    domain: options.mdnsDomain,
    host: options.mdnsHost,
    txt: [
      ...txt,
      ...(has('provider') ? [] : ['provider=ser2net']),
      ...(has('gensiostack') ? [] : [`gensiostack=${spec === undefined ? '' : layerLabels(spec)}`]),
    ],
  };
}

interface AnnouncerEnv {
  readonly announce: Announce;
  readonly log: Log;
}

/** Announces a port on the local network. */
export class Announcer {
  readonly #announce: Announce;
  readonly #log: Log;
  #current: { withdraw(): void } | undefined;

  constructor({ announce, log }: AnnouncerEnv) {
    this.#announce = announce;
    this.#log = log;
  }

  /** The port listens; without a port, on something that has no number. */
  start(config: ConnectionConfig, port: number | undefined): void {
    this.stop();
    const number = config.options.mdnsPort ?? port;
    if (!config.options.mdns || number === undefined) return;
    this.#current = this.#announce(announcementOf(config, number), (why) => {
      this.#log.log('err', LOG.noMdns(config.name));
      this.#log.log('info', `mdns: ${why}`);
    });
  }

  /** Withdraws the announcement. */
  stop(): void {
    this.#current?.withdraw();
    this.#current = undefined;
  }
}

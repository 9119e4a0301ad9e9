// What this program's own sections add to the ports: loaded once there are some.
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { findProtocol } from '../gensio/telnet/find-protocol.ts';
import type { Sections } from '../options/sections/table.ts';
import type { DoorEnv } from '../port/doors/door-listener.ts';
import { Doors } from '../port/doors/doors.ts';
import type { Engine } from '../port/engine.ts';

/** What rooms need of the daemon. */
export interface RoomsEnv {
  /** The ports. */
  readonly engine: Engine;
  /** For all waits. */
  readonly clock: Clock;
  /** Where what happens is told. */
  readonly log: Log;
  /** Who has an address, for the log. */
  readonly whoHas: NonNullable<DoorEnv['whoHas']>;
}

/** Everything that adds something to ports. */
export class Rooms {
  readonly #engine: Engine;
  readonly #doors: Doors;

  constructor({ engine, clock, log, whoHas }: RoomsEnv) {
    this.#engine = engine;
    const { builder, deadlines } = engine;
    this.#doors = new Doors({ clock, log, builder, deadlines, whoHas, findProtocol: (child) => findProtocol(child, clock) });
    engine.addRoom(this.#doors);
  }

  /** Puts sections in force; ports that are made later have them from their beginning. */
  apply(sections: Sections | undefined): void {
    this.#doors.apply(sections, this.#engine.ports);
  }
}

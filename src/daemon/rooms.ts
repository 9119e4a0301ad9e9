// What this program's own sections add to the ports: loaded once there are some, or a port is captured; each part once it is wanted.
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { findProtocol } from '../gensio/telnet/find-protocol.ts';
import type { Sections } from '../options/sections/table.ts';
import type { DoorEnv } from '../port/doors/door-listener.ts';
import { Doors } from '../port/doors/doors.ts';
import type { Engine } from '../port/engine.ts';
import type { RecordRoom } from '../record/record-room.ts';

/** What rooms need of the daemon. */
interface RoomsEnv {
  /** The ports. */
  readonly engine: Engine;
  /** For all waits. */
  readonly clock: Clock;
  /** Where what happens is told. */
  readonly log: Log;
  /** Who has an address, for the log. */
  readonly whoHas: NonNullable<DoorEnv['whoHas']>;
}

/** Whether some port is recorded or remembered. */
const wantsRecord = (sections: Sections | undefined): boolean =>
  [...(sections?.ports.values() ?? [])].some(({ values }) => values.record !== undefined || values.history !== undefined);

/** Everything that adds something to ports. */
export class Rooms {
  readonly #env: RoomsEnv;
  #doors: Doors | undefined;
  #record: Promise<RecordRoom> | undefined;

  constructor(env: RoomsEnv) {
    this.#env = env;
  }

  /** Puts sections in force; ports that are made later have them from their beginning. */
  async apply(sections: Sections | undefined): Promise<void> {
    if (sections !== undefined) this.#doors ??= this.#makeDoors();
    this.#doors?.apply(sections, this.#env.engine.ports);
    if (this.#record !== undefined || wantsRecord(sections)) (await this.record()).apply(sections);
  }
  #makeDoors(): Doors {
    const { engine, clock, log, whoHas } = this.#env;
    const { builder, deadlines } = engine;
    const doors = new Doors({ clock, log, builder, deadlines, whoHas, findProtocol: (child) => findProtocol(child, clock) });
    engine.addRoom(doors);
    return doors;
  }

  /** Recordings and histories; also what captures a port. */
  record(): Promise<RecordRoom> {
    const { engine, clock, log } = this.#env;
    this.#record ??= import('../record/record-room.ts').then(({ RecordRoom }) => {
      const room = new RecordRoom(clock, log);
      engine.addRoom(room);
      return room;
    });
    return this.#record;
  }

  /** Closes and opens the files of recordings, after they were moved away. */
  async reopen(): Promise<void> {
    (await this.#record)?.reopen();
  }
  /** Resolves when all that was recorded is written, or given up. */
  async written(): Promise<void> {
    await (await this.#record)?.written();
  }
}

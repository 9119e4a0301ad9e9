// The doors of all ports: what the sections say is put in force at each port, and again when they change.
import type { Sections } from '../../options/sections/table.ts';
import type { PortPart, PortRoom, RoomPort } from '../port-room.ts';
import type { DoorEnv } from './door-listener.ts';
import { PortDoors } from './port-doors.ts';

/** Doors, rights and the right to write, at every port. */
export class Doors implements PortRoom {
  readonly #env: DoorEnv;
  /** Of the ports that were made; a port that is gone is forgotten when its part stops for good. */
  readonly #parts = new Map<RoomPort, PortDoors>();
  #sections: Sections | undefined;

  constructor(env: DoorEnv) {
    this.#env = env;
  }

  /** Puts these sections in force. present: the ports there are; others are forgotten. */
  apply(sections: Sections | undefined, present: readonly RoomPort[]): void {
    this.#sections = sections;
    for (const [port, part] of this.#parts) {
      if (present.includes(port)) part.apply(sections?.ports.get(port.name)?.values);
      else this.#parts.delete(port);
    }
  }
  attach(port: RoomPort): PortPart {
    const part = new PortDoors(port, this.#env);
    this.#parts.set(port, part);
    part.apply(this.#sections?.ports.get(port.name)?.values);
    return part;
  }
  /** The port numbers that the doors of a port listen on, in order. */
  listeningPorts(port: RoomPort): readonly (number | undefined)[] {
    return this.#parts.get(port)?.listeningPorts ?? [];
  }
}

// One door beside the accepter of a port: listens, tries again where it cannot, and lets those in who come.
import type { Deadlines } from '../../base/deadlines.ts';
import type { GensioError } from '../../base/gensio-error.ts';
import type { Log } from '../../base/log.ts';
import type { Gensio } from '../../gensio/gensio.ts';
import type { StackBuilder } from '../../gensio/stack-builder.ts';
import type { Stack } from '../../gensio/syntax/stack.ts';
import { protocolLayer } from '../../gensio/syntax/stack-properties.ts';
import type { DoorOptions } from '../../options/sections/port.ts';
import type { Right, RightsOf } from '../../options/sections/shape.ts';
import { RemoteAddresses } from '../admission.ts';
import { type BesideRules, type Door, openDoor, RAW, type Rights, type Visitor } from '../door.ts';
import { type FaultEnv, FaultLog } from '../fault-log.ts';
import { Listener, type ListenerUp } from '../listener.ts';
import { LOG } from '../messages.ts';
import type { RoomPort } from '../port-room.ts';

/** What doors need from outside. */
export interface DoorEnv extends FaultEnv {
  /** For all waits. */
  readonly deadlines: Deadlines;
  /** Where what happens is told. */
  readonly log: Log;
  /** Makes listeners. */
  readonly builder: StackBuilder;
  /** Tells clients of telnet from those of plain bytes, on a connection of plain bytes. */
  readonly findProtocol: (child: Gensio) => Gensio;
}

const asRights = (list: readonly Right[]): Rights => ({
  read: list.includes('read'),
  write: list.includes('write'),
  control: list.includes('control'),
});

/** What somebody may do under these rights. */
export function rightsFor({ names, others }: RightsOf, { user }: Visitor): Rights {
  return asRights((user === undefined ? undefined : names?.get(user)) ?? others);
}

const addressesOf = ({ remaddr = '' }: DoorOptions): RemoteAddresses =>
  new RemoteAddresses(remaddr.split(';').filter((each) => each !== ''));

/** One door and its listener. */
export class DoorListener implements ListenerUp {
  readonly #port: RoomPort;
  readonly #env: DoorEnv;
  readonly #faults: FaultLog;
  readonly #listener: Listener;
  readonly #stack: Stack;
  readonly #door: Door;
  #options: DoorOptions;
  #addresses: RemoteAddresses;

  /** options: with an accepter. */
  constructor(port: RoomPort, options: DoorOptions, env: DoorEnv) {
    this.#port = port;
    this.#env = env;
    this.#options = options;
    this.#addresses = addressesOf(options);
    this.#stack = { text: options.accepter!.text, spec: options.accepter!.spec, error: undefined };
    this.#faults = new FaultLog(port.name, env);
    const { accepterRetryTime, authdir = '', allowedUsers, pamauth } = port.config.options;
    const settings = { authdir, allowedUsers, pamauth };
    this.#listener = new Listener(options.accepter!.spec, Math.max(1, accepterRetryTime), env.builder, env.deadlines, this, settings);
    this.#door = this.#make();
  }

  /** Its accepter, as written: doors are the same while it is. */
  get text(): string {
    return this.#stack.text;
  }
  /** What holds for it now. */
  get options(): DoorOptions {
    return this.#options;
  }
  /** The port number listened on, where there is one. */
  get port(): number | undefined {
    return this.#listener.port;
  }
  /** Whether this user came through it. */
  has(door: Door): boolean {
    return door.beside === this.#door.beside;
  }

  /** Puts other options in force, with the same accepter. Whoever is there stays. */
  change(options: DoorOptions): void {
    this.#options = options;
    this.#addresses = addressesOf(options);
  }
  /** Listens; done when that was tried once. A failure is logged and tried again. */
  open(done: () => void): void {
    this.#listener.open(done);
  }
  /** Stops listening; done when the address is free. Users stay. */
  close(done: () => void): void {
    this.#listener.close(done);
  }

  /** A door that always says what holds now. */
  #make(): Door {
    const options = (): DoorOptions => this.#options;
    const addresses = (): RemoteAddresses => this.#addresses;
    const beside: BesideRules = {
      get maxConnections() {
        return options().maxConnections;
      },
      get timeout() {
        return options().timeout;
      },
      get behind() {
        return options().behind;
      },
      get gap() {
        return options().gap;
      },
      allows: (address) => addresses().allows(address),
    };
    return {
      ...openDoor(protocolLayer(this.#stack.spec)?.type ?? RAW),
      rightsOf: (visitor) => rightsFor(options().rights, visitor),
      beside,
      get forPeople() {
        return options().escape === undefined ? undefined : true;
      },
    };
  }

  accepted(gensio: Gensio): void {
    this.#port.enter(this.#door, this.#options.auto ? this.#env.findProtocol(gensio) : gensio);
  }
  acceptFailed(err: GensioError): void {
    this.#env.log.log('err', LOG.acceptError(this.#port.name, err), { port: this.#port.name });
    if (err.errno !== undefined) this.#faults.failed('accept a connection on', this.#stack, err);
  }
  listening(): void {
    this.#faults.works('listen on', this.#stack);
  }
  listenFailed(err: GensioError): void {
    this.#faults.failed('listen on', this.#stack, err);
  }
}

// What observers see of a port: traces, LEDs, monitors, logs and counters live on this. They watch; they decide nothing.
import type { SerialSetting } from '../base/serial.ts';
import type { ConnectionConfig } from '../config/model.ts';
import type { GensioEvent } from '../gensio/gensio.ts';
import type { Door, Rights } from './door.ts';

/** One user of a port as observers see it. */
export interface UserView {
  /** As the admin port prints it: `ipv4,127.0.0.1,1234`. */
  readonly peer: string;
  /** The name it has proved to have; `undefined` if there is none. */
  readonly user: string | undefined;
  /** What it came through. */
  readonly door: Door;
  /** What it may do. */
  readonly rights: Rights;
  /** Bytes received from it, and sent to it. */
  readonly bytesIn: number;
  /** Bytes sent to it. */
  readonly bytesOut: number;
  /** Clock milliseconds. */
  readonly since: number;
}

/** All methods are called synchronously; a buffer is only borrowed. An observer that throws is removed and logged. */
export interface PortObserver {
  /** The device is open, before users are served. */
  opened?(): void;
  /** The session is over: the device will be closed now. reason as in traces. */
  closed?(reason: string): void;
  /** A user was given a place. */
  userJoined?(user: UserView): void;
  /** It has left. reason as in traces. */
  userLeft?(user: UserView, reason: string): void;
  /** Device to network, as accepted from the device. */
  fromDevice?(data: Buffer): void;
  /** Network to device, as received from a user. */
  toDevice?(data: Buffer): void;
  /** What the device says besides data: its modem lines, errors on the line. */
  deviceEvent?(event: GensioEvent): void;
  /** A client has set something of the line; the value is the one now in force. */
  settingChanged?(setting: SerialSetting): void;
}

/** What an observer may ask of the port it watches. */
export interface PortView {
  /** The configuration in force. */
  readonly config: ConnectionConfig;
  /** The first user's address, or ''. */
  firstPeer(): string;
  /** `,9600N81,CLOCAL`: the line settings for \B, with the comma of 4.3.11; '' when there are none. */
  lineText(): string;
}

/** Makes the observers of one port; called when the port is made. */
export type ObserverFactory = (view: PortView) => readonly PortObserver[];

// What one line of a classic file says, once read: what the model is built from, and what the converter writes.
import type { AdminConfig, ConnectionConfig, LedConfig, RotatorConfig } from '../model.ts';

/** The kinds of named strings; they share one name space, in which the newest definition is found. */
export type StringKind = 'banner' | 'signature' | 'openstr' | 'closestr' | 'closeon' | 'device';

/** A text given a name by a BANNER, SIGNATURE, OPENSTR, CLOSESTR, CLOSEON or DEVICE line. */
export interface NamedString {
  /** Which line it was. */
  readonly kind: StringKind;
  /** As the line gives it; names are compared exactly. */
  readonly name: string;
  /** Escapes are still in it, but for a DEVICE line, which has none. */
  readonly text: string;
}

/** The state of a port line, its second field. */
export type ConfState = 'raw' | 'rawlp' | 'telnet' | 'off' | 'on';

/** A named string, or the file of a TRACEFILE line; those have names of their own. */
export type NamedText = NamedString | { readonly kind: 'tracefile'; readonly name: string; readonly text: string };

/** A port line, with what the model does not keep. */
export interface PortEntry {
  /** Tells entries apart. */
  readonly is: 'port';
  /** What the model keeps of it. */
  readonly connection: ConnectionConfig;
  /** As written, in small letters. */
  readonly state: ConfState;
  /** The device before anything was appended, aliases replaced. */
  readonly device: string;
  /** By option: the named string or trace file it was set from. */
  readonly strings: ReadonlyMap<string, NamedText>;
  /** remctl as the words left it; `undefined` if not mentioned. */
  readonly remctl: boolean | undefined;
}

/** A default in the names of 4.x. */
export interface DefaultEntry {
  /** Tells entries apart. */
  readonly is: 'default';
  /** The name 4.x has for it, which old files may spell otherwise. */
  readonly name: string;
  /** `undefined` if the line has none. */
  readonly value: string | undefined;
  /** The layer it is for; `undefined` for all. */
  readonly class: string | undefined;
}

/** What a line says. */
export type Entry =
  | PortEntry
  | DefaultEntry
  | { readonly is: 'string'; readonly string: NamedString }
  | { readonly is: 'tracefile'; readonly name: string; readonly path: string }
  | { readonly is: 'rs485'; readonly name: string; readonly spec: string }
  | { readonly is: 'deldefault'; readonly name: string; readonly class: string }
  | { readonly is: 'admin'; readonly admin: AdminConfig }
  | { readonly is: 'rotator'; readonly rotator: RotatorConfig }
  | { readonly is: 'led'; readonly led: LedConfig }
  /** An empty line or a comment. */
  | { readonly is: 'nothing' }
  /** Nothing came of the line; its problems say why. */
  | { readonly is: 'dropped' };

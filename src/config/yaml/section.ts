// The sections of ser2net.yaml: which keys they have, and what has been read of one so far.
import type { Span } from './report.ts';

/** The sections that have keys. */
export type SectionKind = 'connection' | 'rotator' | 'led' | 'admin' | 'default' | 'delete_default' | 'attachment';
/** What follows a key: a text, a number or switch with its own message, a mapping, a list, or a text or list of texts. */
type KeyKind = 'text' | 'timeout' | 'enable' | 'options' | 'list' | 'texts';

/** Keys of the sections. v2 has the name of a default as a key of the mapping around it. */
export const KEYS: { readonly [K in SectionKind]: Readonly<Record<string, KeyKind>> } = {
  connection: { accepter: 'text', connector: 'text', timeout: 'timeout', enable: 'enable', options: 'options' },
  rotator: { accepter: 'text', connections: 'list', options: 'options' },
  led: { driver: 'text', options: 'options' },
  admin: { accepter: 'text', options: 'options' },
  default: { name: 'text', value: 'text', class: 'text' },
  delete_default: { name: 'text', class: 'text' },
  // Not in ser2net.
  attachment: { device: 'text', target: 'texts', enable: 'enable', options: 'options' },
};

/** What ser2net's messages call a section. */
const sectionName = (kind: SectionKind, version: 1 | 2): string =>
  version === 2 ? `${kind}s` : kind === 'delete_default' ? 'deldefault' : kind;

/** The top level of each version: the key, and the section it begins. */
export const MAIN_KEYS: Readonly<Record<string, { readonly version: 0 | 1 | 2; readonly kind: SectionKind | 'define' | 'include' }>> = {
  define: { version: 1, kind: 'define' },
  default: { version: 1, kind: 'default' },
  delete_default: { version: 1, kind: 'delete_default' },
  connection: { version: 1, kind: 'connection' },
  rotator: { version: 1, kind: 'rotator' },
  led: { version: 1, kind: 'led' },
  admin: { version: 1, kind: 'admin' },
  attachment: { version: 1, kind: 'attachment' },
  include: { version: 0, kind: 'include' },
  defines: { version: 2, kind: 'define' },
  defaults: { version: 2, kind: 'default' },
  delete_defaults: { version: 2, kind: 'delete_default' },
  connections: { version: 2, kind: 'connection' },
  rotators: { version: 2, kind: 'rotator' },
  leds: { version: 2, kind: 'led' },
  admins: { version: 2, kind: 'admin' },
  attachments: { version: 2, kind: 'attachment' },
};

/** A value after substitution, and where it stands. */
export interface Text extends Span {
  /** The value itself. */
  readonly text: string;
  /** What it stands for cannot be told, which was reported. */
  readonly lost?: true;
}
/** An option as written. */
export interface OptionText {
  /** Its key. */
  readonly name: Text;
  /** Empty if only the name was given. */
  readonly value: Text;
}

/** `name=value`, or the name alone for an empty value: what options are decoded from. */
export const optionString = ({ name, value }: OptionText): string => (value.text === '' ? name.text : `${name.text}=${value.text}`);

/** A section while it is read. */
export class Draft {
  /** Which section it is. */
  readonly kind: SectionKind;
  /** Which version of the format it is written in. */
  readonly version: 1 | 2;
  /** The anchor, or the key of version 2. */
  readonly name: Text | undefined;
  /** The key that began it. */
  readonly key: Span;
  /** Texts by their key. */
  readonly values = new Map<string, Text>();
  /** What stands under `options`, in order. */
  readonly options: OptionText[] = [];
  /** The items of its list: connections of a rotator, targets of an attachment. */
  readonly list: Text[] = [];
  /** Where the keys stand whose value is not a text. */
  readonly places = new Map<string, Span>();
  /** Keys it must have and has not, which was reported. */
  readonly missing = new Set<string>();
  /** Something in it cannot be used, which was reported: nothing comes of it, but the rest is looked at. */
  spoilt = false;
  /** Seconds; 0 if not written. */
  timeout = 0;
  /** True if not written. */
  enable = true;

  constructor(kind: SectionKind, version: 1 | 2, name: Text | undefined, key: Span) {
    this.kind = kind;
    this.version = version;
    this.name = name;
    this.key = key;
  }
  /** What ser2net's messages call it. */
  get title(): string {
    return sectionName(this.kind, this.version);
  }
  /** The name where messages cannot do without. */
  get span(): Span {
    return this.name ?? this.key;
  }
}

// What the lines read so far have defined, for the lines after them.
import type { Pos } from '../../base/diag.ts';
import type { Defaults } from '../../gensio/syntax/defaults.ts';
import type { LedConfig } from '../model.ts';
import { Origins } from '../origin.ts';
import type { NamedString } from './entry.ts';

/** inClassic: whether ser2net 4.3.11 has it too; false for what only we and old versions accept. */
interface Known<T> {
  readonly value: T;
  readonly inClassic: boolean;
}

/** How a line is put together from speed, parity, size and stop bits when DEFAULT lines name them one by one, as in 3.x. */
export interface SpeedParts {
  /** `9600` */
  speed: string;
  /** `N`, `E`, `O`, `M` or `S`; empty if no line named it. */
  parity: string;
  /** `5` to `8`; empty if no line named it. */
  databits: string;
  /** `1` or `2`; empty if no line named it. */
  stopbits: string;
}

/** The definitions in force at one place of a file. Names are compared exactly. */
export class ConfNames {
  /** As DEFAULT and DELDEFAULT lines have left them. */
  readonly defaults: Defaults;
  /** Where what the lines say came from. */
  readonly origins = new Origins();
  /** Newest definition of each name, whatever its kind. */
  readonly strings = new Map<string, NamedString>();
  /** Paths by the name of a TRACEFILE line. */
  readonly tracefiles = new Map<string, string>();
  /** Settings by the name of an RS485CONF line. */
  readonly rs485 = new Map<string, string>();
  /** LEDs by the name of an LED line. */
  readonly leds = new Map<string, Known<LedConfig>>();
  /** Where ports stand, by their network port. */
  readonly ports = new Map<string, Known<Pos>>();
  /** The parts of the default speed, by class; '' for all classes. */
  readonly speeds = new Map<string, SpeedParts>();
  /** A default speed that could not be read, by class; '' for all classes. */
  readonly badSpeeds = new Map<string, string>();
  /** Where a name is defined somewhere in the file, for hints: the first line that does. */
  readonly later: ReadonlyMap<string, number>;
  /** How many more times the nearest name is looked for. */
  hintsLeft = 200;
  /** A CONTROLPORT line has come; more of them are errors. */
  hasAdmin = false;
  /**
   * Whether a port stays when a word of its options is not understood, without that word: what 2.x and 3.x did. It is what the
   * author of an old file meant, and not how this version reads the file.
   */
  keepPorts = false;
  constructor(defaults: Defaults, later: ReadonlyMap<string, number>) {
    this.defaults = defaults;
    this.later = later;
  }
}

// The sentences ser2net 4.3.11 prints about a classic file. The caller adds ` on line N` where the reference does.

/** C error strings that 4.3.11 prints for gensio's error numbers when a DEFAULT line fails: a mix-up we repeat for scripts. */
const ERRNO_TEXT = { notfound: 'Interrupted system call', inval: 'No such process', outofrange: 'No such device or address' } as const;
type DefaultError = keyof typeof ERRNO_TEXT;

/** What ser2net 4.3.11 prints for each. */
export const messages = {
  noState: 'No state given',
  noTimeout: 'No timeout given',
  noDevice: 'No device name given',
  badTimeout: (text: string) => `Invalid timeout '${text}'`,
  badOptions: (onLine: string) => `Invalid device config${onLine}: Invalid data to parameter`,
  unknownItem: (word: string) => `Unknown config item: ${word}`,
  noLed: (option: string, led: string) => `Could not find ${option} LED: ${led}`,
  badRemaddr: (addr: string, reason: string) => `Error adding remote address '${addr}': ${reason}\n`,
  duplicate: (name: string) => `Duplicate connection name: ${name}`,
  badConnector: (text: string, reason: string) => `device configuration ${text} invalid: ${reason}`,
  badAccepter: (text: string, reason: string) => `Invalid accepter port name/number '${text}': ${reason}`,
  noTracefile: (name: string) => `Tracefile ${name} not found, it will be ignored`,
  noRs485: (name: string) => `RS485 configuration ${name} not found, it will be ignored`,
  badSpeed: (value: string) => `Default speed settings (${value}) are invalid, defaulting to 9600N81`,
  badAdmin: (reason: string) => `Unable to allocate controller accepter: ${reason}`,
  badRotator: (onLine: string) => `accepter was invalid${onLine}`,
  rotatorStart: 'Failed to start rotator',
  badEscape: (what: string, from: string) => `${what} (starting at ${from})`,
  badDefault: (name: string, onLine: string, error: DefaultError) =>
    `error setting default value${onLine} for ${name}: ${ERRNO_TEXT[error]}`,
  badDelDefault: (name: string, onLine: string) => `error deleting default value${onLine} for ${name}: ${ERRNO_TEXT.notfound}`,
  onlyClass: 'Can only delete class default',
  ledTwice: (name: string) => `LED ${name} already exists`,
  ledDriver: (driver: string, name: string, line: number) => `Unknown LED driver '${driver}' for LED '${name}' on ${line}`,
  ledOptions: 'Error parsing LED config: Invalid data to parameter',
  ledNoEquals: (word: string) => `Missing '=' in option ${word}`,
  ledNoKey: (word: string) => `Missing key in option '${word}'`,
  ledNoDevice: (name: string, onLine: string) => `LED '${name}': parameter 'device' required, but missing${onLine}.`,
  ledBad: (name: string, what: string, onLine: string) => `LED '${name}': invalid ${what}, using default${onLine}.`,
} as const;

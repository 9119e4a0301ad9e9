// A UPS of the Megatec kind (Q1 protocol) as a serial device: commands end with CR, and so do answers. A command it does not know is sent
// back, as real ones do.

const ANSWERS: Readonly<Record<string, string>> = {
  /** Voltages of input, fault and output, load, frequency, battery, temperature, state. */
  Q1: '(229.7 229.7 230.1 017 50.0 13.6 25.0 00001000',
  /** Rated voltage, current, battery voltage, frequency. */
  F: '#230.0 004 12.00 50.0',
  I: '#Example         UPS-700    V1.0      ',
};

/** One UPS on one line. */
export class MegatecUps {
  #rest = '';
  /** Commands it got, without their CR. */
  readonly commands: string[] = [];

  /** Takes bytes from the line; gives what the UPS sends. */
  take(data: Buffer): string {
    const commands = (this.#rest + data.toString('latin1')).split('\r');
    this.#rest = commands.pop()!;
    this.commands.push(...commands);
    return commands.map((command) => `${ANSWERS[command] ?? command}\r`).join('');
  }
}

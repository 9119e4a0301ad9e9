// What a command says, written as text for people or as the YAML that ser2net 4.3.11 writes, which is not always YAML.

/** The lines a YAML document of the console begins and ends with. */
export const DOCUMENT_START = '\r\n%YAML 1.1\r\n---\r\n';
/** The line after which a document's answer is complete. */
export const DOCUMENT_END = '...\r\n';

/** A quote inside a quoted string gets a backslash: not YAML, but what is sent. */
const quoted = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;

/** Gathers one answer. text is the whole of it so far. */
export class Answer {
  /** Whether it is written as YAML. */
  readonly yaml: boolean;
  /** All of it so far. */
  text = '';
  #indent = '';

  constructor(yaml: boolean) {
    this.yaml = yaml;
  }

  /** `name: value` */
  field(name: string, value: string | number): void {
    const shown = !this.yaml ? String(value) : typeof value === 'number' ? `!!int ${value}` : `!!str ${quoted(value)}`;
    this.text += `${this.#indent}${name}: ${shown}\r\n`;
  }
  /** Says why the command failed. */
  error(text: string): void {
    this.field('error', text);
  }
  /** As it is, with its own line ends. */
  raw(text: string): void {
    this.text += text;
  }

  /** YAML: a mapping `key:`, with the value under `name`. Text: `title: value`. What body adds stands below it. */
  block({ key, title, value }: { readonly key: string; readonly title: string; readonly value: string }, body: () => void): void {
    if (!this.yaml) this.field(title, value);
    else this.text += `${this.#indent}${key}: \r\n`;
    const before = this.#indent;
    this.#indent += '  ';
    if (this.yaml) this.field('name', value);
    body();
    this.#indent = before;
  }

  /** YAML: begins a document of one mapping. Text: nothing. */
  begin(key: string): void {
    if (!this.yaml) return;
    this.text += `${DOCUMENT_START}${key}: \r\n`;
    this.#indent = '  ';
  }
  /** Ends what begin() began. */
  end(): void {
    this.#indent = '';
    if (this.yaml) this.text += DOCUMENT_END;
  }
}

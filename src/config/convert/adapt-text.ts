// Texts with escapes, for a connection whose name, accepter and device are written differently now: what the escapes would
// print is kept.
import { escapeDevstr } from '../devstr.ts';
import type { ConnectionConfig } from '../model.ts';

/** How a text is used, and by whom. */
interface TextUse {
  /** A file name: only what is after the last slash counts of \d and \o. */
  readonly file: boolean;
  /** Whether the connection keeps its name. */
  readonly sameName: boolean;
  /** Who uses it; `undefined` if several connections do, all of which keep their names and have no alias. */
  readonly connection: ConnectionConfig | undefined;
  /** Write what \s meant until 3.x. */
  readonly meant: boolean;
}

interface AdaptedText {
  readonly text: string;
  /** \d is left, and prints the connector as it is written now. */
  readonly device: boolean;
  /** \s was replaced. */
  readonly replaced: boolean;
}

const ESCAPE = /\\(?:[0-7][0-9]{0,2}|x[0-9a-fA-F]{0,2}|[\s\S])/g;
const BYTE = /(?<![\ud800-\udbff])[\udc80-\udcff]/g;

/** The text for its new place. Bytes that are not UTF-8 become escapes. */
export function adaptText(text: string, { file, sameName, connection, meant }: TextUse): AdaptedText {
  let device = false;
  let replaced = false;
  const literal = (value: string): string => escapeDevstr(file ? value.slice(value.lastIndexOf('/') + 1) : value);
  const out = text.replace(ESCAPE, (found) => {
    switch (found) {
      case '\\p':
        return sameName || connection === undefined ? '\\N' : escapeDevstr(connection.name);
      case '\\N':
        return sameName || connection === undefined ? found : escapeDevstr(connection.name);
      case '\\o':
        if (connection?.device !== undefined) return literal(connection.device);
        return sameName || connection === undefined ? found : literal(connection.name);
      case '\\d':
        if (file && connection !== undefined) return literal(connection.connector.text);
        device = true;
        return found;
      case '\\s':
        if (!meant) return found;
        replaced = true;
        return file ? '\\S' : '\\B';
      default:
        return found;
    }
  });
  const bytes = out.replace(BYTE, (c) => `\\x${(c.charCodeAt(0) - 0xdc00).toString(16).padStart(2, '0')}`);
  return { text: bytes, device, replaced };
}

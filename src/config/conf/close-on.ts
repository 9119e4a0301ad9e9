// The escapes of a CLOSEON line, which are fewer than those of other texts and are checked when the line is read.
// A text that passes means the same as a closeon of 4.x, so it is kept as written.

/** What is wrong with an escape, where, and the words ser2net 4.3.11 has for it. */
interface CloseOnError {
  readonly at: number;
  readonly atEnd: boolean;
  readonly text: string;
  readonly classic: string;
}

const cutOff = (at: number): CloseOnError => ({
  at,
  atEnd: true,
  text: 'the text ends inside an escape',
  classic: 'end of string right after a \\',
});

/**
 * The first wrong escape; `undefined` if there is none. 4.3.11 also refuses texts that end soon after an escape (`\r\n`), because it
 * counts the rest wrong: those are taken here.
 */
export function closeOnError(text: string): CloseOnError | undefined {
  for (let at = text.indexOf('\\'); at >= 0; ) {
    const c = text[at + 1];
    if (c === undefined) return cutOff(at);
    let length = 2;
    if (/[0-7]/.test(c)) {
      if (text.length < at + 4) return cutOff(at);
      if (!/^[0-7]{3}/.test(text.slice(at + 1, at + 4))) {
        return { at, atEnd: false, text: 'an octal escape has three digits', classic: 'Invalid octal sequence' };
      }
      length = 4;
    } else if (c === 'x') {
      if (text.length < at + 4) return cutOff(at);
      if (!/^[0-9a-fA-F]{2}/.test(text.slice(at + 2, at + 4))) {
        return { at, atEnd: false, text: 'a hexadecimal escape has two digits', classic: 'Invalid octal sequence' };
      }
      length = 4;
    } else if (!'\\rntva'.includes(c))
      return { at, atEnd: false, text: `there is no escape '\\${c}' here`, classic: 'Unknown escape sequence' };
    at = text.indexOf('\\', at + length);
  }
  return undefined;
}

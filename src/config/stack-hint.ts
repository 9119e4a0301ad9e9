// What is often wrong with an accepter or connector string, and what to write.

/** Quotes that word processors and web pages put in place of plain ones. */
export const TYPOGRAPHIC = /[\u2018-\u201f]/;
/** What to do about them. */
export const PLAIN_QUOTES = 'leave the typographic quotes out, or write plain ones around the whole value';

/** What is often wrong with a string that cannot be used; `undefined` if it is nothing usual. */
export function stackHint(text: string, role: 'accepter' | 'connector'): string | undefined {
  if (/^[a-z]+[(,][^,]* ,|^[a-z]+ [,(]/.test(text)) return 'spaces before a comma are part of the text: leave them out';
  if (role === 'connector' && /^serialdev[^,]*\s+\/dev\//.test(text)) return 'a comma is missing before the device';
  const open = /^((?:[a-z]+(?:\([^)]*\))?,)*)([a-z]+)\(([^,)]*),[^)]*$/.exec(text);
  if (open !== null) return `close the options before the next layer: '${open[1]}${open[2]}(${open[3]}),...'`;
  if (/(?:^|,)telnet,rfc2217,/.test(text)) return "options of a layer stand in its parentheses: 'telnet(rfc2217),...'";
  const speed = /,([0-9]+),([neoms]),([5-8]),([12])(?:,|$)/i.exec(text);
  if (role === 'connector' && speed !== null) return `write the speed as one word: '${speed.slice(1).join('')}'`;
  const split = /,([0-9]{2,}),([5-8]),([neoms]),([12])(?:,|$)/i.exec(text);
  if (role === 'connector' && split !== null) return `write the speed as one word: '${split[1]}${split[3]}${split[2]}${split[4]}'`;
  if (TYPOGRAPHIC.test(text)) return PLAIN_QUOTES;
  if (/^[A-Za-z][\w.-]*(?::[\w.-]+)*:[0-9]+$/.test(text)) return `the parts are separated by commas: '${text.replaceAll(':', ',')}'`;
  const address = /^(.*,)?(\[[0-9A-Fa-f:.]+\]|[\w.-]+):([0-9]{1,5})$/.exec(text);
  if (address !== null)
    return `host and port are separated by a comma: '${address[1] ?? ''}${address[2]!.replace(/[[\]]/g, '')},${address[3]}'`;
  const alias = /\*([A-Za-z][A-Za-z0-9_-]*)/.exec(text)?.[1];
  if (alias !== undefined) return `within a text a name is written '*(${alias})'`;
  return undefined;
}

// The option part of a manual page, made from the rows.
import type { Row, Rows } from '../../src/options/row.ts';

/** Text as roff takes it: no escape, no request at the start of a line. */
export const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');

/** `Default: 64 bytes. Since 3.3.`, in that order; what does not apply is left out. */
function facts(row: Row<unknown>, versions: string): string {
  const { def, kind, unit, defaultKey, since, until } = row;
  const value = def === undefined ? '' : kind.print(def);
  const out: string[] = [];
  if (value !== '') out.push(`Default: ${roff(value)}${unit === undefined ? '' : ` ${unit === 'us' ? 'microseconds' : unit}`}.`);
  else if (unit !== undefined) out.push(`In ${unit}.`);
  if (defaultKey !== undefined) {
    const { min, max, name } = defaultKey;
    out.push(
      min === undefined
        ? `Can be set as default \\fB${roff(name)}\\fR.`
        : `Can be set as default \\fB${roff(name)}\\fR, ${roff(String(min))} to ${max}.`,
    );
  }
  out.push(since === 'new' ? 'Not in ser2net.' : `Since ${versions}${since}.`);
  if (until !== undefined) out.push(`Until ${versions}${until}.`);
  return out.join(' ');
}

/** One item a row, in the order of the table, as that format spells it. versions: whose versions the rows tell. */
export const manOptions = (rows: Rows, format: 'conf' | 'yaml', versions: '' | 'gensio '): string =>
  Object.values(rows)
    .flatMap((r) => {
      const name = r[format];
      if (name === false) return [];
      const value = `=\\fI${roff(r.kind.name)}\\fR`;
      const bare = 'bare' in r.kind && r.kind.bare === true;
      const shown = r.kind.name === '' ? '' : bare ? `[${value}]` : value;
      return [`.TP\n\\fB${roff(name)}\\fR${shown}\n${roff(r.doc)}\n${facts(r, versions)}`];
    })
    .join('\n');

// The option part of a manual page, made from the rows.
import type { Unit } from '../../src/options/kind.ts';
import type { Row, Rows } from '../../src/options/row.ts';

/** Text as roff takes it: no escape, no request at the start of a line. */
export const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');

const UNITS: Readonly<Record<Unit, string>> = {
  us: 'microseconds',
  ms: 'milliseconds',
  s: 'seconds',
  bytes: 'bytes',
  bps: 'bits per second',
  'tenths of a character': 'tenths of a character',
};

/** `Default: 64 bytes. A plain number is in seconds. Since 3.3.`, in that order; parts that do not apply are left out. */
function facts(row: Row<unknown>, versions: string): string {
  const { def, kind, defaultKey, since, until } = row;
  const unit = row.unit ?? kind.unit;
  const value = def === undefined ? '' : kind.print(def);
  const out: string[] = [];
  // A time is printed with its unit.
  const name = unit === undefined || kind.name === 'time' ? '' : UNITS[unit];
  if (value !== '') out.push(`Default: ${roff(value)}${name === '' ? '' : ` ${value === '1' ? name.replace(/s$/, '') : name}`}.`);
  else if (name !== '') out.push(`Unit: ${name}.`);
  if (kind.note !== undefined) out.push(kind.note);
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

/**
 * One item a row, in the order of the table, as that format spells it. versions: whose versions the rows tell. between: what stands
 * between a name and its value.
 */
export const manOptions = (rows: Rows, format: 'conf' | 'yaml', versions: '' | 'gensio ', between: '=' | ': ' = '='): string =>
  Object.values(rows)
    .flatMap((r) => {
      const name = r[format];
      if (!name) return [];
      const value = `${between}\\fI${roff(r.kind.name)}\\fR`;
      const bare = between === '=' && 'bare' in r.kind && r.kind.bare === true;
      const shown = r.kind.name === '' ? '' : bare ? `[${value}]` : value;
      return [`.TP\n\\fB${roff(name)}\\fR${shown}\n${roff(r.doc)}\n${facts(r, versions)}`];
    })
    .join('\n');

// Scalars for YAML that we write. The only importer of `yaml`, which takes 50 ms and 7 MB to load: a daemon that only reads does without.
import { Scalar, stringify } from 'yaml';

/** A scalar as it stands behind a key: plain where that reads back, quoted otherwise, always on one line. */
export function writeScalar(value: string): string {
  if (/^[A-Za-z0-9_/.][A-Za-z0-9_/.,()=+:;@!$^~*?'"<>|&%[\]{}\\ -]*$/.test(value) && !/: |:$| #| $/.test(value)) return value;
  const scalar = new Scalar(value);
  const printable = !/[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/.test(value);
  scalar.type = printable ? Scalar.QUOTE_SINGLE : Scalar.QUOTE_DOUBLE;
  const text = stringify(scalar, { version: '1.1', schema: 'failsafe', lineWidth: 0, minContentWidth: 0 }).trimEnd();
  // Line ends of YAML 1.1, and what libyaml does not let pass.
  const oneLine = text.includes('\n') ? JSON.stringify(value) : text;
  return oneLine.replace(/[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

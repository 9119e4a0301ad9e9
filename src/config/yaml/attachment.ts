// The section `attachment` of ser2net.yaml, which ser2net does not have: a serial port elsewhere as a device of this machine.
import { nearest } from '../../base/text.ts';
import type { Defaults } from '../../gensio/syntax/defaults.ts';
import { parseTarget, type Target } from '../../gensio/syntax/target.ts';
import { ATTACH } from '../../options/attach.ts';
import { defaults as builtIn, setOption, spellings } from '../../options/row.ts';
import type { AttachConfig } from '../model.ts';
import type { Report, Span } from './report.ts';
import type { Draft } from './section.ts';

type Lost = 'missing-key' | 'duplicate-name' | 'unknown-option' | 'bad-value' | 'bad-connector';

/** What a complete section means, or nothing: then it is left out, and why is reported. Reading goes on in each case. */
export function readAttachment(
  draft: Draft,
  report: Report,
  defaults: Defaults,
  others: readonly AttachConfig[],
): AttachConfig | undefined {
  const name = draft.name?.text ?? '';
  let usable = !draft.spoilt;
  const lose = (code: Lost, span: Span, text: string, hint?: string): void => {
    report.error(code, span, `${text}; the attachment '${name}' is left out`, { hint });
    report.readingOn = true;
    usable = false;
  };
  const device = draft.values.get('device');
  if (device === undefined && !draft.missing.has('device')) lose('missing-key', draft.span, "it has no 'device'");
  if (draft.list.length === 0 && !draft.missing.has('target')) lose('missing-key', draft.span, "it has no 'target'");
  if (others.some((other) => other.name === name)) lose('duplicate-name', draft.span, 'there is one of that name already');
  if (device !== undefined && !device.lost && !device.text.startsWith('/')) {
    lose('bad-value', device, `the device '${device.text}' is not a full path`, `did you mean '/dev/${device.text}'?`);
  }
  const options = builtIn(ATTACH);
  for (const { name: option, value } of draft.options) {
    const got = setOption(ATTACH, options, option.text, value.text === '' ? undefined : value.text);
    if (got === 'unknown') {
      const near = nearest(option.text, spellings(ATTACH, 'yaml'));
      const hint = near === undefined ? undefined : `did you mean '${near}'?`;
      lose('unknown-option', option, `there is no option '${option.text}'`, hint);
    } else if (got !== 'ok') lose('bad-value', value, `'${value.text}' of '${option.text}' is not ${got.expected}`);
  }
  const targets: Target[] = [];
  for (const each of draft.list) {
    const got = each.lost ? undefined : parseTarget(each.text, options, defaults);
    if (got === undefined) continue;
    if ('ok' in got) {
      for (const note of got.ok.notes) report.warning('questionable', each, note);
      targets.push(got.ok);
    } else lose('bad-connector', each, `the target cannot be used: ${got.problem}`);
  }
  if (!usable || device === undefined || draft.list.length === 0) return undefined;
  return { name, device: device.text, targets, enable: draft.enable, options, pos: report.pos(draft.span) };
}

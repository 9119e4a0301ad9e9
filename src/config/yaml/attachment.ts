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
  const name = draft.name!.text;
  const lost = (code: Lost, span: Span, text: string, hint?: string): undefined => {
    report.error(code, span, `${text}; the attachment '${name}' is left out`, { hint });
    return undefined;
  };
  const device = draft.values.get('device');
  if (device === undefined) return lost('missing-key', draft.span, "it has no 'device'");
  if (draft.list.length === 0) return lost('missing-key', draft.span, "it has no 'target'");
  if (others.some((other) => other.name === name)) return lost('duplicate-name', draft.span, 'there is one of that name already');
  if (!device.text.startsWith('/')) {
    return lost('bad-value', device, `the device '${device.text}' is not a full path`, `did you mean '/dev/${device.text}'?`);
  }
  const options = builtIn(ATTACH);
  for (const { name: option, value } of draft.options) {
    const got = setOption(ATTACH, options, option.text, value.text === '' ? undefined : value.text);
    if (got === 'unknown') {
      const near = nearest(option.text, spellings(ATTACH, 'yaml'));
      return lost(
        'unknown-option',
        option,
        `there is no option '${option.text}'`,
        near === undefined ? undefined : `did you mean '${near}'?`,
      );
    }
    if (got !== 'ok') return lost('bad-value', value, `'${value.text}' of '${option.text}' is not ${got.expected}`);
  }
  const targets: Target[] = [];
  for (const each of draft.list) {
    const got = parseTarget(each.text, options, defaults);
    if ('problem' in got) return lost('bad-connector', each, `the target cannot be used: ${got.problem}`);
    targets.push(got.ok);
  }
  return { name, device: device.text, targets, enable: draft.enable, options, pos: report.pos(draft.span) };
}

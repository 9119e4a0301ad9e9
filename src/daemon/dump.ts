// A configuration as it was understood, printed as YAML that reads back to the same: what `ser2net dump` and --dump show. Defines,
// includes and defaults are worked in, and every option has its value; what was left out is not there. For a file kept as it is, see
// convert.ts.
import { isDeepStrictEqual } from 'node:util';
import type { Pos } from '../base/diag.ts';
import { comment, scalar, wellFormed, type YamlVersion } from '../config/conf/scalar.ts';
import { YamlText } from '../config/conf/yaml-text.ts';
import { Defaults } from '../config/defaults.ts';
import { parseStack, printStack } from '../config/gensio-str.ts';
import type { AdminConfig, AttachConfig, Config, ConnectionConfig, LedConfig, RotatorConfig, Stack } from '../config/model.ts';
import { originOf, originText } from '../config/origin.ts';
import { ADMIN } from '../options/admin.ts';
import { ATTACH } from '../options/attach.ts';
import { CONNECTION } from '../options/connection.ts';
import { LED } from '../options/led.ts';
import { ROTATOR } from '../options/rotator.ts';
import { defaults, type Rows } from '../options/row.ts';

export interface DumpForm {
  /** A comment behind each value says where it came from. */
  readonly origin?: boolean | undefined;
  /** Only what differs from the built-in defaults. */
  readonly short?: boolean | undefined;
}

/** Version 1 of the format unless a name needs version 2: there any text can be one. */
export function printConfig(config: Config, form: DumpForm = {}): string {
  const names = [...config.connections, ...config.rotators, ...config.leds, ...(config.attachments ?? [])].map(({ name }) => name);
  const plain = names.every((name) => /^[A-Za-z0-9_-]+$/.test(name));
  // In version 2 a name is there once, so what version 1 has twice (rotators) stays in version 1.
  return new Printer(plain ? 'v1' : 'v2', form).run(config);
}

type Values = Readonly<Record<string, unknown>>;

class Printer {
  readonly #version: YamlVersion;
  readonly #form: DumpForm;
  readonly #out: YamlText;
  readonly #defaults = new Defaults();
  constructor(version: YamlVersion, form: DumpForm) {
    this.#version = version;
    this.#form = form;
    this.#out = new YamlText(version);
  }

  run({ connections, rotators, leds, admin, attachments = [] }: Config): string {
    for (const led of leds) this.#out.add({ kind: 'led', name: this.#name(led.name), body: this.#led(led) });
    if (admin !== undefined) this.#out.add({ kind: 'admin', name: this.#name(admin.name ?? 'admin'), body: this.#admin(admin) });
    for (const each of connections) this.#out.add({ kind: 'connection', name: this.#name(each.name), body: this.#connection(each) });
    for (const each of rotators) this.#out.add({ kind: 'rotator', name: this.#name(each.name), body: this.#rotator(each) });
    for (const each of attachments) this.#out.add({ kind: 'attachment', name: this.#name(each.name), body: this.#attachment(each) });
    return this.#out.toString();
  }

  #name(name: string): string {
    return this.#version === 'v1' ? name : this.#scalar(name);
  }
  #scalar(text: string): string {
    return scalar(wellFormed(text), this.#version);
  }

  /** A line, and where its value came from. field: its name in the notes of the section. */
  #line(text: string, section: Pos, field: string): string {
    return this.#form.origin === true ? `${text}  # ${comment(originText(originOf(section, field)))}` : text;
  }

  /** As it was written where that means the same without the defaults of the file; else in full. */
  #stack({ text, spec }: Stack, role: 'accepter' | 'connector', section: Pos): string {
    const same = spec === undefined || isDeepStrictEqual(parseStack(text, role, this.#defaults).spec, spec);
    return this.#line(`${role}: ${this.#scalar(same ? text : printStack(spec))}`, section, role);
  }

  #connection({ accepter, connector, timeout, enable, options, pos }: ConnectionConfig): string[] {
    const { short } = this.#form;
    return [
      this.#stack(accepter, 'accepter', pos),
      this.#stack(connector, 'connector', pos),
      ...(timeout === 0 && short === true ? [] : [this.#line(`timeout: ${timeout}`, pos, 'timeout')]),
      ...(enable && short === true ? [] : [this.#line(`enable: ${enable ? 'on' : 'off'}`, pos, 'enable')]),
      ...this.#options(CONNECTION, options, pos),
    ];
  }

  #rotator({ accepter, connections, options, pos }: RotatorConfig): string[] {
    const list = connections.map((name) => `  - ${this.#name(name)}`);
    return [
      this.#stack(accepter, 'accepter', pos),
      this.#line('connections:', pos, 'connections'),
      ...list,
      ...this.#options(ROTATOR, options, pos),
    ];
  }

  #attachment({ device, targets, enable, options, pos }: AttachConfig): string[] {
    const [first = '', ...others] = targets.map(({ written }) => this.#scalar(written));
    return [
      this.#line(`device: ${this.#scalar(device)}`, pos, 'device'),
      this.#line(others.length === 0 ? `target: ${first}` : 'target:', pos, 'target'),
      ...(others.length === 0 ? [] : [first, ...others].map((each) => `  - ${each}`)),
      ...(enable && this.#form.short === true ? [] : [this.#line(`enable: ${enable ? 'on' : 'off'}`, pos, 'enable')]),
      ...this.#options(ATTACH, options, pos),
    ];
  }

  #admin({ accepter, authdir, pamauth, pos }: AdminConfig): string[] {
    return [this.#stack(accepter, 'accepter', pos), ...this.#options(ADMIN, { authdir, pamauth }, pos)];
  }

  #led({ driver, device, duration, state, mode, pos }: LedConfig): string[] {
    return [this.#line(`driver: ${driver}`, pos, 'driver'), ...this.#options(LED, { device, duration, state, mode }, pos)];
  }

  /** Every option with a value, or those that differ from the built-in defaults, in table order. */
  #options(rows: Rows, values: Values, section: Pos): string[] {
    const base: Values = defaults(rows);
    const lines: string[] = [];
    for (const [key, row] of Object.entries(rows)) {
      if (row.yaml === false || !Object.hasOwn(values, key)) continue;
      const value = values[key];
      const plain = isDeepStrictEqual(value, base[key]);
      if (plain && (this.#form.short === true || value === undefined)) continue;
      // A repeated option adds to the list, and some lists cannot be written in one text.
      const items = row.adds && Array.isArray(value) ? value.map((item) => [item]) : [value];
      for (const item of items) {
        const text = this.#scalar(item === undefined ? '' : row.kind.print(item));
        lines.push(`  ${this.#line(`${row.yaml}: ${text}`, section, `options.${key}`)}`);
      }
    }
    return lines.length === 0 ? [] : ['options:', ...lines];
  }
}

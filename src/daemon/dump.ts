// A configuration as it was understood, printed as YAML that reads back to the same: what `ser2net dump` and --dump show. Defines,
// includes and defaults are worked in; what was left out is not there. For a classic file kept as it is, see convert.ts.
import { isDeepStrictEqual } from 'node:util';
import { scalar, wellFormed, type YamlVersion } from '../config/conf/scalar.ts';
import { YamlText } from '../config/conf/yaml-text.ts';
import { Defaults } from '../config/defaults.ts';
import { parseStack, printStack } from '../config/gensio-str.ts';
import type { AdminConfig, AttachConfig, Config, ConnectionConfig, LedConfig, RotatorConfig, Stack } from '../config/model.ts';
import { ATTACH } from '../options/attach.ts';
import { CONNECTION } from '../options/connection.ts';
import type { Rows } from '../options/row.ts';

/** Version 1 of the format unless a name needs version 2: there any text can be one. */
export function printConfig(config: Config): string {
  const names = [...config.connections, ...config.rotators, ...config.leds, ...(config.attachments ?? [])].map(({ name }) => name);
  const printer = new Printer(names.every((name) => /^[A-Za-z0-9_-]+$/.test(name)) ? 'v1' : 'v2');
  return printer.run(config);
}

class Printer {
  readonly #version: YamlVersion;
  readonly #out: YamlText;
  readonly #defaults = new Defaults();
  constructor(version: YamlVersion) {
    this.#version = version;
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

  /** As it was written where that means the same without the defaults of the file; else in full. */
  #stack({ text, spec }: Stack, role: 'accepter' | 'connector'): string {
    const same = spec === undefined || isDeepStrictEqual(parseStack(text, role, this.#defaults).spec, spec);
    return this.#scalar(same ? text : printStack(spec));
  }

  #connection({ accepter, connector, timeout, enable, options }: ConnectionConfig): string[] {
    const body = [`accepter: ${this.#stack(accepter, 'accepter')}`, `connector: ${this.#stack(connector, 'connector')}`];
    if (timeout !== 0) body.push(`timeout: ${timeout}`);
    if (!enable) body.push('enable: off');
    return [...body, ...this.#options(options)];
  }

  #rotator({ accepter, connections, options }: RotatorConfig): string[] {
    const list = connections.map((name) => `  - ${this.#name(name)}`);
    return [`accepter: ${this.#stack(accepter, 'accepter')}`, 'connections:', ...list, ...this.#options(options)];
  }

  #attachment({ device, targets, enable, options }: AttachConfig): string[] {
    const [first = '', ...others] = targets.map(({ written }) => this.#scalar(written));
    const target = others.length === 0 ? [`target: ${first}`] : ['target:', ...[first, ...others].map((each) => `  - ${each}`)];
    const lines: string[] = [];
    for (const [key, row] of Object.entries(ATTACH as Rows)) {
      const given = (options as Readonly<Record<string, unknown>>)[key];
      if (given !== undefined && given !== row.def) lines.push(`  ${row.yaml}: ${this.#scalar(row.kind.print(given))}`);
    }
    const off = enable ? [] : ['enable: off'];
    return [`device: ${this.#scalar(device)}`, ...target, ...off, ...(lines.length === 0 ? [] : ['options:', ...lines])];
  }

  #admin({ accepter, authdir, pamauth }: AdminConfig): string[] {
    const options: string[] = [];
    if (authdir !== this.#defaults.get('authdir-admin', 'ser2net')) options.push(`  authdir-admin: ${this.#scalar(authdir)}`);
    if (pamauth !== undefined) options.push(`  pamauth-admin: ${this.#scalar(pamauth)}`);
    return [`accepter: ${this.#stack(accepter, 'accepter')}`, ...(options.length === 0 ? [] : ['options:', ...options])];
  }

  #led({ driver, device, duration, state, mode }: LedConfig): string[] {
    const body = [`driver: ${driver}`, 'options:', `  device: ${this.#scalar(device)}`, `  duration: ${duration}`, `  state: ${state}`];
    return mode === 'transient' ? body : [...body, `  mode: ${mode}`];
  }

  /** What differs from the built-in defaults, in table order. */
  #options(options: Readonly<Record<string, unknown>>): string[] {
    const base = this.#defaults.values(CONNECTION, 'ser2net') as Readonly<Record<string, unknown>>;
    const lines: string[] = [];
    for (const [key, row] of Object.entries(CONNECTION as Rows)) {
      if (row.yaml === false || !Object.hasOwn(options, key) || isDeepStrictEqual(options[key], base[key])) continue;
      const value = options[key];
      // A repeated option adds to the list, and some lists cannot be written in one text.
      const items = row.adds && Array.isArray(value) ? value.map((item) => [item]) : [value];
      for (const item of items) lines.push(`  ${row.yaml}: ${this.#scalar(item === undefined ? '' : row.kind.print(item))}`);
    }
    return lines.length === 0 ? [] : ['options:', ...lines];
  }
}

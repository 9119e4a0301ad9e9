// Services on the local network, through the tools of Avahi: finding one and connecting to it, and announcing a port.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Timer } from '../../base/clock.ts';
import { listenTo, nextMicrotask } from '../../base/fault-domain.ts';
import { GensioError } from '../../base/gensio-error.ts';
import type { LayerOf, LayerSpec, LayerType } from '../../options/stack.ts';
import type { GensioEnv } from '../context.ts';
import type { Gensio } from '../gensio.ts';
import { LazyConnector } from '../lazy-connector.ts';
import type { Announcement, StackBuilder } from '../stack-builder.ts';
import { parseSpec } from '../syntax/gensio-str.ts';
import { layersOf } from '../syntax/stack.ts';

type Mdns = LayerOf<'mdns'>;

/** A service as avahi-browse resolved it. */
export interface Service {
  /** Name of the network interface it was found on. */
  readonly interface: string;
  /** By which protocol it was found; its address may be of the other. */
  readonly protocol: 'IPv4' | 'IPv6';
  /** The name people see. */
  readonly name: string;
  /** `_iostream._tcp` */
  readonly type: string;
  /** `local` */
  readonly domain: string;
  /** `pi.local` */
  readonly host: string;
  /** Its first address, IPv4 or IPv6. */
  readonly address: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Its texts, `name=value`. */
  readonly txt: readonly string[];
}

/** `\032` is a space, `\.` a dot. Bytes of UTF-8 are escaped one by one. */
function plain(text: string): string {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const m = text[i] === '\\' ? /^\\([0-9]{3})/.exec(text.slice(i, i + 4)) : null;
    if (m !== null) {
      bytes.push(Number(m[1]) & 0xff);
      i += 3;
    } else {
      if (text[i] === '\\' && i + 1 < text.length) i++;
      bytes.push(...Buffer.from(text[i]!, 'utf8'));
    }
  }
  return Buffer.from(bytes).toString('utf8');
}

/** One line of `avahi-browse --parsable --resolve`; undefined when it is not a resolved service. */
export function parseService(line: string): Service | undefined {
  const fields = line.split(';');
  const [sign, iface = '', protocol, name = '', type = '', domain = '', host = '', address = '', port = ''] = fields;
  if (sign !== '=' || fields.length < 9 || (protocol !== 'IPv4' && protocol !== 'IPv6') || !/^[0-9]{1,5}$/.test(port)) return undefined;
  if (!/^[0-9a-fA-F.:]+$/.test(address) || Number(port) < 1 || Number(port) > 65535) return undefined;
  const txt = [
    ...fields
      .slice(9)
      .join(';')
      .matchAll(/"((?:[^"\\]|\\.)*)"/g),
  ].map(([, t]) => plain(t!));
  return { interface: iface, protocol, name: plain(name), type, domain, host, address, port: Number(port), txt };
}

/** A name as it stands, `=name` the same, `@glob`, or `%regular expression`. undefined wants nothing. */
export function matches(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  const rest = pattern.slice(1);
  if (pattern.startsWith('=')) return rest === text;
  if (pattern.startsWith('@')) {
    const source = rest
      .replace(/[.+^${}()|\\[\]]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${source}$`, 's').test(text);
  }
  if (pattern.startsWith('%')) {
    try {
      return new RegExp(rest).test(text);
    } catch {
      return false;
    }
  }
  return pattern === text;
}

const isLinkLocal = (address: string): boolean => /^fe80:/i.test(address);

/** Layers an announcement may ask for. It comes from the network: nothing in it may name a file, a program or a device. */
const SAFE: readonly LayerType[] = ['tcp', 'udp', 'telnet', 'ssl', 'mux', 'msgdelim', 'relpkt'];
const safe = (spec: LayerSpec): boolean => layersOf(spec).every(({ type }) => SAFE.includes(type));

/** The stack to open for a service; undefined when its announcement means nothing, or something it may not mean. */
export function stackOf(service: Service, opts: Mdns['opts'], parse: GensioEnv['parse'] = parseSpec): LayerSpec | undefined {
  const transport = service.type.endsWith('._udp') ? 'udp' : 'tcp';
  const announced = opts.nostack ? undefined : service.txt.find((t) => t.startsWith('gensiostack='))?.slice('gensiostack='.length);
  const layers = announced === undefined || announced === '' ? transport : announced;
  // Options of layers come along, but nothing that could open a file: only these characters.
  if (!/^[a-z0-9(),=_-]{1,200}$/i.test(layers) || !/(^|,)(tcp|udp)(\([^()]*\))?$/.test(layers) || /(key|cert|ca|file)=/i.test(layers))
    return undefined;
  const local = isLinkLocal(service.address) ? `%${service.interface}` : '';
  // What is found by IPv4 may have an address of IPv6.
  const family = service.address.includes(':') ? 'ipv6' : 'ipv4';
  const spec = parse(`${layers},${family},${service.address}${local},${service.port}`, 'connector');
  return spec !== undefined && safe(spec) ? spec : undefined;
}

/** Output of the tool before it is cut off: thousands of services. */
const MAX_OUTPUT = 1 << 20;

/** Looks until a service fits, the tool is done, or the time is over. Returns a way to give up. */
function look(
  spec: Mdns,
  env: GensioEnv,
  program: string,
  found: (err: GensioError | undefined, service?: Service) => void,
): { cancel(): void } {
  const { opts } = spec;
  const type = opts.type === undefined || /^[@%]/.test(opts.type) ? '--all' : opts.type.replace(/^=/, '');
  const child: ChildProcess = listenTo(
    spawn(program, ['--parsable', '--resolve', '--no-db-lookup', type], { stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  // Not there when the process could not be made for want of descriptors.
  const output = child.stdout && listenTo(child.stdout);
  let over = false;
  let timer: Timer | undefined;
  let left = '';
  let total = 0;
  const end = (err: GensioError | undefined, service?: Service): void => {
    if (over) return;
    over = true;
    timer?.cancel();
    child.kill();
    found(err, service);
  };
  timer = env.clock.after(opts.timeout, () => end(new GensioError('notfound', 'no such service answered in time')));
  child.on('error', (err) => {
    const missing = (err as NodeJS.ErrnoException).code === 'ENOENT';
    end(missing ? new GensioError('notsup', `mdns needs ${program} of Avahi`) : new GensioError('oserr', err.message));
  });
  output?.setEncoding('utf8');
  output?.on('data', (text: string) => {
    total += text.length;
    const lines = (left + text).split('\n');
    left = lines.pop() ?? '';
    for (const line of lines) {
      const service = parseService(line);
      if (service === undefined) continue;
      const net = opts.nettype === undefined || opts.nettype === 'unspec' || opts.nettype === service.protocol.toLowerCase();
      const wanted =
        matches(opts.name, service.name) &&
        matches(opts.type, service.type) &&
        matches(opts.host, service.host) &&
        matches(opts.domain, service.domain);
      const passedOver = opts.ignoreV6LinkLocal && isLinkLocal(service.address);
      const described = (opts.txt ?? []).every((record) => service.txt.includes(record));
      if (net && wanted && described && !passedOver) return end(undefined, service);
    }
    if (total > MAX_OUTPUT) end(new GensioError('toobig', 'too many services'));
  });
  // Not 'exit', which may come before the last output.
  child.on('close', () => end(new GensioError('notfound', 'no such service')));
  return {
    cancel: () => {
      over = true;
      timer?.cancel();
      child.kill();
    },
  };
}

/** Connects to the first service that fits. What follows the comma is its name when the options give none. */
export function mdnsConnector(spec: Mdns, env: GensioEnv, build: StackBuilder, program = 'avahi-browse'): Gensio {
  const name = spec.opts.name ?? (spec.rest === '' ? undefined : spec.rest);
  const wanted: Mdns = { ...spec, opts: { ...spec.opts, name } };
  return new LazyConnector('mdns', `mdns,${name ?? ''}`, (done) => {
    if (spec.opts.interface !== -1) {
      nextMicrotask(() => done(new GensioError('notsup', 'mdns cannot be told an interface')));
      return { cancel: () => undefined };
    }
    let inner: Gensio | undefined;
    const looking = look(wanted, env, program, (err, service) => {
      if (err !== undefined || service === undefined) return done(err ?? new GensioError('notfound'));
      const stack = stackOf(service, spec.opts, env.parse);
      if (stack === undefined) return done(new GensioError('inval', `the service '${service.name}' announces a stack that is not usable`));
      try {
        inner = build.connector(stack);
      } catch (failure) {
        return done(failure as GensioError);
      }
      const opening = inner;
      opening.open((failed) => (failed === undefined ? done(undefined, opening) : done(failed)));
    });
    return {
      cancel: () => {
        looking.cancel();
        inner?.abort();
      },
    };
  });
}

/**
 * Announces a service until it is withdrawn. unavailable is called, at most once, when that cannot be done or has ended by
 * itself: no Avahi, or no daemon.
 */
export function announce(what: Announcement, unavailable: (why: string) => void, program = 'avahi-publish-service'): { withdraw(): void } {
  const args = [
    ...(what.domain === undefined ? [] : ['--domain', what.domain]),
    ...(what.host === undefined ? [] : ['--host', what.host]),
    '--',
    what.name,
    what.type,
    String(what.port),
    ...what.txt,
  ];
  let over = false;
  const child = listenTo(spawn(program, args, { stdio: 'ignore' }));
  const end = (why: string): void => {
    if (over) return;
    over = true;
    unavailable(why);
  };
  child.on('error', (err) => end((err as NodeJS.ErrnoException).code === 'ENOENT' ? `${program} of Avahi is not installed` : err.message));
  child.on('exit', (code) => end(`${program} ended with ${code ?? 'a signal'}`));
  child.unref();
  return {
    withdraw: () => {
      over = true;
      child.kill();
    },
  };
}

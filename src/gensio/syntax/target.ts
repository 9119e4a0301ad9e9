// Where an attachment leads: `rfc2217://host:port` and its like, or any connector string of gensio.
import { GENSIO_ERRORS } from '../../base/gensio-error.ts';
import { nearest } from '../../base/text.ts';
import { type AttachOptions, TARGET, type TargetOptions } from '../../options/attach.ts';
import { defaults as builtIn, setOption, spellings } from '../../options/row.ts';
import type { LayerSpec } from '../../options/stack.ts';
import { Defaults } from './defaults.ts';
import { parseStack } from './gensio-str.ts';
import { bottomOf, isWildcard, layersOf } from './stack.ts';
import { quoteWord } from './words.ts';

/** A remote port that `attach` or `console` connects to. */
export interface Target {
  /** As written, and without what follows the question mark. */
  readonly written: string;
  /** The same as a gensio string. */
  readonly text: string;
  /** The layers it means, outermost first. */
  readonly spec: LayerSpec;
  /** For this target only; `undefined` where the attachment's own hold. */
  readonly options: TargetOptions;
  /** What was passed over in it, in words. */
  readonly notes: readonly string[];
  /** The peer may be asked for line settings. */
  readonly controls: boolean;
  /** What TLS trusts and shows comes from the options `tls-...`; false: from the gensio string, or there is no TLS. */
  readonly tlsByOptions: boolean;
}

/** The options of a target that concern TLS. */
export type TlsOptions = Pick<AttachOptions, 'tlsCert' | 'tlsKey' | 'tlsCa' | 'tlsAllow'>;
/** A target, or one sentence that says why the text is none. */
export type ParsedTarget = { readonly ok: Target } | { readonly problem: string };

interface Scheme {
  readonly telnet?: 'telnet' | 'telnet(rfc2217)';
  readonly tls?: true;
  readonly port?: string;
}
/** By the name before `://`. */
const SCHEMES: Readonly<Record<string, Scheme>> = {
  tcp: {},
  raw: {},
  socket: {},
  telnet: { telnet: 'telnet', port: '23' },
  rfc2217: { telnet: 'telnet(rfc2217)' },
  tls: { tls: true },
  ssl: { tls: true },
  telnets: { telnet: 'telnet', tls: true, port: '992' },
  rfc2217s: { telnet: 'telnet(rfc2217)', tls: true },
};

/** A server that is switched off shall be noticed within a minute: questions after 20 s of silence, and a limit on what is not acknowledged. */
const TCP = 'tcp(keepalive,keepidle=20,keepintvl=10,keepcnt=3,user-timeout=50s)';

/** `ssl(...)` as a client, without the server's default key. A CA vouches for many: the host must be the right one, unless a list says who is. */
function tlsLayer({ tlsCert, tlsKey, tlsCa, tlsAllow }: TlsOptions, host: string | undefined): string {
  const words = [`cert=${tlsCert ?? ''}`];
  if (tlsCert !== undefined) words.push(`key=${tlsKey ?? tlsCert}`);
  if (tlsCa !== undefined) words.push(`CA=${tlsCa}`);
  if (tlsAllow !== undefined) words.push(`allow=${tlsAllow}`);
  else if (tlsCa !== undefined && host !== undefined) words.push(`server-name=${host.replace(/%.*$/, '')}`);
  return `ssl(${words.map(quoteWord).join(',')})`;
}

/** Reads a target. Never throws; a problem is in words. */
export function parseTarget(text: string, tls: TlsOptions, defaults = new Defaults()): ParsedTarget {
  const url = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^?#]*)(?:\?([^#]*))?$/.exec(text);
  if (url === null) {
    // As everywhere else: a host and a port.
    const place = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(text);
    const stack = place === null ? text : `${TCP},${place[1] ?? place[2]},${place[3]}`;
    return ofString({ written: text, shown: text, notes: [], tlsByOptions: false }, stack, builtIn(TARGET), defaults);
  }
  const [, scheme = '', rest = '', query = ''] = url;
  const name = scheme.toLowerCase();
  const shown = text.split('?')[0]!;
  const read = readQuery(query);
  if (typeof read === 'string') return { problem: `${text}: ${read}` };
  const { options, notes } = read;
  if (name === 'unix') return ofString({ written: text, shown, notes, tlsByOptions: false }, `unix,${rest}`, options, defaults);
  const known = Object.hasOwn(SCHEMES, name) ? SCHEMES[name]! : undefined;
  if (known === undefined) {
    const near = nearest(name, [...Object.keys(SCHEMES), 'unix']);
    return {
      problem: `${text}: '${scheme}' is not a way to connect${near === undefined ? `: ${Object.keys(SCHEMES).join(', ')} and unix are` : `, did you mean '${near}://'?`}`,
    };
  }
  const place = /^(?:\[([0-9A-Fa-f:.%a-z]+)\]|([^:/,()\s]+))?(?::([^:/,()\s]+))?\/?$/.exec(rest);
  const host = place?.[1] ?? place?.[2];
  const port = place?.[3] ?? known.port;
  if (host === undefined) return { problem: `${text}: write ${scheme}://HOST:PORT` };
  if (port === undefined) return { problem: `${text}: a port is missing after '${host}'` };
  const layers = [
    ...(known.telnet === undefined ? [] : [known.telnet]),
    ...(known.tls === true ? [tlsLayer(tls, host)] : []),
    TCP,
    host,
    port,
  ];
  return ofString({ written: text, shown, notes, tlsByOptions: known.tls === true }, layers.join(','), options, defaults);
}

function ofString(
  about: Pick<Target, 'written' | 'notes' | 'tlsByOptions'> & { readonly shown: string },
  stack: string,
  options: TargetOptions,
  defaults: Defaults,
): ParsedTarget {
  const { spec, error, detail } = parseStack(stack, 'connector', defaults);
  if (spec === undefined) return { problem: `${about.shown}: ${detail ?? GENSIO_ERRORS[error ?? 'inval']}` };
  const controls = layersOf(spec).some(
    (layer) => (layer.type === 'telnet' && layer.opts.rfc2217) || layer.type === 'serialdev' || layer.type === 'sdev',
  );
  const { shown: text, ...rest } = about;
  return { ok: { ...rest, text, spec, options, controls } };
}

/** Settings of pyserial's URLs, which mean nothing here. */
const PYSERIAL: readonly string[] = ['ign_set_control', 'logging', 'poll_modem', 'timeout', 'class', 'all', 'n', 'skip_busy'];

/** `speed=9600n81&dtr=on`. A text: what is wrong. */
function readQuery(query: string): { readonly options: TargetOptions; readonly notes: readonly string[] } | string {
  const options = builtIn(TARGET);
  const notes: string[] = [];
  for (const item of query.split('&').filter((each) => each !== '')) {
    const equals = item.indexOf('=');
    const key = equals < 0 ? item : item.slice(0, equals);
    const got = setOption(TARGET, options, key, equals < 0 ? undefined : item.slice(equals + 1));
    if (got === 'unknown' && PYSERIAL.includes(key)) notes.push(`'${key}' is a setting of pyserial and is ignored`);
    else if (got === 'unknown') {
      const near = nearest(key, spellings(TARGET, 'yaml'));
      return `there is no setting '${key}'${near === undefined ? '' : `, did you mean '${near}'?`}`;
    } else if (got !== 'ok') return `'${item}' is not ${got.expected}`;
  }
  return { options, notes };
}

/** Where clients of an accepter connect to: its layers from the other end. Wildcards are this machine. */
export function targetOfAccepter(name: string, accepter: LayerSpec, tls: TlsOptions, defaults = new Defaults()): ParsedTarget {
  const words: string[] = [];
  const bottom = bottomOf(accepter);
  const addr = bottom !== undefined && 'addrs' in bottom ? bottom.addrs[0] : undefined;
  const place = addr?.host;
  const host = place === undefined || isWildcard(place) ? 'localhost' : place;
  for (const layer of layersOf(accepter)) {
    if (layer.type === 'telnet') words.push(layer.opts.rfc2217 ? 'telnet(rfc2217)' : 'telnet');
    else if (layer.type === 'ssl') words.push(tlsLayer(tls, addr && host));
    else if (layer.type === 'unix') words.push('unix', layer.path);
    else if (layer.type === 'tcp' || layer.type === 'udp') {
      words.push(layer.type === 'tcp' ? TCP : 'udp', host, layer.addrs[0]!.port);
    } else return { problem: `${name}: no way to connect to a port with the layer ${layer.type}` };
  }
  const tlsByOptions = layersOf(accepter).some(({ type }) => type === 'ssl');
  return ofString({ written: name, shown: name, notes: [], tlsByOptions }, words.join(','), builtIn(TARGET), defaults);
}

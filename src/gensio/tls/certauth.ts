// The layer certauth: a user shows who he is over an encrypted layer, by certificate or password. Once he has, bytes pass.
// Long because both ends are in one file: each message is written by one and read by the other.
import { createPrivateKey, randomBytes, sign, verify, type X509Certificate } from 'node:crypto';
import type { Timer } from '../../base/clock.ts';
import { nextMicrotask } from '../../base/fault-domain.ts';
import { GensioError } from '../../base/gensio-error.ts';
import { printable } from '../../base/text.ts';
import type { LayerOf } from '../../options/stack.ts';
import type { Cancel, GensioEnv } from '../context.ts';
import type { Gensio, Peer } from '../gensio.ts';
import { PacketFilter } from '../packet-filter.ts';
import { sourceOf } from '../source.ts';
import { findLayer } from '../syntax/stack.ts';
import {
  CertauthDecoder,
  ELEMENT,
  encodeCertauth,
  MESSAGE,
  type Message,
  number16,
  numberOf,
  PASSWORD_BYTES,
  PASSWORD_TYPE,
  RESULT,
} from './certauth-codec.ts';
import { certificateProblem, commonName, parseCertificates, readAuthorities, readPem } from './certificates.ts';

type Certauth = LayerOf<'certauth'>;

const VERSION = 4;
/** From this version on the digest is SHA3-512; older ones sign with MD5 and are not believed. */
const SHA3_VERSION = 3;
const CHALLENGE_BYTES = 32;
/** What stands for a certificate and a signature that there are not: of a usual size. */
const DUMMY_CERTIFICATE = 1265;
const DUMMY_RESPONSE = 256;
/** How long a refusal may take to reach the peer. */
const REFUSAL_MS = 2000;
const EDWARDS = ['ed25519', 'ed448'];

/** What both ends have in common: messages until somebody is satisfied, then bytes. */
abstract class CertauthEnd extends PacketFilter {
  readonly type = 'certauth';
  protected readonly opts: Certauth['opts'];
  protected readonly env: GensioEnv;
  readonly #decoder = new CertauthDecoder();
  protected expected: readonly number[] = [];
  #state: 'idle' | 'talking' | 'refusing' | 'open' | 'over' = 'idle';
  #done: ((err?: GensioError) => void) | undefined;
  #timer: Timer | undefined;
  #refusal: GensioError | undefined;
  /** A message is being judged, which may take time; what comes meanwhile waits. */
  #busy = false;
  /** Drops what is being looked up or checked for this connection. */
  protected cancel: Cancel | undefined;
  #early: Buffer = Buffer.alloc(0);

  constructor({ opts }: Certauth, child: Gensio, env: GensioEnv) {
    super(child, env.clock);
    this.opts = opts;
    this.env = env;
  }

  /** The child is open: the first word, where it is ours. */
  protected abstract begin(): void;
  /** A message of a kind that was expected. next must be called once, now or later, unless it was refused. */
  protected abstract message(message: Message, next: () => void): void;

  override open(done: (err?: GensioError) => void): void {
    // On an accepted connection this was done before it was handed on.
    if (this.#state === 'open') return nextMicrotask(() => done());
    this.#done = done;
    this.#timer = this.env.clock.after(this.opts.conTimeout, () => this.fail(new GensioError('timedout')));
    super.open((err) => {
      if (this.#state !== 'idle') return;
      if (err !== undefined) return this.fail(err);
      this.#state = 'talking';
      this.begin();
      this.child.setReading(true);
    });
  }
  protected say(kind: number, elements: readonly (readonly [number, Buffer])[]): void {
    this.child.write(encodeCertauth(kind, elements));
  }
  protected protocolError(text: string): void {
    this.env.log.log('err', text);
    this.fail(new GensioError('protoerr', text));
  }
  /** The end of the talk, at once. */
  protected fail(err: GensioError): void {
    if (this.#state === 'open' || this.#state === 'over') return;
    this.#state = 'over';
    this.#timer?.cancel();
    this.cancel?.();
    const done = this.#done;
    this.#done = undefined;
    this.child.abort();
    done?.(this.#refusal ?? err);
  }
  /** The end of the talk, when the peer has heard the last word of it. */
  protected refuse(err: GensioError): void {
    if (this.#state !== 'talking') return;
    this.#state = 'refusing';
    this.#refusal = err;
    this.#timer?.cancel();
    this.#timer = this.env.clock.after(REFUSAL_MS, () => this.fail(err));
    this.child.setReading(false);
    this.child.close();
  }
  protected succeed(): void {
    if (this.#state !== 'talking') return;
    this.#state = 'open';
    this.#timer?.cancel();
    this.child.setReading(false);
    const early = this.#early;
    this.#early = Buffer.alloc(0);
    // Kept, as reading is off: it is the first that is read.
    this.deliver(early);
    const done = this.#done;
    this.#done = undefined;
    done?.();
  }

  protected decode(data: Buffer): void {
    if (this.#state === 'open') return this.deliver(this.reading && this.undelivered === 0 ? data : Buffer.from(data));
    if (this.#state !== 'talking') return;
    this.#early = this.#early.length === 0 ? Buffer.from(data) : Buffer.concat([this.#early, data]);
    if (this.#busy) this.child.setReading(false);
    else this.#read();
  }
  #read(): void {
    while (this.#state === 'talking' && !this.#busy && this.#early.length > 0) {
      const { message, problem, rest } = this.#decoder.next(this.#early, this.expected);
      this.#early = rest;
      if (problem !== undefined) return this.protocolError(problem);
      if (message === undefined) return;
      this.#busy = true;
      this.message(message, () => {
        this.#busy = false;
        if (this.#state !== 'talking') return;
        this.child.setReading(true);
        this.#read();
      });
    }
  }
  protected encode(data: Buffer): Buffer {
    return data;
  }
  override write(data: Buffer): boolean {
    return this.#state !== 'open' || this.silent || super.write(data);
  }
  override writable(): void {
    if (this.#state === 'open' && !this.silent) super.writable();
  }
  override setReading(on: boolean): void {
    if (this.#state === 'open') super.setReading(on);
  }
  override close(): void {
    if (this.#state !== 'open') this.#forget();
    super.close();
  }
  override abort(): void {
    if (this.#state !== 'open') this.#forget();
    super.abort();
  }
  #forget(): void {
    this.#timer?.cancel();
    this.cancel?.();
    this.#done = undefined;
    if (this.#state !== 'over') this.#state = 'over';
  }
  override closed(err?: GensioError): void {
    if (this.#state === 'open' || this.#done === undefined) return super.closed(err);
    this.fail(this.#refusal ?? err ?? new GensioError('remclose'));
  }
}

/** The end that asks. */
class CertauthServer extends CertauthEnd {
  #peer: Peer | undefined;
  readonly #anchors: readonly X509Certificate[];
  readonly #challenge = randomBytes(CHALLENGE_BYTES);
  #user: string | undefined;
  #service: Buffer = Buffer.alloc(0);
  #version = 0;
  #cert: X509Certificate | undefined;
  /** Nothing can save him: not an allowed user. */
  #banned = false;
  #proved = false;
  #withPassword = false;

  constructor(spec: Certauth, anchors: readonly X509Certificate[], child: Gensio, env: GensioEnv) {
    super(spec, child, env);
    this.#anchors = anchors;
  }
  override get peer(): Peer | undefined {
    return this.#peer;
  }
  protected begin(): void {
    this.expected = [MESSAGE.clientHello];
  }
  protected message(message: Message, next: () => void): void {
    if (message.kind === MESSAGE.clientHello) this.#hello(message, next);
    else if (message.kind === MESSAGE.challengeResponse) this.#response(message, next);
    else this.#password(message);
  }

  #hello({ elements, ...message }: Message, next: () => void): void {
    const version = numberOf({ ...message, elements }, ELEMENT.version);
    if (version === undefined || version === 0) {
      this.env.log.log('err', "Remote client didn't send version");
      return this.fail(new GensioError('datamissing'));
    }
    this.#version = version;
    this.#service = elements.get(ELEMENT.service) ?? this.#service;
    const below = this.child.peer;
    const name = elements.get(ELEMENT.username)?.toString('utf8');
    this.#user = name ?? (this.opts.useChildAuth ? below?.user : undefined);
    if (this.#user === undefined) {
      this.env.log.log('err', 'No username provided by remote: Data was missing');
      this.#banned = true;
    } else if (this.env.auth?.userAllowed(this.#user) === false) this.#banned = true;
    if (this.#banned) this.env.log.log('err', 'auth begin rejected connection');
    // The layer below vouches only for the user it knows.
    if (this.opts.useChildAuth && below?.authenticated && below.user === this.#user && !this.#banned) {
      this.env.log.log('info', 'Using lower layer authentication');
      this.#proved = true;
    }
    this.say(MESSAGE.serverHello, [
      [ELEMENT.version, number16(VERSION)],
      [ELEMENT.challenge, this.#challenge],
    ]);
    this.expected = [MESSAGE.challengeResponse];
    next();
  }

  #response({ elements }: Message, next: () => void): void {
    const pem = elements.get(ELEMENT.certificate);
    const response = elements.get(ELEMENT.response);
    if ((pem === undefined) !== (response === undefined)) {
      this.env.log.log('err', 'Remote end did not send cert and response');
      return this.#finish(new GensioError('protoerr'));
    }
    if (pem === undefined || response === undefined) return this.#askPassword(next);
    const [cert] = parseCertificates(pem.toString('latin1'), 1);
    this.#cert = cert;
    if (cert === undefined) {
      this.env.log.log('err', 'Failure reading cert from network');
      return this.#finish(new GensioError('nocert'));
    }
    const { auth } = this.env;
    const conclude = (known: readonly X509Certificate[]): void => {
      if (!this.#banned && this.#certificateIsGood(cert, known, response)) this.#proved = true;
      this.#askPassword(next);
    };
    if (this.#user === undefined || this.#banned || auth === undefined) conclude([]);
    else this.cancel = auth.certificates(this.#user, this.#source, conclude);
  }
  /** Who this client counts as. */
  get #source(): string {
    return sourceOf(this.address());
  }

  #askPassword(next: () => void): void {
    const { requirePassword, enablePassword } = this.opts;
    this.#withPassword = !this.#banned && (requirePassword === true || (enablePassword && !this.#proved));
    // The question is asked in any case: who listens in timing learns nothing about how somebody got in.
    this.say(MESSAGE.passwordRequest, [[ELEMENT.passwordType, number16(this.#withPassword ? PASSWORD_TYPE.wanted : PASSWORD_TYPE.dummy)]]);
    this.expected = [MESSAGE.password];
    next();
  }

  /** It is among the user's allowed_certs, or a CA of the options vouches for that very name; and he has its key. */
  #certificateIsGood(cert: X509Certificate, known: readonly X509Certificate[], response: Buffer): boolean {
    const { clock, log } = this.env;
    const user = this.#user;
    if (user === undefined) return false;
    const now = clock.wall();
    let problem = certificateProblem(cert, known, now);
    if (problem !== undefined && commonName(cert) === user) problem = certificateProblem(cert, this.#anchors, now);
    if (problem !== undefined) {
      log.log('info', `Remote peer certificate verify failed: ${problem}`);
      return false;
    }
    if (this.#version < SHA3_VERSION) {
      log.log('info', 'Challenge verify failed');
      return false;
    }
    const signed = Buffer.concat([this.#challenge, this.#service]);
    let fits = false;
    try {
      const key = cert.publicKey;
      fits = verify(EDWARDS.includes(key.asymmetricKeyType ?? '') ? null : 'sha3-512', signed, key, response);
    } catch {
      // A key of a kind that cannot sign.
    }
    if (!fits) log.log('info', 'Challenge verify failed');
    return fits;
  }

  /** Nothing more is expected: no message is asked for after this one. */
  #password({ elements }: Message): void {
    const given = elements.get(ELEMENT.password);
    const { auth } = this.env;
    const user = this.#user;
    if (!this.#withPassword) return this.#finish();
    const zero = given?.indexOf(0) ?? -1;
    const password = given === undefined ? undefined : given.subarray(0, zero < 0 ? undefined : zero);
    if (password === undefined) {
      this.env.log.log('err', "Remote client didn't send password");
      return this.#finish(new GensioError('datamissing'));
    }
    this.#proved = false;
    if (password.length === 0 || user === undefined || auth === undefined) return this.#finish();
    this.cancel = auth.password(user, Buffer.from(password), this.#source, (err) => {
      given?.fill(0);
      this.#proved = err === undefined;
      this.#finish();
    });
  }

  /** The last word. */
  #finish(err?: GensioError): void {
    const welcome = err === undefined && !this.#banned && (this.#proved || this.opts.allowAuthfail);
    this.say(MESSAGE.serverDone, [[ELEMENT.result, number16(welcome ? RESULT.success : RESULT.failure)]]);
    if (!welcome) {
      const who = this.#user === undefined ? undefined : `user ${printable(this.#user)}`;
      const peer = { fingerprint: this.#cert?.fingerprint256 };
      return this.refuse(err ?? new GensioError('authreject', who, undefined, peer));
    }
    this.#peer = { user: this.#user, fingerprint: this.#cert?.fingerprint256, authenticated: this.#proved };
    this.succeed();
  }
}

/** What a client signs with. */
interface Identity {
  readonly cert: X509Certificate;
  readonly key: ReturnType<typeof createPrivateKey>;
}

/** The end that answers. */
class CertauthClient extends CertauthEnd {
  readonly #identity: Identity | undefined;

  constructor(spec: Certauth, identity: Identity | undefined, child: Gensio, env: GensioEnv) {
    super(spec, child, env);
    this.#identity = identity;
  }
  get #service(): Buffer {
    return Buffer.from(this.opts.service ?? '', 'utf8');
  }
  protected begin(): void {
    this.expected = [MESSAGE.serverHello, MESSAGE.serverDone];
    this.say(MESSAGE.clientHello, [
      [ELEMENT.version, number16(VERSION)],
      [ELEMENT.username, Buffer.from(this.opts.username ?? '', 'utf8')],
      [ELEMENT.service, this.#service],
    ]);
  }
  protected message(message: Message, next: () => void): void {
    switch (message.kind) {
      case MESSAGE.serverHello:
        if (this.#hello(message)) next();
        return;
      case MESSAGE.passwordRequest:
        this.#password(message);
        next();
        return;
      default:
        if (numberOf(message, ELEMENT.result) === RESULT.success) this.succeed();
        else this.fail(new GensioError('authreject'));
    }
  }
  #hello(message: Message): boolean {
    const challenge = message.elements.get(ELEMENT.challenge);
    const version = numberOf(message, ELEMENT.version);
    if (challenge === undefined || version === undefined) {
      this.env.log.log('err', "Remote server didn't send challenge data or version");
      this.fail(new GensioError('datamissing'));
      return false;
    }
    const id = this.#identity;
    if (id !== undefined && version < SHA3_VERSION) {
      this.fail(new GensioError('keyinvalid', 'the peer is too old for certificates'));
      return false;
    }
    const signed = Buffer.concat([challenge, this.#service]);
    this.say(
      MESSAGE.challengeResponse,
      id === undefined
        ? [
            [ELEMENT.dummy, Buffer.alloc(DUMMY_CERTIFICATE)],
            [ELEMENT.dummy, Buffer.alloc(DUMMY_RESPONSE)],
          ]
        : [
            [ELEMENT.certificate, Buffer.from(id.cert.toString(), 'latin1')],
            [ELEMENT.response, sign(EDWARDS.includes(id.key.asymmetricKeyType ?? '') ? null : 'sha3-512', signed, id.key)],
          ],
    );
    this.expected = [MESSAGE.passwordRequest, MESSAGE.serverDone];
    return true;
  }
  /** A password goes out only when both ends want it to. */
  #password(message: Message): void {
    const type = numberOf(message, ELEMENT.passwordType) ?? 0;
    const data = Buffer.alloc(PASSWORD_BYTES);
    const wanted = (type & 0xff) === PASSWORD_TYPE.wanted;
    if (wanted && this.opts.enablePassword) data.write(this.opts.password ?? '', 'utf8');
    const twofa = (type & PASSWORD_TYPE.twofa) === 0 ? '' : (this.opts.twofa ?? '');
    this.say(MESSAGE.password, [
      [wanted ? ELEMENT.password : ELEMENT.dummy, data],
      [ELEMENT.twofa, Buffer.from(twofa, 'utf8')],
    ]);
    this.expected = [MESSAGE.serverDone];
  }
}

function identityOf({ opts }: Certauth): Identity | undefined {
  const certFile = opts.cert === '' ? undefined : (opts.cert ?? opts.key);
  if (certFile === undefined) return undefined;
  const [cert] = parseCertificates(readPem(certFile, 'certnotfound'));
  if (cert === undefined) throw new GensioError('certnotfound', `${certFile} has no certificate`);
  let key: Identity['key'];
  try {
    key = createPrivateKey(readPem(opts.key ?? certFile, 'keynotfound'));
  } catch (err) {
    if (err instanceof GensioError) throw err;
    throw new GensioError('keynotfound', (err as Error).message);
  }
  if (!cert.checkPrivateKey(key)) throw new GensioError('keyinvalid', `${opts.key} is not the key of ${certFile}`);
  return { cert, key };
}
function anchorsOf({ opts }: Certauth): X509Certificate[] {
  if (opts.CA === undefined) return [];
  return parseCertificates(readAuthorities(opts.CA));
}

/**
 * Makes the layer. Throws the GensioError notsup over a layer that does not encrypt, and certnotfound, keynotfound or
 * keyinvalid for files; for an accepter that is told with each connection.
 */
export function certauthFilter(spec: Certauth, child: Gensio, server: boolean, env: GensioEnv): Gensio {
  if (findLayer(spec.child, 'ssl') === undefined)
    throw new GensioError('notsup', 'certauth needs a layer below that encrypts, such as ssl');
  const isServer = spec.opts.mode === undefined ? server : spec.opts.mode === 'server';
  if (!isServer) return new CertauthClient(spec, identityOf(spec), child, env);
  if (spec.opts.enable2fa) throw new GensioError('notsup', 'enable-2fa: there is nothing to check a second factor with');
  return new CertauthServer(spec, anchorsOf(spec), child, env);
}

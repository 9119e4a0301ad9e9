// Plays one case against a program: gives it what the case gives, collects what happens, and puts it in the place of what was
// wanted. Recording and checking differ only in how long a wait is: for silence, or for exactly what is wanted.
// Long because both stand side by side in one class: what one of them does and the other does not would make goldens that cannot pass.
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { type Block, type Case, channelOf, type Step, type StepBlock, showText, type TextBlock } from './case-file.ts';
import { type Command, isTaken, keysFolder, Rig, waitFor } from './rig.ts';

export interface PlayOptions {
  readonly command: Command;
  /** record: whatever comes until all is silent. check: what is wanted, no less. */
  readonly mode: 'record' | 'check';
  /** Take the blocks marked `ours` where there are any. */
  readonly ours: boolean;
  /** The library that gives ptys modem lines; needed when the case has `shim`. */
  readonly shim: string | undefined;
  /** When recording: what was seen before and does not come any more is no failure. */
  readonly lenient?: boolean;
}

/** What happened: the blocks of the case with the observed in the place of the wanted. */
export interface Played {
  readonly blocks: readonly Block[];
  /** What went wrong in a way that the blocks do not show. */
  readonly problem: string | undefined;
}

/** How long all must be silent before a recorder goes on. Generous: the golden depends on it. */
const SILENCE_MS = 250;
/** How long what must come may take. */
const LIMIT_S = { record: 20, check: 15, lenient: 6 };
const STOP_MS = 8000;
const CLOSE_MS = 1000;

/** Signals that end the program. */
const STOPPING = ['TERM', 'INT', 'QUIT', 'KILL'];
const DEFAULT_ARGS = ['-r', '-d', '-u', '-c'];

/** Words of a command line: blanks separate, quotes group, `\n` in double quotes is a line end. */
export function splitArgs(text: string): string[] {
  const words = text.match(/(?:[^\s"']|"(?:[^"\\]|\\.)*"|'[^']*')+/g) ?? [];
  return words.map((w) =>
    w.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_, double?: string, single?: string) =>
      double === undefined ? (single ?? '') : double.replace(/\\(.)/g, (_all, c: string) => (c === 'n' ? '\n' : c)),
    ),
  );
}

/** The blocks that count: those marked `ours` replace their likes when ours is played, and are left out otherwise. */
export function blocksFor(c: Case, ours: boolean): Block[] {
  const key = (b: Block): string => (b.kind === 'text' ? `${b.type} ${b.name}` : b.kind === 'steps' ? 'steps' : 'prose');
  const replaced = new Set(ours ? c.blocks.flatMap((b) => (b.kind !== 'prose' && b.ours ? [key(b)] : [])) : []);
  return c.blocks.filter((b) => b.kind === 'prose' || (b.ours ? ours : !replaced.has(key(b))));
}

class Player {
  readonly #case: Case;
  readonly #options: PlayOptions;
  readonly #blocks: readonly Block[];
  readonly #limitMs: number;
  readonly rig: Rig;
  problem: string | undefined;
  /** The script ended the program, or asked it to. */
  #asked = false;
  /** A console block has no place for what other channels see meanwhile: the next wire block begins with it. */
  #inAdmin = false;

  constructor(c: Case, options: PlayOptions) {
    this.#case = c;
    this.#options = options;
    this.#blocks = blocksFor(c, options.ours);
    this.#limitMs = Number(c.settings.get('limit') ?? LIMIT_S[options.lenient ? 'lenient' : options.mode]) * 1000;
    this.rig = new Rig(c.settings.has('shim') ? options.shim : undefined);
  }

  #texts(type: string): TextBlock[] {
    return this.#blocks.filter((b): b is TextBlock => b.kind === 'text' && b.type === type);
  }

  /** Writes the files, plugs the devices in that are named anywhere, starts the program and waits until it runs or has ended. */
  async start(): Promise<void> {
    const rig = this.rig;
    const everything = JSON.stringify(this.#case.blocks);
    for (const who of ['dev', 'dev2']) {
      const named = new RegExp(`%${who.toUpperCase()}\\b|,${who}\\b|"who":"${who}"`).test(everything);
      if (named && !everything.includes(`"who":"${who}","verb":"missing"`)) rig.plug(who);
    }
    if (this.#case.settings.has('keys')) cpSync(keysFolder(), join(rig.dir, 'keys'), { recursive: true });
    let config: string | undefined;
    for (const type of ['yaml', 'conf', 'input'] as const) {
      for (const block of this.#texts(type)) {
        const name = block.name || (type === 'input' ? 'input' : `ser2net.${type}`);
        if (type !== 'input' && block.name === '') config = name;
        writeFileSync(resolve(rig.dir, await rig.fill(name)), await rig.fill(block.text === '' ? '' : `${block.text}\n`), 'latin1');
      }
    }
    const [argsBlock] = this.#texts('args');
    const args =
      argsBlock === undefined ? [...DEFAULT_ARGS, join(rig.dir, config ?? 'ser2net.yaml')] : splitArgs(await rig.fill(argsBlock.text));
    const [stdin] = this.#texts('stdin');
    rig.start(this.#options.command, args, stdin && (await rig.fill(stdin.text === '' ? '' : `${stdin.text}\n`)));
    // Without -r there is no word when it runs: the first client then tries until somebody listens.
    if (!args.includes('-r')) return;
    if (!(await waitFor(this.#limitMs, () => rig.isReady() || rig.ended !== undefined))) this.#fail('the program does not say Ready');
  }

  #fail(why: string): void {
    this.problem ??= why;
  }

  async #connect(who: string, target?: string, tryAgain = false): Promise<void> {
    const to = await this.rig.fill(target ?? (channelOf(who) === 'adm' ? '%ADMIN' : '%PORT'));
    const patient = tryAgain || !this.rig.isReady();
    await waitFor(0, () => true);
    for (let tries = 0; ; tries++) {
      await this.rig.connect(who, to);
      if (!patient || tries > 500 || this.rig.inbox(who).states[0] !== 'refused' || this.rig.ended !== undefined) return;
      await waitFor(10, () => false);
    }
  }

  async #act(step: Step & { kind: 'act' | 'send' }): Promise<void> {
    const rig = this.rig;
    const { who } = step;
    const channel = channelOf(who);
    const socket = rig.sockets.get(who);
    if (step.kind === 'send') {
      if (channel === 'dev') return rig.device(who).master.write(step.bytes);
      const bytes = Buffer.from(rig.fillKnown(step.bytes.toString('latin1')), 'latin1');
      if (channel === 'std') rig.useStdio().stdin?.write(bytes);
      else if (socket === undefined) throw new Error(`${who} is not connected`);
      else await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
      return;
    }
    const [first = ''] = step.args;
    switch (`${channel} ${step.verb}`) {
      case 'net connect':
      case 'adm connect':
        return this.#connect(who, first || undefined);
      case 'net reach':
      case 'adm reach':
        return this.#connect(who, first || undefined, true);
      case 'srv listen':
        return rig.listen(who, await rig.fill(first || '%PORT2'));
      case 'net half':
      case 'adm half':
      case 'srv half':
        socket?.end();
        return;
      case 'srv close':
      case 'net close':
      case 'adm close':
        if (channel === 'srv') rig.stopListening(who);
        socket?.destroy();
        return;
      case 'net reset':
      case 'adm reset':
      case 'srv reset':
        socket?.resetAndDestroy();
        return;
      case 'net hold':
      case 'adm hold':
        socket?.pause();
        return;
      case 'net resume':
      case 'adm resume':
        socket?.resume();
        return;
      case 'std half':
        rig.useStdio().stdin?.end();
        return;
      case 'dev gone':
        return rig.unplug(who);
      case 'dev back':
        return rig.plug(who);
      case 'dev hold':
      case 'dev resume':
        rig.device(who).master.setReading(step.verb === 'resume');
        return;
      case 'dev missing':
        return;
      default:
    }
    if (channel === 'modem') {
      if (step.verb === 'fail') {
        const faults: string[] = [];
        for (let i = 0; i + 1 < step.args.length; i += 2)
          faults.push(`${step.args[i]} ${constants.errno[step.args[i + 1] as keyof typeof constants.errno]}`);
        rig.setModem(who, 'fault', faults.join(' '));
      } else rig.setModem(who, 'lines', [step.verb, ...step.args].join(' '));
    } else if (channel === 'sig') {
      if (STOPPING.includes(step.verb)) this.#asked = true;
      rig.signal(`SIG${step.verb}` as NodeJS.Signals);
    } else if (channel === 'pid') {
      const path = join(rig.dir, step.verb);
      const read = (): string => (existsSync(path) ? readFileSync(path, 'latin1') : '');
      if (!(await waitFor(this.#limitMs, () => read().endsWith('\n')))) this.#fail(`no pid in ${step.verb}`);
      rig.adopt(Number(read()));
    } else if (channel === 'conf') {
      const [main] = [...this.#texts('yaml'), ...this.#texts('conf')].filter((b) => b.name === '');
      writeFileSync(join(rig.dir, `ser2net.${main?.type ?? 'yaml'}`), readFileSync(join(rig.dir, step.verb)));
    } else throw new Error(`${who}= ${step.verb} is not known`);
  }

  /** A client that is named without having connected connects there and then. */
  async #autoConnect(who: string): Promise<boolean> {
    const channel = channelOf(who);
    if (channel === 'std') this.rig.useStdio();
    if ((channel !== 'net' && channel !== 'adm') || this.rig.inboxes.has(who)) return false;
    await this.#connect(who);
    return true;
  }

  // --- checking: wait for what is wanted ---

  async #see(step: Step & { kind: 'bytes' | 'state' }): Promise<Step[]> {
    const rig = this.rig;
    const { who } = step;
    const channel = channelOf(who);
    const wait = (holds: () => boolean): Promise<boolean> =>
      waitFor(this.#limitMs, () => {
        rig.look();
        return holds();
      });
    await this.#autoConnect(who);
    if (step.kind === 'state' && channel === 'log') {
      const text = rig.fillKnown(step.text);
      if (await wait(() => rig.takeLog(text))) return [step];
      this.#fail(`the log does not say: ${step.text}`);
      return [];
    }
    if (step.kind === 'state' && channel === 'dev') {
      await wait(() => rig.settings(who) === step.text);
      return [{ ...step, text: rig.settings(who) }];
    }
    const inbox = rig.inbox(who);
    if (step.kind === 'bytes') {
      if (step.bytes === undefined) throw new Error('not recorded yet');
      const wanted = Buffer.from(rig.fillKnown(step.bytes.toString('latin1')), 'latin1');
      const wrong = (): boolean => !wanted.subarray(0, inbox.peek().length).equals(inbox.peek().subarray(0, wanted.length));
      const came = await wait(() => inbox.peek().length >= wanted.length || inbox.states.length > 0 || wrong());
      if (!came) this.#fail(`waited for ${wanted.length} bytes on ${who}, got ${inbox.peek().length}`);
      const all = wrong() ? inbox.take(inbox.peek().length) : inbox.take(wanted.length);
      const state = all.length < wanted.length ? inbox.states.shift() : undefined;
      return [
        ...(all.length === 0 ? [] : [this.#bytes(who, all)]),
        ...(state === undefined ? [] : [{ kind: 'state', who, text: rig.putBack(state) } as const]),
      ];
    }
    if (!(await wait(() => inbox.states.length > 0))) this.#fail(`waited for '${step.text}' on ${who}`);
    const early = inbox.peek().length > 0 && inbox.states[0] !== 'accepted' ? [this.#bytes(who, inbox.take(inbox.peek().length))] : [];
    const text = inbox.states.shift();
    return [...early, ...(text === undefined ? [] : [{ ...step, text: rig.putBack(text) }])];
  }

  #bytes(who: string, data: Buffer): Step {
    return { kind: 'bytes', who, bytes: Buffer.from(this.rig.putBack(data.toString('latin1')), 'latin1') };
  }

  // --- recording: wait for silence ---

  async #silence(): Promise<void> {
    const rig = this.rig;
    const count = (): number => {
      rig.look();
      return [...rig.inboxes.values()].reduce((sum, inbox) => sum + inbox.count, rig.stderr().length + (rig.ended?.length ?? 0));
    };
    for (let before = -1, now = count(); before !== now; now = count()) {
      before = now;
      await waitFor(SILENCE_MS, () => false);
    }
  }

  /** Everything that came, by channel; on the console alone while one of its blocks is played. */
  #gather(): Step[] {
    const rank = (who: string): string => `${['modem', 'dev', 'srv', 'net', 'adm', 'std'].indexOf(channelOf(who))} ${who}`;
    const out: Step[] = [];
    for (const [who, inbox] of [...this.rig.inboxes].sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1))) {
      if (this.#inAdmin && channelOf(who) !== 'adm') continue;
      if (inbox.states[0] === 'accepted') out.push({ kind: 'state', who, text: inbox.states.shift()! });
      if (inbox.peek().length > 0) out.push(this.#bytes(who, inbox.take(inbox.peek().length)));
      for (const text of inbox.states.splice(0)) out.push({ kind: 'state', who, text: this.rig.putBack(text) });
    }
    return out;
  }

  /** What came after an action; old is what the case said so far, for what must be waited for longer or asked. */
  async #record(old: readonly Step[]): Promise<Step[]> {
    const rig = this.rig;
    for (const step of old) {
      if (step.kind !== 'bytes' && step.kind !== 'state') continue;
      const channel = channelOf(step.who);
      if (channel === 'log' || (channel === 'dev' && step.kind === 'state')) continue;
      const came = await waitFor(this.#limitMs, () => {
        rig.look();
        const inbox = rig.inbox(step.who);
        return step.kind === 'state' ? inbox.states.length > 0 : inbox.peek().length > 0 || inbox.states.length > 0;
      });
      if (!came && !this.#options.lenient) this.#fail(`nothing came on ${step.who}`);
    }
    await this.#silence();
    const out = this.#gather();
    for (const step of old) {
      if (step.kind !== 'state') continue;
      if (channelOf(step.who) === 'dev') out.push({ ...step, text: rig.settings(step.who) });
      if (channelOf(step.who) === 'log') {
        const said = await waitFor(this.#limitMs, () => rig.takeLog(rig.fillKnown(step.text)));
        if (said) out.push(step);
        else if (!this.#options.lenient) this.#fail(`the log does not say: ${step.text}`);
      }
    }
    return out;
  }

  /** Plays the steps of one block; stops at the first that does not come true. */
  async playBlock(steps: readonly Step[], type = 'wire'): Promise<Step[]> {
    const record = this.#options.mode === 'record';
    this.#inAdmin = type === 'admin';
    const begins = steps.find((s) => s.kind !== 'note');
    const out: Step[] = record && (begins?.kind === 'act' || begins?.kind === 'send') ? this.#gather() : [];
    for (let i = 0; i < steps.length; ) {
      const step = steps[i]!;
      if (step.kind === 'note') {
        out.push(step);
        i++;
        continue;
      }
      if (step.kind === 'act' || step.kind === 'send') {
        if (step.kind === 'send' && (await this.#autoConnect(step.who)) && record)
          out.push(connectStep(step.who), ...(await this.#record([])));
        await this.#act(step);
        out.push(step);
        i++;
      }
      if (record) {
        const from = i;
        for (let next = steps[i]; next?.kind === 'bytes' || next?.kind === 'state'; next = steps[++i])
          if (await this.#autoConnect(next.who)) out.push(connectStep(next.who));
        out.push(...(await this.#record(steps.slice(from, i))));
      } else if (step.kind === 'bytes' || step.kind === 'state') {
        out.push(...(await this.#see(step)));
        i++;
      }
      if (this.problem !== undefined) break;
    }
    return mergeBytes(out);
  }

  async play(): Promise<Played> {
    await this.start();
    const blocks: Block[] = [];
    for (const block of this.#blocks)
      blocks.push(block.kind === 'steps' ? { ...block, steps: await this.playBlock(block.steps, block.type) } : block);
    return this.finish(blocks);
  }

  /** Stops the program, and puts in what came meanwhile and what it has written. */
  async finish(played: readonly Block[]): Promise<Played> {
    const rig = this.rig;
    const record = this.#options.mode === 'record';
    const blocks = [...played];
    const hasSteps = blocks.some((b) => b.kind === 'steps');
    // A case without steps waits for its end: of itself, or when it says Ready.
    if (!hasSteps && !rig.isReady() && !(await waitFor(this.#limitMs, () => rig.ended !== undefined)))
      this.#fail('the program does not end');
    const byItself = rig.ended !== undefined && !this.#asked && !rig.isAlive();
    if (record) this.#addHeld(blocks);
    // A second SIGTERM would end it where it stands.
    if (!this.#asked) rig.signal(this.#case.settings.get('stop') === 'kill' ? 'SIGKILL' : 'SIGTERM');
    if (!(await waitFor(STOP_MS, () => !rig.isAlive() && rig.ended !== undefined))) {
      this.#fail('the program does not stop');
      rig.signal('SIGKILL');
      await waitFor(STOP_MS, () => rig.ended !== undefined);
    }
    // What it wrote may still be on its way; a program in the background may keep its output open.
    await waitFor(CLOSE_MS, () => rig.closed);
    await waitFor(record ? SILENCE_MS : 20, () => false);
    rig.look();
    if (this.#case.settings.get('stop') !== 'kill') this.#addRest(blocks);
    const texts: readonly (readonly [type: string, actual: string])[] = [
      ['stdout', rig.inboxes.has('std') ? '' : rig.stdout()],
      ['stderr', this.#trimmed(rig.putBack(rig.stderr()))],
    ];
    for (const [type, actual] of texts) this.#put(blocks, type, '', showText(rig.putBack(actual)));
    for (const block of this.#texts('file')) {
      const path = join(rig.dir, block.name);
      this.#put(blocks, 'file', block.name, existsSync(path) ? showText(rig.putBack(readFileSync(path, 'latin1'))) : '(no such file)');
    }
    if (byItself || this.#texts('exit').length > 0) this.#put(blocks, 'exit', '', rig.ended ?? '');
    return { blocks, problem: this.problem };
  }

  /** Standard error as the case wants it: `stderr: N` its first lines alone, `order: free` its lines sorted. */
  #trimmed(text: string): string {
    const settings = this.#case.settings;
    const head = settings.get('stderr');
    const lines = text.split(/(?<=\n)/).slice(0, head === undefined ? undefined : Number(head));
    if (settings.get('order') === 'free') lines.sort();
    return lines.join('');
  }

  /** What other channels saw during a console session that is the last block. */
  #addHeld(blocks: Block[]): void {
    const at = blocks.findLastIndex((b) => b.kind === 'steps');
    const block = blocks[at];
    if (block?.kind !== 'steps' || block.type !== 'admin') return;
    this.#inAdmin = false;
    const steps = this.#gather();
    if (steps.length > 0) blocks.splice(at + 1, 0, { kind: 'steps', type: 'wire', ours: block.ours, steps });
  }

  /** What came while the program stopped stands behind the signal that stopped it. */
  #addRest(blocks: Block[]): void {
    const at = blocks.findLastIndex((b) => b.kind === 'steps');
    const block = blocks[at] as StepBlock | undefined;
    if (block === undefined) return;
    this.#inAdmin = false;
    const rest = this.#gather();
    const last = block.steps.findLast((s) => s.kind === 'act');
    const stops = last?.kind === 'act' && last.who === 'sig' && STOPPING.includes(last.verb);
    if (!stops && !rest.some((s) => s.kind === 'bytes' || (s.kind === 'state' && channelOf(s.who) === 'modem'))) return;
    const stop: Step = { kind: 'act', who: 'sig', verb: 'TERM', args: [] };
    // A console session ends with its block: what follows it is a wire block of its own.
    if (block.type === 'admin') blocks.splice(at + 1, 0, { kind: 'steps', type: 'wire', ours: block.ours, steps: [stop, ...rest] });
    else blocks[at] = { ...block, steps: mergeBytes([...block.steps, ...(stops ? [] : [stop]), ...rest]) };
  }

  #put(blocks: Block[], type: string, name: string, text: string): void {
    const at = blocks.findIndex((b) => b.kind === 'text' && b.type === type && b.name === name);
    if (at >= 0) blocks[at] = { ...(blocks[at] as TextBlock), text };
    else if (text !== '') blocks.push({ kind: 'text', type, name, ours: false, text });
  }

  /** Waits until the program has read what a client sent. */
  async taken(who: string): Promise<void> {
    const socket = this.rig.sockets.get(who);
    if (socket !== undefined) await waitFor(this.#limitMs, () => isTaken(socket));
  }

  /** Ends the session of `net` in an orderly way, so that the next one finds the port free. */
  async endSession(): Promise<void> {
    const rig = this.rig;
    rig.sockets.get('net')?.end();
    const inbox = rig.inboxes.get('net');
    if (inbox !== undefined) await waitFor(this.#limitMs, () => inbox.states.length > 0);
    rig.sockets.get('net')?.destroy();
    rig.look();
    rig.inboxes.clear();
  }
}

const connectStep = (who: string): Step => ({ kind: 'act', who, verb: 'connect', args: [] });

/** Neighbouring bytes of one channel are one step. */
function mergeBytes(steps: readonly Step[]): Step[] {
  const out: Step[] = [];
  for (const step of steps) {
    const before = out.at(-1);
    if (step.kind === 'bytes' && before?.kind === 'bytes' && before.who === step.who && step.bytes && before.bytes)
      out[out.length - 1] = { ...step, bytes: Buffer.concat([before.bytes, step.bytes]) };
    else out.push(step);
  }
  return out;
}

/** Plays the case once. Never throws: what cannot be played is the problem of the result. */
export async function play(c: Case, options: PlayOptions): Promise<Played> {
  const player = new Player(c, options);
  try {
    return await player.play();
  } catch (err) {
    return { blocks: [], problem: err instanceof Error ? err.message : String(err) };
  } finally {
    await player.rig.close();
  }
}

/** The steps with what the client sends cut in two at every place, one list for each place. */
export function cuts(steps: readonly Step[]): Step[][] {
  return steps.flatMap((step, i) =>
    step.kind === 'send' && channelOf(step.who) === 'net'
      ? Array.from({ length: step.bytes.length - 1 }, (_, n) => [
          ...steps.slice(0, i),
          { ...step, bytes: step.bytes.subarray(0, n + 1) },
          { kind: 'note', text: 'cut' } as const,
          { ...step, bytes: step.bytes.subarray(n + 1) },
          ...steps.slice(i + 1),
        ])
      : [],
  );
}

/**
 * Plays the session of the case once for each place where the client's bytes can be cut, all on one process; gives the first
 * play that is not as wanted. same(steps) tells whether what was seen is what was wanted.
 */
export async function playCuts(
  c: Case,
  options: PlayOptions,
  same: (wanted: readonly Step[], seen: readonly Step[]) => boolean,
): Promise<{ readonly cut: string; readonly seen: readonly Step[]; readonly problem: readonly string[] } | undefined> {
  const blocks = blocksFor(c, options.ours).filter((b): b is StepBlock => b.kind === 'steps');
  const [block] = blocks;
  if (block === undefined || blocks.length > 1) throw new Error('cut: every wants one wire block');
  const player = new Player(c, { ...options, mode: 'check' });
  try {
    await player.start();
    for (const steps of cuts(block.steps)) {
      const at = steps.findIndex((s) => s.kind === 'note' && s.text === 'cut');
      const seen = await player.playBlock(steps.slice(0, at));
      await player.taken('net');
      seen.push(...(await player.playBlock(steps.slice(at + 1))));
      const whole = mergeSends(seen);
      if (player.problem !== undefined || !same(block.steps, whole)) {
        const first = steps[at - 1];
        const cut = first?.kind === 'send' ? `after ${first.bytes.length} bytes of a line (${first.bytes.toString('hex')})` : '';
        return { cut, seen: whole, problem: player.problem === undefined ? [] : [`  ${player.problem}`] };
      }
      await player.endSession();
    }
    return undefined;
  } finally {
    await player.rig.close();
  }
}

/** What one client sends without anything between is one step. */
export function mergeSends(steps: readonly Step[]): Step[] {
  const out: Step[] = [];
  for (const step of steps) {
    const before = out.at(-1);
    if (step.kind === 'send' && before?.kind === 'send' && before.who === step.who)
      out[out.length - 1] = { ...step, bytes: Buffer.concat([before.bytes, step.bytes]) };
    else out.push(step);
  }
  return mergeBytes(out);
}

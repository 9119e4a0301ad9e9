import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { COMMANDS, DO, optionName, textOf, WILL } from '../../../src/gensio/telnet/names.ts';
import { firstBytes, Negotiation, type NegotiationSettings } from '../../../src/gensio/telnet/negotiate.ts';

const SERVER_2217 = { mode: 'server', rfc2217: true, winsize: false } as const;
const SERVER = { mode: 'server', rfc2217: false, winsize: false } as const;
const CLIENT_2217 = { mode: 'client', rfc2217: true, winsize: false } as const;
const CLIENT = { mode: 'client', rfc2217: false, winsize: false } as const;

/** One end: what it answers, and how often it was asked about COM-PORT-OPTION. */
class End {
  sent: (readonly [verb: number, option: number])[] = [];
  readonly negotiation: Negotiation;
  constructor(settings: NegotiationSettings) {
    this.negotiation = new Negotiation(settings, {
      send: (verb, option) => void this.sent.push([verb, option]),
      comPort: (verb) => settings.rfc2217 && verb === (settings.mode === 'server' ? WILL : DO),
    });
  }
  take(): (readonly [verb: number, option: number])[] {
    return this.sent.splice(0);
  }
}

/** `WILL ECHO` to what comes back, as text. */
function answer(end: End, message: string): string {
  const [verb, option] = message.split(' ');
  const known: Readonly<Record<string, number>> = { BINARY: 0, ECHO: 1, SGA: 3, TTYPE: 24, NAWS: 31, 'COM-PORT': 44, 'TIMING-MARK': 6 };
  end.negotiation.received(COMMANDS[verb as 'WILL' | 'WONT' | 'DO' | 'DONT'], known[option!] ?? Number(option));
  const short = (n: number): string => Object.entries(known).find(([, v]) => v === n)?.[0] ?? optionName(n);
  return end
    .take()
    .map(([v, o]) => `${textOf(Uint8Array.of(255, v)).slice(4)} ${short(o)}`)
    .join(', ');
}

const FIRST: readonly (readonly [NegotiationSettings, string])[] = [
  [SERVER, 'fffb03fffd03fffb01fffe01fffd00fffb00'],
  [SERVER_2217, 'fffb03fffd03fffb01fffe01fffd00fffb00fffd2c'],
  [{ ...SERVER_2217, winsize: true }, 'fffb03fffd03fffb01fffe01fffd00fffb00fffd2cfffd1f'],
  [CLIENT, ''],
  [CLIENT_2217, 'fffb2c'],
  [{ ...CLIENT, winsize: true }, 'fffb1f'],
];
for (const [settings, hex] of FIRST) {
  test(`first bytes of ${JSON.stringify(settings)}`, () => assert.equal(firstBytes(settings).toString('hex'), hex));
}

/** Messages in a row on a fresh connection, with the answer to each ('' is none): rfc2217 server, plain server. */
type Row = readonly [messages: string, rfc2217: string, plain: string];

/** What an end answers to messages, with rfc2217 and without. */
function answers(who: string, full: ConstructorParameters<typeof End>[0], without: typeof full, rows: readonly Row[]): void {
  for (const [messages, rfc2217, plain] of rows)
    test(`a ${who} answers ${messages} with ${rfc2217 || 'nothing'}, or without rfc2217 ${plain || 'nothing'}`, () => {
      for (const [settings, expected] of [
        [full, rfc2217],
        [without, plain],
      ] as const) {
        const end = new End(settings);
        const got = messages.split('; ').map((m) => answer(end, m));
        assert.equal(got.join('; '), expected, JSON.stringify(settings));
      }
    });
}

const SERVERS: readonly Row[] = [
  ['WILL BINARY', '', ''],
  ['WONT BINARY', '', ''],
  ['DO BINARY', '', ''],
  ['DONT BINARY', '', ''],
  ['WILL ECHO', 'DONT ECHO', 'DONT ECHO'],
  ['WILL ECHO; WILL ECHO', 'DONT ECHO; DONT ECHO', 'DONT ECHO; DONT ECHO'],
  ['WONT ECHO', '', ''],
  ['DO ECHO', '', ''],
  ['DONT ECHO', '', ''],
  ['WILL SGA', 'DO SGA', ''],
  ['WILL SGA; WILL SGA', 'DO SGA; ', '; '],
  ['WONT SGA', 'DONT SGA', ''],
  ['DO SGA', '', ''],
  ['DONT SGA', '', ''],
  ['WILL COM-PORT', '', 'DONT COM-PORT'],
  ['WILL COM-PORT; WILL COM-PORT', '; ', 'DONT COM-PORT; DONT COM-PORT'],
  ['WONT COM-PORT', '', 'DONT COM-PORT'],
  ['DO COM-PORT', 'WONT COM-PORT', 'WONT COM-PORT'],
  ['DONT COM-PORT', 'WONT COM-PORT', 'WONT COM-PORT'],
  ['WILL TTYPE', 'DONT TTYPE', 'DONT TTYPE'],
  ['WONT TTYPE', '', ''],
  ['DO TTYPE', 'WONT TTYPE', 'WONT TTYPE'],
  ['DONT TTYPE', '', ''],
  ['DO TIMING-MARK', 'WONT TIMING-MARK', 'WONT TIMING-MARK'],
  ['WILL NAWS; WONT NAWS; DO NAWS; DONT NAWS', 'DONT NAWS; ; WONT NAWS; ', 'DONT NAWS; ; WONT NAWS; '],
  ['WILL 255', 'DONT ff', 'DONT ff'],
  ['WILL BINARY; WONT BINARY', '; DONT BINARY', '; DONT BINARY'],
  ['DO BINARY; DONT BINARY', '; WONT BINARY', '; WONT BINARY'],
  ['WILL BINARY; WONT BINARY; WONT BINARY', '; DONT BINARY; ', '; DONT BINARY; '],
  ['DO BINARY; DONT BINARY; DONT BINARY', '; WONT BINARY; ', '; WONT BINARY; '],
  ['DO ECHO; DONT ECHO', '; WONT ECHO', '; WONT ECHO'],
  ['WILL SGA; WONT SGA', 'DO SGA; DONT SGA', '; DONT SGA'],
  ['DO SGA; DONT SGA', '; WONT SGA', '; WONT SGA'],
];
answers('server', SERVER_2217, SERVER, SERVERS);

const CLIENTS: readonly Row[] = [
  [
    'WILL SGA; DO SGA; WILL ECHO; DONT ECHO; DO BINARY; WILL BINARY; DO COM-PORT',
    'DONT SGA; WILL SGA; DONT ECHO; WONT ECHO; WILL BINARY; DO BINARY; ',
    'DONT SGA; WILL SGA; DONT ECHO; WONT ECHO; WILL BINARY; DO BINARY; WONT COM-PORT',
  ],
  ['WILL COM-PORT; DONT COM-PORT', 'DONT COM-PORT; ', 'DONT COM-PORT; '],
  ['WILL BINARY; WILL BINARY', 'DO BINARY; ', 'DO BINARY; '],
  ['DO ECHO; DO ECHO', 'WILL ECHO; ', 'WILL ECHO; '],
  ['DO COM-PORT; DONT COM-PORT; DONT COM-PORT', '; WONT COM-PORT; ', 'WONT COM-PORT; ; '],
  [
    'WONT SGA; DONT SGA; WONT ECHO; DONT ECHO; WONT BINARY; DONT BINARY',
    'DONT SGA; WONT SGA; DONT ECHO; WONT ECHO; DONT BINARY; WONT BINARY',
    'DONT SGA; WONT SGA; DONT ECHO; WONT ECHO; DONT BINARY; WONT BINARY',
  ],
  ['WILL TTYPE; DO TTYPE', 'DONT TTYPE; WONT TTYPE', 'DONT TTYPE; WONT TTYPE'],
];
answers('client', CLIENT_2217, CLIENT, CLIENTS);

test('COM-PORT-OPTION, and nothing else, is asked about: a WILL until it is agreed to, everything else each time', () => {
  const asked: string[] = [];
  const negotiation = new Negotiation(SERVER_2217, {
    send: () => undefined,
    comPort: (verb) => asked.push(textOf(Uint8Array.of(255, verb)).slice(4)) > 0,
  });
  for (const option of [0, 44, 24]) for (const verb of [251, 252, 251, 253, 254, 253]) negotiation.received(verb, option);
  assert.deepEqual(asked, ['WILL', 'WONT', 'DO', 'DONT', 'DO']);
});

test('with winsize NAWS is agreed to by a server, and its offer accepted once by a client', () => {
  const server = new End({ ...SERVER, winsize: true });
  assert.equal(answer(server, 'WILL NAWS'), '');
  assert.equal(answer(server, 'WONT NAWS'), 'DONT NAWS');
  const client = new End({ ...CLIENT, winsize: true });
  assert.equal(answer(client, 'DO NAWS'), '');
  assert.equal(answer(client, 'DONT NAWS'), 'WONT NAWS');
});

test('two ends never talk in circles, whatever was said before', () => {
  const settings = fc.record({ mode: fc.constantFrom('client', 'server'), rfc2217: fc.boolean(), winsize: fc.boolean() });
  const option = fc.oneof(fc.constantFrom(0, 1, 3, 31, 44), fc.nat(255));
  const said = fc.array(fc.tuple(fc.integer({ min: 251, max: 254 }), option), { maxLength: 30 });
  fc.assert(
    fc.property(settings, settings, said, said, (sa, sb, toA, toB) => {
      const a = new End(sa);
      const b = new End(sb);
      for (const [verb, o] of toA) a.negotiation.received(verb, o);
      for (const [verb, o] of toB) b.negotiation.received(verb, o);
      let messages = 0;
      for (let round = 0; a.sent.length + b.sent.length > 0; round++) {
        assert.ok(round < 6, 'still talking');
        const fromA = a.take();
        const fromB = b.take();
        messages += fromA.length + fromB.length;
        for (const [verb, o] of fromA) b.negotiation.received(verb, o);
        for (const [verb, o] of fromB) a.negotiation.received(verb, o);
      }
      assert.ok(messages <= 4 * (toA.length + toB.length) + 20, `${messages} messages`);
    }),
  );
});

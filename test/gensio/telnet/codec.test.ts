import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeIac, MAX_SUBOPTION, subnegotiation, TelnetDecoder, type TelnetOut } from '../../../src/gensio/telnet/codec.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

/** Writes down calls as text, neighbouring data joined: what must not depend on the cuts. */
class Recorder implements TelnetOut {
  log = '';
  runs = 0;
  #inData = false;
  #note(text: string): void {
    this.log += `${this.log === '' ? '' : ' '}${text}`;
    this.#inData = false;
  }
  data(run: Buffer): boolean {
    this.runs++;
    if (!this.#inData) this.#note('');
    this.#inData = true;
    this.log += run.toString('hex');
    return true;
  }
  command(code: number): void {
    this.#note(`command:${code.toString(16)}`);
  }
  negotiate(verb: number, option: number): void {
    this.#note(`verb:${verb.toString(16)}.${option.toString(16)}`);
  }
  suboption(body: Buffer): void {
    this.#note(`sb:${body.toString('hex')}`);
  }
}

function calls(...chunks: Buffer[]): string {
  const out = new Recorder();
  const decoder = new TelnetDecoder();
  for (const chunk of chunks) assert.equal(decoder.push(chunk, out), chunk.length);
  return out.log.trim();
}

const long = (n: number): string => '33'.repeat(n);
const RULES: readonly (readonly [rule: string, input: string, calls: string])[] = [
  ['plain data passes', '414243', '414243'],
  ['CR is not treated', '0d00410d0a420d430a000d', '0d00410d0a420d430a000d'],
  ['IAC IAC is one ff', '41ffff42', '41ff42'],
  ['many IAC IAC', 'ffffffffff ff 41 ffff'.replaceAll(' ', ''), 'ffffff41ff'],
  ['IAC IAC before a command', 'ffff41fff1ffff', 'ff41 command:f1 ff'],
  ['a byte below SB after IAC is a command, both vanish', '41fff142ff41ff00fff043', '41 command:f1 42 command:41 command:0 command:f0 43'],
  ['negotiation takes one byte more', 'fffb2cfffc00fffd01fffeff41', 'verb:fb.2c verb:fc.0 verb:fd.1 verb:fe.ff 41'],
  ['a subnegotiation', '41fffa2c0100004b00fff042', '41 sb:2c0100004b00 42'],
  ['IAC IAC in a subnegotiation is one ff', 'fffa2c0100ffff00fff0', 'sb:2c0100ff00'],
  ['IAC and another byte in a subnegotiation are dropped', 'fffa2c01ff4100fffa00fffb00fff1fff0', 'sb:2c01000000'],
  ['the option is taken as it is, also ff', 'fffafff041fff042', 'sb:fff041 42'],
  ['a subnegotiation of nothing but its option', 'fffa2cfff041', 'sb:2c 41'],
  ['IAC as the option and nothing in it', 'fffafffff0', 'sb:ff'],
  ['an unfinished one swallows the rest', `41fffa2c${long(200)}`, '41'],
  ['29 bytes are kept', `fffa2c${long(28)}fff0`, `sb:2c${long(28)}`],
  ['of 30 bytes 29 are kept', `fffa2c${long(29)}fff0`, `sb:2c${long(28)}`],
  ['of 300 bytes 29 are kept, with ff at the end', `fffa2c${long(27)}ffff${long(272)}fff041`, `sb:2c${long(27)}ff 41`],
  ['ff that does not fit is dropped', `fffa2c${long(28)}fffffff041`, `sb:2c${long(28)} 41`],
];
for (const [rule, input, expected] of RULES) {
  test(`${rule}, in every cut`, () => {
    const all = bytes(input);
    assert.equal(calls(all), expected);
    for (let i = 1; i < all.length; i++) assert.equal(calls(all.subarray(0, i), all.subarray(i)), expected, `cut at ${i}`);
    assert.equal(calls(...Array.from(all, (_, i) => all.subarray(i, i + 1))), expected, 'byte by byte');
  });
}

const likely = fc.oneof(fc.constantFrom(255, 255, 250, 240, 44, 251, 253, 1), fc.nat(255));
const stream = fc.array(likely, { maxLength: 400 }).map((a) => Buffer.from(a));

test('any bytes in any cut never throw and give the same calls', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(400), { maxLength: 8 }), (all, at) => {
      const cuts = [...at.map((n) => n % (all.length + 1)), 0, all.length].sort((a, b) => a - b);
      assert.equal(calls(...cuts.slice(1).map((end, i) => all.subarray(cuts[i], end))), calls(all));
    }),
  );
});

test('where data() gives false push() stops, and goes on with the rest', () => {
  fc.assert(
    fc.property(stream, (all) => {
      const decoder = new TelnetDecoder();
      const out = new Recorder();
      const stopping: TelnetOut = Object.assign(out, { data: (run: Buffer) => Recorder.prototype.data.call(out, run) && false });
      for (let rest = all; rest.length > 0; ) {
        const before = out.runs;
        const n = decoder.push(rest, stopping);
        assert.ok(n > 0 && out.runs <= before + 1);
        rest = rest.subarray(n);
      }
      assert.equal(out.log.trim(), calls(all));
    }),
  );
});

test('what is escaped decodes to itself, and has no other calls', () => {
  fc.assert(
    fc.property(stream, (data) => {
      assert.equal(calls(escapeIac(data)), data.toString('hex'));
    }),
  );
});

test('data without IAC is handed on as it is, not copied, both ways', () => {
  const data = Buffer.from('plain text');
  assert.equal(escapeIac(data), data);
  const seen: Buffer[] = [];
  new TelnetDecoder().push(data, Object.assign(new Recorder(), { data: (run: Buffer) => seen.push(run) > 0 }));
  assert.equal(seen[0], data);
});

test('a buffer full of doubled IACs is one run', () => {
  const out = new Recorder();
  new TelnetDecoder().push(Buffer.alloc(5000, 255), out);
  assert.equal(out.runs, 1);
  assert.equal(out.log.trim().length, 5000);
});

test('a subnegotiation doubles the IACs of its value only', () => {
  assert.equal(subnegotiation(0x2c, bytes('6bff')).toString('hex'), 'fffa2c6bfffffff0');
  fc.assert(
    fc.property(fc.nat(255), fc.uint8Array({ maxLength: MAX_SUBOPTION - 1 }), (option, value) => {
      const expected = Buffer.concat([Uint8Array.of(option), value]).toString('hex');
      assert.equal(calls(subnegotiation(option, value)), `sb:${expected}`);
    }),
  );
});

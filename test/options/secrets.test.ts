import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Defaults } from '../../src/gensio/syntax/defaults.ts';
import { parseStack } from '../../src/gensio/syntax/gensio-str.ts';
import { quoteWord } from '../../src/gensio/syntax/words.ts';
import { SECRET_OPTIONS, shownStack, withoutSecrets } from '../../src/options/secrets.ts';

test('a password in a gensio string is not told, however it is quoted; the rest is', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['certauth(username=joe,password=geheim),ssl,tcp,h,1', 'certauth(username=joe,password=***),ssl,tcp,h,1'],
    ['certauth(password=geheim)', 'certauth(password=***)'],
    ['certauth(password="ge,h)eim",service=x)', 'certauth(password=***,service=x)'],
    ["certauth(password='ge\\'heim',service=x)", 'certauth(password=***,service=x)'],
    ['certauth(password=ge\\,heim,service=x)', 'certauth(password=***,service=x)'],
    ['certauth(password=ge"he"im enable-password)', 'certauth(password=*** enable-password)'],
    ['certauth("password=my geheim",username=joe)', 'certauth("password=***,username=joe)'],
    ['certauth(2fa=geheim,username=joe),ssl,tcp,h,1', 'certauth(2fa=***,username=joe),ssl,tcp,h,1'],
    ["'a(password=geheim)' and 'b(password=geheim)'", "'a(password=***)' and 'b(password=***)'"],
    ["Invalid accepter 'certauth(password=geheim)': Invalid data", "Invalid accepter 'certauth(password=***)': Invalid data"],
    ['certauth(password=geheim),ssl,tcp,h,1 (/dev/x)', 'certauth(password=***),ssl,tcp,h,1 (/dev/x)'],
    ['certauth(PASSWORD=geheim)', 'certauth(PASSWORD=***)'],
    ['certauth(enable-password),serialdev,/dev/x', 'certauth(enable-password),serialdev,/dev/x'],
    ['certauth(enable-password=1,require-password=0),ssl', 'certauth(enable-password=1,require-password=0),ssl'],
    ['', ''],
  ];
  for (const [text, told] of cases) assert.equal(withoutSecrets(text), told);
});

test('where the end of a password is in doubt nothing behind it is told', () => {
  const cases = [
    'my geheim),ssl,tcp,h,1',
    'pa"geheim),ssl',
    "pa'geheim),ssl",
    'a,geheim),ssl',
    'a)geheim),ssl',
    'a),geheim),ssl',
    'a\\',
    'a) geheim',
  ];
  for (const rest of cases) assert.equal(withoutSecrets(`certauth(password=${rest}`), 'certauth(password=***');
  assert.equal(withoutSecrets('certauth(passwort=geheim x)'), 'certauth(passwort=***');
});

test('every option that is secret is known as such', () => {
  assert.deepEqual(SECRET_OPTIONS, ['password', '2fa']);
});

/** A password of odd pieces that begins and ends, and is full, of a word to look for. */
const odd = fc
  .array(fc.oneof(fc.constantFrom(...' ,()"\'\\=\n\t:;.', ') ', "')", '),', "': ", ',kex=', ',tcp,'), fc.string({ maxLength: 3 })), {
    maxLength: 6,
  })
  .map((parts) => `Geheim${parts.join('Geheim')}Geheim`);
const writings: readonly ((key: string, password: string) => string)[] = [
  (key, password) => quoteWord(`${key}=${password}`),
  (key, password) => `${key}=${quoteWord(password)}`,
  (key, password) => `${key}='${password.replace(/[\\']/g, '\\$&')}'`,
  (key, password) => `${key}=${password}`,
  (key, password) => `${key}="${password}`,
  (key, password) => `"${key}=${password}"`,
  (key, password) => `${key} = ${password}`.replace(' = ', '='),
];

test('no piece of a password is shown in a stack, however it is written, read or not', () => {
  const defaults = new Defaults();
  fc.assert(
    fc.property(odd, fc.constantFrom(...writings), fc.constantFrom(...SECRET_OPTIONS), fc.boolean(), (password, write, key, first) => {
      const word = write(key, password);
      const options = first ? `${word},username=joe` : `username=joe,${word}`;
      const stack = parseStack(`certauth(${options}),ssl,tcp,h,1`, 'connector', defaults);
      const shown = shownStack(stack);
      assert.ok(!shown.includes('Geheim'), `${stack.text} is shown as ${shown}`);
      if (stack.spec !== undefined && write === writings[1]) assert.match(shown, /,ssl,tcp,h,1$/);
    }),
    { numRuns: 2000 },
  );
});

test('no piece of a password is shown in a sentence that has the stack, if it can be read', () => {
  const defaults = new Defaults();
  fc.assert(
    fc.property(odd, fc.constantFrom(...writings), (password, write) => {
      const { text, spec } = parseStack(`certauth(${write('password', password)},username=joe),ssl,tcp,h,1`, 'connector', defaults);
      if (spec === undefined) return;
      const said = withoutSecrets(`Invalid accepter '${text}': Invalid data`);
      assert.ok(!said.includes('Geheim'), said);
    }),
    { numRuns: 2000 },
  );
});

test('odd texts take no longer', () => {
  const begin = process.cpuUsage().user;
  for (const part of ['password=', 'password="', '\\', "'", 'a-', 'pass', 'pass-', ')', 'password=x,'])
    withoutSecrets(`password=${part.repeat(50_000)}`);
  assert.ok(process.cpuUsage().user - begin < 1_000_000);
});

test('a message about an option behind a password quotes nothing of it', () => {
  const { detail, part } = parseStack('certauth(password=my geheim),ssl,tcp,h,1', 'connector', new Defaults());
  assert.equal(detail, "certauth has something after 'password=' that is no option (a value with spaces, commas or quotes needs quotes)");
  assert.equal(part, undefined);
  assert.match(parseStack('certauth(nam=joe,password=x),ssl,tcp,h,1', 'connector', new Defaults()).detail ?? '', /no option 'nam'/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutSecrets } from '../../src/options/secrets.ts';

test('a password in a gensio string is not told, however it is quoted; the rest is', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['certauth(username=joe,password=geheim),ssl,tcp,h,1', 'certauth(username=joe,password=***),ssl,tcp,h,1'],
    ['certauth(password=geheim)', 'certauth(password=***)'],
    ['certauth(password="ge,h)eim",x)', 'certauth(password=***,x)'],
    ["certauth(password='ge\\'heim',x)", 'certauth(password=***,x)'],
    ['certauth(password=ge\\,heim,x)', 'certauth(password=***,x)'],
    ['certauth(password="geheim', 'certauth(password=***'],
    ["'a(password=geheim)' and 'b(password=geheim)'", "'a(password=***)' and 'b(password=***)'"],
    ['certauth(PASSWORD=geheim)', 'certauth(PASSWORD=***)'],
    ['certauth(enable-password),serialdev,/dev/x', 'certauth(enable-password),serialdev,/dev/x'],
    ['', ''],
  ];
  for (const [text, told] of cases) assert.equal(withoutSecrets(text), told);
});

test('odd texts take no longer', () => {
  const begin = process.cpuUsage().user;
  for (const part of ['password=', 'password="', '\\', "'"]) withoutSecrets(`password=${part.repeat(50_000)}`);
  assert.ok(process.cpuUsage().user - begin < 1_000_000);
});

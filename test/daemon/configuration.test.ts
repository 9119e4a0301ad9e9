import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConf } from '../../src/config/conf/model.ts';
import { reportLines } from '../../src/daemon/configuration.ts';

const lines = (text: string): string[] => reportLines(readConf(text, 'f')).map(({ level, text: said }) => `${level} ${said}`);

test('a problem is said as ser2net 4.3.11 says it, and with its true place to those who want to know more', () => {
  assert.deepEqual(lines('1:raw:0:echo:bogus\n').slice(0, 1), ['err Unknown config item: bogus on line 1']);
  assert.match(lines('1:raw:0:echo:bogus\n')[1]!, /^info f:1:14: error: 'bogus' is not an option/);
});

test('its hint follows it, on the same line', () => {
  assert.match(lines('1:raw:0:echo:bannr\n')[1]!, /^info f:1:14: error: .* \[unknown-option\] \(did you mean 'banner'\?\)$/);
  assert.match(lines('1:raw:0:echo:a\0\n')[0]!, /\]$/);
});

test('that a word of old versions is taken is said beside the words of the version that refuses it', () => {
  const [classic, own] = lines('1:raw:0:echo:hexdump\n');
  assert.equal(classic, 'err Unknown config item: hexdump on line 1');
  assert.match(
    own!,
    /^err f:1:14: warning: 'hexdump' is a word of ser2net 3 and older; it is read as 'trace-hexdump' \[old-spelling\] \(write 'trace-hexdump'\)$/,
  );
});

test('what ser2net 4.3.11 does not notice is an error when something is left out, and else for those who want to know more', () => {
  assert.match(lines('1:raw:0:echo:a\0\n')[0]!, /^err f:1:15: error: there is a NUL byte/);
  assert.match(lines('1:raw:-1:echo\n')[0]!, /^info f:1:7: warning: the timeout is/);
});

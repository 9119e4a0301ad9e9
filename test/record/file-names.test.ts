import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseIndex, printIndex } from '../../src/record/file-index.ts';
import { doneName, FileNames } from '../../src/record/file-names.ts';

const now = new Date(2024, 0, 2, 3, 4, 5);
const names = (template: string, name = 'console1', device?: string): FileNames =>
  new FileNames(template, { connectorText: 'serialdev,/dev/ttyS0', device, name, accepterText: 'tcp,2000', serialText: '', peer: '' });
/** Names as an attacker would choose them. */
const evil = fc
  .array(fc.constantFrom('..', '/', '.', '\\', 'a', '\0', '\n', '%', '\ud800', 'é'), { maxLength: 8 })
  .map((parts) => parts.join(''));

test('whatever a port is called, its files stay in their folder', () => {
  fc.assert(
    fc.property(evil, evil, fc.constantFrom('/v/\\N.raw', '/v/x-\\o\\N.log', '/v/\\o/\\N.pcapng'), (name, device, template) => {
      const made = names(template, name, device);
      for (const file of [made.at(now), made.index, doneName(made.at(now), now)]) {
        assert.ok(!file.includes('/') && file !== '' && file !== '.' && file !== '..', JSON.stringify(file));
        assert.equal(posix.dirname(posix.join(made.folder, file)), made.folder);
      }
      const inner = made.folder.slice('/v'.length);
      assert.ok(
        made.folder.startsWith('/v') && !/\/\.{1,2}(\/|$)/.test(inner) && inner.split('/').length <= 2,
        JSON.stringify(made.folder),
      );
    }),
  );
});

test('two ports never have one list of files, whatever they are called', () => {
  fc.assert(
    fc.property(evil, evil, (a, b) => {
      fc.pre(Buffer.from(a).toString() !== Buffer.from(b).toString());
      assert.notEqual(names('/v/a.raw', a).index, names('/v/a.raw', b).index);
    }),
  );
});

test('escapes are those of trace files, and in folders only those that never change', () => {
  assert.equal(names('/var/log/\\N-\\Y-\\m-\\D.pcapng').at(now), 'console1-2024-1-2.pcapng');
  assert.equal(names('/var/log/\\N/\\d.raw').folder, '/var/log/console1');
  assert.equal(names('/var/log/\\o/\\d.raw', 'console1', 'dev').folder, '/var/log/dev');
  assert.equal(names('/a.raw').folder, '/');
});

test('a list of files is read back as it was written, and what is no entry is left out', () => {
  const entry = fc.record({ begun: fc.nat(), name: fc.stringMatching(/^[a-z][a-z. ]{0,10}\.raw$/) });
  fc.assert(
    fc.property(fc.array(entry), (entries) =>
      assert.deepEqual(
        parseIndex(printIndex(entries)),
        entries.map((each) => ({ ...each })),
      ),
    ),
  );
  fc.assert(fc.property(fc.string(), (text) => void parseIndex(text)));
  assert.deepEqual(parseIndex('1 a/b\n2 ..\n3 .\nx y\n4 good.raw\n5 .ser2net-p.index\n'), [{ begun: 4, name: 'good.raw' }]);
});

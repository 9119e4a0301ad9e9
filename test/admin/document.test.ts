import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Answer } from '../../src/admin/answer.ts';
import { DocumentReader, type Field, fieldsOf, numberOf, textOf } from '../../src/admin/document.ts';

const read = (text: string): Field => {
  const [document] = new DocumentReader().push(text);
  assert.ok(document !== undefined, text);
  return document;
};

test('an answer reads back: texts with quotes and line ends, numbers, and repeated mappings', () => {
  const out = new Answer(true);
  out.begin('response');
  out.field('name', 'showport');
  for (const name of ["it's", 'two\nlines']) {
    out.block({ key: 'port', title: '', value: name }, () => {
      out.field('timeout', 5);
      out.block({ key: 'connected', title: '', value: 'ipv4,127.0.0.1,1' }, () => out.field('bytes read from TCP', 7));
      out.field('close state', 'retained');
    });
  }
  out.error('');
  out.end();
  const document = read(out.text);
  assert.equal(document.key, 'response');
  assert.deepEqual(
    fieldsOf(document, 'port').map((p) => [
      textOf(p, 'name'),
      numberOf(p, 'timeout'),
      textOf(p, 'close state'),
      fieldsOf(p, 'connected').length,
    ]),
    [
      ["it's", 5, 'retained', 1],
      ['two\nlines', 5, 'retained', 1],
    ],
  );
  assert.equal(textOf(document, 'error'), '');
});

test('documents are found however the text is cut, and what stands between them is skipped', () => {
  const one = new Answer(true);
  one.begin('response');
  one.field('name', 'version');
  one.end();
  const two = new Answer(true);
  two.begin('disconnect');
  two.field('name', 'con1');
  two.end();
  const text = `-> yaml\r\n${one.text}noise${two.text}`;
  for (let cut = 0; cut <= text.length; cut++) {
    const reader = new DocumentReader();
    const found = [...reader.push(text.slice(0, cut)), ...reader.push(text.slice(cut))];
    assert.deepEqual(
      found.map(({ key, fields }) => [key, fields[0]?.value]),
      [
        ['response', 'version'],
        ['disconnect', 'con1'],
      ],
      `cut at ${cut}`,
    );
  }
});

test('any text never throws, and takes no longer for being odd', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom('\r\n%YAML 1.1\r\n---\r\n', '\r\n...\r\n', "a: !!str '", "'\r\n", 'b: \r\n', '  ', 'c: !!int 5\r\n', ':', '\r\n'),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const reader = new DocumentReader();
      for (const text of pieces) reader.push(text);
    }),
  );
});

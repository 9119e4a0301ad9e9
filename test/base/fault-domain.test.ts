import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { bind, currentDomain, type FaultDomain, listenTo, nextMicrotask, onImmediate, runIn } from '../../src/base/fault-domain.ts';

function makeOwner(): FaultDomain & { readonly told: string[] } {
  const told: string[] = [];
  return { told, failed: (err) => void told.push((err as Error).message) };
}
const fail = (text: string) => (): void => {
  throw new Error(text);
};

test('what is thrown is told to the owner, and no further', () => {
  const [a, b] = [makeOwner(), makeOwner()];
  runIn(a, () => {
    runIn(b, fail('inner'));
    assert.equal(currentDomain(), a);
    fail('outer')();
  });
  assert.deepEqual([a.told, b.told, currentDomain()], [['outer'], ['inner'], undefined]);
});

test('without an owner it goes on up', () => {
  assert.throws(() => runIn(undefined, fail('up')), /up/);
  const same = fail('same');
  assert.equal(bind(same), same);
});

test('what is called later from outside belongs to who set it up', async () => {
  const owner = makeOwner();
  const emitter = new EventEmitter();
  let bound = fail('none');
  runIn(owner, () => {
    nextMicrotask(fail('soon'));
    onImmediate(fail('later'));
    bound = bind(fail('owned'));
    listenTo(emitter);
  });
  emitter.on('x', (text: string) => fail(text)());
  assert.equal(emitter.emit('x', 'event'), false);
  bound();
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(owner.told.sort(), ['event', 'later', 'owned', 'soon']);
});

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { read, remove, sweep, write } from '../../../gateway/web/widget/src/store.js';

/** A page's localStorage: entries are own properties, methods are inherited. */
class Storage {
  getItem(name) {
    return Object.hasOwn(this, name) ? this[name] : null;
  }
  setItem(name, value) {
    this[name] = String(value);
  }
  removeItem(name) {
    delete this[name];
  }
}

beforeEach(() => {
  globalThis.localStorage = new Storage();
});

function refuse() {
  Object.defineProperty(globalThis, 'localStorage', {
    configurable: true,
    get: () => {
      throw new DOMException('denied', 'SecurityError');
    },
  });
  return () =>
    Object.defineProperty(globalThis, 'localStorage', { writable: true, value: new Storage() });
}

test('a record can be read until its life is over', () => {
  mock.timers.enable({ apis: ['Date'], now: 1_000_000 });

  assert.equal(write('draft.x', { text: 'Hello' }, 5_000), true);
  mock.timers.tick(4_999);
  assert.equal(read('draft.x').text, 'Hello');
  mock.timers.tick(1);
  assert.equal(read('draft.x'), undefined);

  mock.timers.reset();
});

for (const broken of ['', '{', 'null', '7', '"x"', '[]', '{"until":"x"}']) {
  test(`${broken || 'nothing'} is no record`, () => {
    localStorage.setItem('commentgate.session', broken);

    assert.equal(read('session'), undefined);
  });
}

test('sweeping takes old and broken records of ours and leaves what others keep', () => {
  write('old', {}, -1);
  write('young', {}, 1_000);
  localStorage.setItem('commentgate.broken', '{');
  localStorage.setItem('theme', 'dark');

  sweep();

  assert.deepEqual(Object.keys(localStorage).sort(), ['commentgate.young', 'theme']);
});

test('storage that throws keeps nothing, and says so without throwing', () => {
  const allow = refuse();

  assert.ok(!write('x', {}, 1_000));
  assert.equal(read('x'), undefined);
  remove('x');
  sweep();

  allow();
});

test('a full storage says so', () => {
  localStorage.setItem = () => {
    throw new DOMException('full', 'QuotaExceededError');
  };

  assert.ok(!write('draft.x', { text: 'x'.repeat(9) }, 1_000));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';

// The module looks at the page's address when it is read.
globalThis.location = { hostname: 'blog.example.org', href: 'https://blog.example.org/post' };
const catalogue = await import('../../../gateway/web/widget/src/words.js');
const { pieces, say, speak } = catalogue;

test('a placeholder becomes its value wherever it stands', () => {
  assert.equal(pieces('{a} und {b}: {a}', { a: '1', b: '2' }).join(''), '1 und 2: 1');
});

test('a tag becomes what its function makes of the text, in any order', () => {
  const tags = { out: (text) => `[${text}]`, change: (text) => `(${text})` };

  const said = pieces('<change>Ändern</change> oder <out>Abmelden</out>.', tags);

  assert.equal(said.join(''), '(Ändern) oder [Abmelden].');
});

test('a value is never read as a message or as markup', () => {
  const said = pieces('Hello {name}!', { name: '{name} <out>x</out> <b>' });

  assert.equal(said.join(''), 'Hello {name} <out>x</out> <b>!');
});

test('a placeholder and a tag nobody fills stay as they are', () => {
  assert.equal(pieces('{x} <y>z</y>', {}).join(''), '{x} <y>z</y>');
});

test('an empty value is a value', () => {
  assert.equal(pieces('a{x}b<y>z</y>c', { x: '', y: () => '' }).join(''), 'abc');
});

test('a reason that is unknown is said to have failed', () => {
  assert.deepEqual(say('a-reason-of-tomorrow'), [catalogue.words.refused]);
});

test('a page in English asks for no other words', async () => {
  globalThis.fetch = () => assert.fail('asked');

  await speak('en');
  await speak('en-GB');

  assert.equal(catalogue.words.lang, 'en');
});

test('words that cannot be had leave English, and missing ones too', async () => {
  globalThis.fetch = async () => Promise.reject(new TypeError('offline'));
  await speak('de');
  assert.equal(catalogue.words.cancel, 'Cancel');

  globalThis.fetch = async () => Response.json({ lang: 'de', cancel: 'Abbrechen' });
  await speak('de');
  assert.equal(catalogue.words.cancel, 'Abbrechen');
  assert.equal(catalogue.words.again, 'Try again');
});

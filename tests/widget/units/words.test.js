import assert from 'node:assert/strict';
import { test } from 'node:test';

// The module looks at the page's address when it is read.
globalThis.location = { hostname: 'blog.example.org', href: 'https://blog.example.org/post' };
globalThis.document = {
  createElement: (tag) => ({
    setAttribute: () => {},
    append(...children) {
      this.toString = () => `[${tag} ${children.join('')}]`;
    },
  }),
};
const catalogue = await import('../../../gateway/web/widget/src/words.js');
const { pieces, say, speak } = catalogue;

test('a placeholder becomes its value wherever it stands, each apart from the text around', () => {
  const said = pieces('{a} und {b}: {a}', { a: '1', b: '2' });

  assert.equal(said.join(''), '[bdi 1] und [bdi 2]: [bdi 1]');
});

test('a tag becomes what its function makes of the text, in any order', () => {
  const tags = { out: (text) => `[${text}]`, change: (text) => `(${text})` };

  const said = pieces('<change>Ändern</change> oder <out>Abmelden</out>.', tags);

  assert.equal(said.join(''), '(Ändern) oder [Abmelden].');
});

test('a value is never read as a message or as markup', () => {
  const said = pieces('Hello {name}!', { name: '{name} <out>x</out> <b>' });

  assert.equal(said.join(''), 'Hello [bdi {name} <out>x</out> <b>]!');
});

test('a placeholder and a tag nobody fills stay as they are', () => {
  assert.equal(pieces('{x} <y>z</y>', {}).join(''), '{x} <y>z</y>');
});

test('an empty value is a value', () => {
  assert.equal(pieces('a{x}b<y>z</y>c', { x: '', y: () => '' }).join(''), 'a[bdi ]bc');
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

/** What the widget says after a gateway has answered so. */
async function spoken(answer) {
  globalThis.fetch = async () => answer;
  await speak('de');
  return catalogue.words;
}

const ENGLISH = { ...catalogue.words };
const GERMAN = Object.keys(ENGLISH).map((key) => `${key} auf Deutsch`);

test('texts are put back under the keys of English by their place', async () => {
  const words = await spoken(Response.json(GERMAN));

  assert.deepEqual(Object.keys(words), Object.keys(ENGLISH));
  for (const key in words) assert.equal(words[key], `${key} auf Deutsch`);
});

test('a text that is missing or empty is English', async () => {
  const shorter = await spoken(Response.json(['de', 'ltr', '', 'Unten']));

  assert.deepEqual(shorter, { ...ENGLISH, lang: 'de', choose_or_guest: 'Unten' });
});

test('texts that this widget does not know yet are left out', async () => {
  const words = await spoken(Response.json([...GERMAN, 'von morgen']));

  assert.deepEqual(Object.keys(words), Object.keys(ENGLISH));
});

test('what cannot be had, or is no list of texts, leaves the words as they were', async () => {
  const before = catalogue.words;
  const others = [{ lang: 'de' }, { map: 1 }, 'de', 7, null, [7], ['de', null], [['de']], [{ trim: 1 }]];

  for (const other of others) assert.equal(await spoken(Response.json(other)), before);
  assert.equal(await spoken(new Response('<h1>de</h1>')), before);
  assert.equal(await spoken(new Response('[]', { status: 404 })), before);
  assert.equal(await spoken(Promise.reject(new TypeError('offline'))), before);
});

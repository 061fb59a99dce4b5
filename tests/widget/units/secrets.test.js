import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

globalThis.addEventListener = () => {};
// A channel would keep Node waiting for messages; the widget does without where there is none.
globalThis.BroadcastChannel = undefined;
globalThis.location = {
  hostname: 'blog.example.org',
  hash: '',
  href: 'https://blog.example.org/post',
};
const attempts = await import('../../../gateway/web/widget/src/attempts.js');
const { isAnswer } = await import('../../../gateway/web/widget/src/form.js');

test('base64url is that of RFC 7636, appendix B', () => {
  const octets = [
    116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77,
    105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
  ];

  const text = attempts.base64url(Uint8Array.from(octets));

  assert.equal(text, 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk');
});

test('a pair has a verifier, its challenge and a state, of the lengths the gateway takes', async () => {
  await attempts.prepare();
  const { verifier, challenge, state } = attempts.pair;

  assert.equal(challenge, createHash('sha256').update(verifier).digest('base64url'));
  assert.match(verifier, /^[\w-]{43}$/);
  assert.match(challenge, /^[\w-]{43}$/);
  assert.match(state, /^[\w-]{22,64}$/);
});

test('no two pairs have anything in common', async () => {
  await attempts.prepare();
  const first = attempts.pair;
  await attempts.prepare();

  assert.notEqual(attempts.pair.verifier, first.verifier);
  assert.notEqual(attempts.pair.state, first.state);
});

const STATE = 'abcdefghijklmnopqrstuv';

/** What `arrive` makes of an address: what it took, and the address it left. */
function arriveAt(hash) {
  let left = hash;
  globalThis.history = {
    state: { theme: 1 },
    replaceState: (state, _, url) => (left = [state, url]),
  };
  globalThis.location = { hash, href: 'https://blog.example.org/post?p=4' + hash };
  attempts.arrive();
  return [attempts.arrival, left];
}

for (const hash of [
  '',
  '#',
  '#comments',
  '#/posts/1',
  '#gw',
  '#gw=',
  `#gw=${STATE}`,
  '#gw=short.code',
]) {
  test(`a fragment of the page's own is left alone: ${hash}`, () => {
    assert.deepEqual(arriveAt(hash), [null, hash]);
  });
}

test("a code is taken out of the address, which keeps its query and the theme's state", () => {
  const [arrival, left] = arriveAt(`#gw=${STATE}.Code-1_2~3.4`);

  assert.deepEqual([arrival.type, arrival.state, arrival.code], ['code', STATE, 'Code-1_2~3.4']);
  assert.deepEqual(left, [{ theme: 1 }, 'https://blog.example.org/post?p=4']);
});

test('an error is taken likewise', () => {
  const [arrival] = arriveAt(`#gw_error=${STATE}.denied`);

  assert.deepEqual([arrival.type, arrival.state, arrival.reason], ['error', STATE, 'denied']);
});

test('only a page reached through a redirect answers a form that was accepted', () => {
  assert.ok(isAnswer({ redirectCount: 1 }));
  assert.ok(!isAnswer({ redirectCount: 0 }));
  assert.ok(!isAnswer(undefined));
});

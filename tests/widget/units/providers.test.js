import assert from 'node:assert/strict';
import { test } from 'node:test';

globalThis.location = { hostname: 'blog.example.org' };
const { notices, offered } = await import('../../../gateway/web/widget/src/providers.js');
const { names } = await import('../../../gateway/web/widget/src/words.js');

const X = { key: 'twitter', label: 'X', icon: 'M0 0', available: true };

test('providers come in the order of the site, with whatever else they bring', () => {
  const facebook = { key: 'facebook', label: 'Facebook', available: false, colour: 'blue' };

  assert.deepEqual(offered({ providers: [facebook, X], more: 1 }), [facebook, X]);
});

test('an entry without key or label is left out', () => {
  const broken = [null, 7, 'x', {}, { key: 'a' }, { label: 'b' }];

  assert.deepEqual(offered({ providers: [...broken, X] }), [X]);
});

for (const answer of [null, {}, [], { providers: null }, { providers: [] }, { providers: [{}] }]) {
  test(`no provider can be had from ${JSON.stringify(answer)}`, () => {
    assert.throws(() => offered(answer));
  });
}

test('names and notices are taken where they are given', () => {
  const gateway = { name: 'The gate', privacy_url: 'https://id.example.org/privacy' };
  const site = { name: "Ada's blog", privacy_url: null };

  offered({ gateway, site, providers: [X] });

  assert.deepEqual(names, { gateway: 'The gate', site: "Ada's blog" });
  assert.deepEqual(notices, { gateway: 'https://id.example.org/privacy', site: null });

  offered({ providers: [X] });
  assert.deepEqual(names, { gateway: 'The gate', site: "Ada's blog" });
});

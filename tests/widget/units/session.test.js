import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

// What the modules want of a page: its storage, its clock and its events.
const kept = new Map();
globalThis.localStorage = {
  getItem: (name) => kept.get(name) ?? null,
  setItem: (name, value) => kept.set(name, value),
  removeItem: (name) => kept.delete(name),
};
globalThis.location = { href: 'https://blog.example.org/post', hostname: 'blog.example.org' };
globalThis.addEventListener = () => {};
// A channel would keep Node waiting for messages; the widget does without where there is none.
globalThis.BroadcastChannel = undefined;
globalThis.document = { hidden: false };
globalThis.navigator ??= {};

const { belong } = await import('../../../gateway/web/widget/src/gateway.js');
const session = await import('../../../gateway/web/widget/src/session.js');

const HOUR = 3_600;
const ADA = { sub: 's1', name: 'Ada', provider: 'twitter' };
let asked = [];

/** The gateway of these tests: answers the next request so, and notes what it was asked. */
function gateway(status, body) {
  globalThis.fetch = async (url, { body: fields }) => {
    asked.push([url, Object.fromEntries(fields)]);
    return typeof body === 'string'
      ? new Response(body, { status })
      : Response.json(body, { status });
  };
}

const grant = (token, more) => ({
  access_token: token,
  refresh_token: 'r-' + token,
  expires_in: HOUR,
  user: ADA,
  ...more,
});

beforeEach(async () => {
  mock.timers.reset();
  belong('https://id.example.org', 'blog');
  gateway(200, {});
  if (session.session) await session.end(session.session);
  kept.clear();
  asked = [];
});

test('a code becomes a session that the next page finds', async () => {
  gateway(200, grant('t1'));

  const failure = await session.redeem('c', 'v', 'X');

  assert.equal(failure, '');
  assert.deepEqual(asked, [
    [
      'https://id.example.org/token',
      { grant_type: 'authorization_code', code: 'c', code_verifier: 'v', client_id: 'blog' },
    ],
  ]);
  assert.equal(JSON.parse(kept.get('commentgate.session')).token, 't1');
  assert.equal(session.session.user.name, 'Ada');
  assert.ok(session.isFresh());
});

for (const [status, body, reason] of [
  [400, { error: 'invalid_grant' }, 'refused'],
  [403, { error: 'access_denied' }, 'refused'],
  [429, { error: 'slow_down' }, 'busy'],
  [500, 'oops', 'busy'],
  [503, { error: 'temporarily_unavailable' }, 'busy'],
  [200, 'a captive portal', 'offline'],
  [200, {}, 'offline'],
  [200, grant('t', { user: null }), 'offline'],
  [200, grant('t', { expires_in: 'soon' }), 'offline'],
]) {
  test(`${status} ${JSON.stringify(body)} is no session: ${reason}`, async () => {
    gateway(status, body);

    assert.equal(await session.redeem('c', 'v', 'X'), reason);
    assert.equal(session.session, null);
    assert.equal(asked.length, 1);
  });
}

test('a gateway that cannot be reached is asked once', async () => {
  let calls = 0;
  globalThis.fetch = async () => {
    calls += 1;
    throw new TypeError('Failed to fetch');
  };

  assert.equal(await session.redeem('c', 'v', 'X'), 'offline');
  assert.equal(calls, 1);
});

for (const [name, hours] of [
  ['an hour slow', -1],
  ['an hour fast', 1],
  ['right', 0],
]) {
  test(`with a clock that is ${name} a token lives as long as the gateway said`, async () => {
    mock.timers.enable({ apis: ['Date'], now: 1_750_000_000_000 + hours * HOUR * 1000 });
    gateway(200, grant('t'));
    await session.redeem('c', 'v', 'X');

    mock.timers.tick((HOUR - 61) * 1000);
    assert.ok(session.isFresh());
    mock.timers.tick(2_000);
    assert.ok(!session.isFresh());
    assert.ok(session.left() > 0);
    mock.timers.tick(60_000);
    assert.ok(session.left() <= 0);
  });
}

test('a clock that was set back makes the token renewed, never trusted for longer', async () => {
  mock.timers.enable({ apis: ['Date'], now: 1_750_000_000_000 });
  gateway(200, grant('t'));
  await session.redeem('c', 'v', 'X');

  mock.timers.setTime(1_750_000_000_000 - 1_000);

  assert.equal(session.left(), 0);
});

test('a fresh token is not renewed, an old one is, and both callers share one request', async () => {
  mock.timers.enable({ apis: ['Date'], now: 1_750_000_000_000 });
  gateway(200, grant('t1'));
  await session.redeem('c', 'v', 'X');
  gateway(200, grant('t2', { user: undefined }));

  await session.renew();
  assert.equal(asked.length, 1);
  mock.timers.tick((HOUR - 30) * 1000);
  const failures = await Promise.all([session.renew(), session.renew()]);

  assert.deepEqual(failures, ['', '']);
  assert.deepEqual(asked.slice(1), [
    [
      'https://id.example.org/token',
      { grant_type: 'refresh_token', refresh_token: 'r-t1', client_id: 'blog' },
    ],
  ]);
  assert.equal(session.session.token, 't2');
  assert.equal(session.session.user.name, 'Ada');
});

test('a renewal that is refused ends the session, one that fails does not', async () => {
  mock.timers.enable({ apis: ['Date'], now: 1_750_000_000_000 });
  gateway(200, grant('t1'));
  await session.redeem('c', 'v', 'X');
  mock.timers.tick(HOUR * 1000);

  gateway(503, {});
  assert.equal(await session.renew(), 'busy');
  assert.equal(session.session.token, 't1');

  const reasons = [];
  session.watchers.add((reason) => reasons.push(reason));
  gateway(400, { error: 'invalid_grant' });
  assert.equal(await session.renew(), 'refused');
  session.watchers.clear();
  assert.equal(session.session, null);
  assert.deepEqual(reasons, ['ended']);
});

test('a renewal that comes back after Log out brings nobody back', async () => {
  mock.timers.enable({ apis: ['Date'], now: 1_750_000_000_000 });
  gateway(200, grant('t1'));
  await session.redeem('c', 'v', 'X');
  mock.timers.tick(HOUR * 1000);
  let answer;
  globalThis.fetch = () => new Promise((resolve) => (answer = resolve));
  const renewing = session.renew();
  while (!answer) await new Promise((resolve) => setImmediate(resolve));

  gateway(200, {});
  await session.end(session.session);
  answer(Response.json(grant('t2')));
  await renewing;

  assert.equal(session.session, null);
  assert.equal(kept.get('commentgate.session'), undefined);
});

test('Log out sends the refresh token to the gateway and forgets it here', async () => {
  gateway(200, grant('t1'));
  await session.redeem('c', 'v', 'X');
  gateway(200, {});

  await session.end(session.session);

  assert.deepEqual(asked[1], [
    'https://id.example.org/revoke',
    { token: 'r-t1', client_id: 'blog' },
  ]);
  assert.equal(session.session, null);
  assert.equal(kept.get('commentgate.session'), undefined);
});

test('what another tab kept is taken over, unless it is of another site or broken', async () => {
  const record = { token: 't', refresh: 'r', life: 1e6, time: Date.now(), since: 1, label: 'X' };
  // Not within a second of what the tab has heard itself.
  const now = performance.now();
  const later = mock.method(performance, 'now', () => now + 2000);
  const keep = (more) => {
    const until = Date.now() + 1e6;
    kept.set('commentgate.session', JSON.stringify({ ...record, until, ...more }));
    session.look();
    return session.session?.token;
  };

  assert.equal(keep({ site: 'garden', user: ADA }), undefined);
  assert.equal(keep({ site: 'blog' }), undefined);
  assert.equal(keep({ site: 'blog', user: ADA }), 't');
  later.mock.restore();
});

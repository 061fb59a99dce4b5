/** The commenter's session: shared by all tabs, renewed before its token ends, ended by log-out. */

import { ask, site } from './gateway.js';
import { read, remove, tried, write } from './store.js';
import { hearers, tell } from './tabs.js';

const TWO_WEEKS = 14 * 24 * 3_600_000;

/**
 * @typedef {object} Session
 * @property {string} site
 * @property {string} token
 * @property {string} refresh
 * @property {number} life  how long the token lives, in milliseconds
 * @property {number} time  when it was given, by this machine's clock
 * @property {number} since  when the commenter signed in
 * @property {string} label  the provider's name
 * @property {import('../../static/widget.d.ts').CommentgateUser} user
 */

/** @type {Session | null} */
export let session = null;

/** Called when the session began, changed or ended, with the reason where nobody wished it. */
/** @type {Set<(reason?: string) => void>} */
export const watchers = new Set();

/** @type {boolean | undefined} */
let stored = tried(() => !!localStorage);
let given = -1000;
/** @type {Promise<string> | null} */
let renewing = null;

/**
 * @param {any} next
 * @param {boolean} [ours]  whether this tab made it, so that the others must be told
 * @param {string} [reason]
 */
function become(next, ours, reason) {
  if (!next?.user?.name || next.site !== site) next = null;
  if (next?.token === session?.token) return;
  session = next;
  given = performance.now();
  if (ours) {
    if (next) stored = write('session', next, TWO_WEEKS);
    else remove('session');
    tell({ type: 'session', session });
  }
  for (const watcher of watchers) watcher(reason);
}

/**
 * Reads again what other tabs may have changed. Not within a second of having heard it: Firefox
 * tells of a session some milliseconds before it can be read, and the old one would come back.
 */
export const look = () =>
  stored && performance.now() - given > 1000 && become(read('session'));

/** How long the token still lives, in milliseconds. No clock is compared with another one. */
export function left() {
  if (!session) return 0;
  const age = Date.now() - session.time;
  // The clock was set back: how old the token is cannot be known.
  return age < 0 ? 0 : session.life - Math.max(age, performance.now() - given);
}

/**
 * Asks for a session token; answers a reason where there is none.
 * @param {Record<string, string>} fields
 * @param {string} label
 * @param {Session} [before]  the session that is renewed
 */
async function open(fields, label, before) {
  try {
    const {
      access_token: token,
      refresh_token: refresh,
      expires_in,
      user = before?.user,
    } = await ask('/token', fields);
    const life = expires_in * 1000;
    if (!token || !user.name || !life) return 'offline';
    // Nothing to keep when somebody has logged out in the meantime.
    if (before === (before && session)) {
      const time = Date.now();
      become({ site, token, refresh, life, time, since: before?.since ?? time, label, user }, true);
    }
    return '';
  } catch (status) {
    // Without an answer there is no status. From 429 on the gateway may be able to answer later.
    const code = /** @type {number} */ (status);
    return code < 429 ? 'refused' : code > 0 ? 'busy' : 'offline';
  }
}

/**
 * @param {string} code
 * @param {string} verifier
 * @param {string} label
 */
export const redeem = (code, verifier, label) =>
  open({ grant_type: 'authorization_code', code, code_verifier: verifier }, label);

/**
 * Whether the token will live for more than this share of its life: a minute of an hour.
 * @param {number} [share]
 */
export const isFresh = (share = 1 / 60) => left() > /** @type {number} */ (session?.life) * share;

/**
 * Makes sure of a fresh token; answers a reason when that failed. Only one tab asks at a time, and
 * the others take over what it got.
 * @param {number} [share]
 */
export function renew(share) {
  const work = async () => {
    // What the tab before us was given is heard some milliseconds after it has let go.
    if (!isFresh(share)) await new Promise((done) => setTimeout(done, 200));
    look();
    const before = session;
    if (!before || isFresh(share)) return '';
    const { refresh, label } = before;
    const failure = await open(
      { grant_type: 'refresh_token', refresh_token: refresh },
      label,
      before,
    );
    if (failure === 'refused' && before === session) become(null, true, 'ended');
    return failure;
  };
  // Where the browser keeps no data of the blog, has no locks, or another tab stands still in the
  // middle, every tab works for itself.
  const inTurn = async () =>
    navigator.locks.request('commentgate', { signal: AbortSignal.timeout(10_000) }, work);
  return (renewing ??= inTurn()
    .catch(work)
    .finally(() => (renewing = null)));
}

/** Keeps the token fresh while the page is shown. */
export const refresh = () => document.hidden || renew(1 / 12);

/** Ends the session here, in the other tabs and at the gateway; rejected if that did not hear. */
export function end(/** @type {Session} */ { refresh: token }) {
  become(null, true);
  return ask('/revoke', { token });
}

hearers.session = (message) => become(message.session);
addEventListener('pageshow', look);

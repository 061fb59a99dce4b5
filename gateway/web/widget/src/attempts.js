/**
 * Sign-ins under way. Each has a state, which everybody may see, and a verifier, which the page keeps
 * to itself until it redeems the code; a code is worth nothing without its verifier.
 */

import { address, base } from './gateway.js';
import { redeem } from './session.js';
import { read, remove, write } from './store.js';
import { hearers, tell } from './tabs.js';

/** How long an attempt may take, in milliseconds; the gateway's own limit. */
export const LIFE = 600_000;
const ACK_WAIT = 800;

/**
 * @typedef {import('./tabs.js').Message} Message
 *
 * @typedef {object} Attempt
 * @property {string} verifier
 * @property {string} key  of the provider
 * @property {string} label  its name
 * @property {boolean} page  whether the page was left for it, instead of opening a window
 * @property {string} [ticket]  of the comment that waits for it
 *
 * @typedef {object} View  the element that shows an attempt
 * @property {(key: string, state: string, attempt: Attempt) => void} wait
 * @property {(reason: string, state?: string, label?: string) => void} failed
 * @property {(attempt: Attempt) => void} resume  sends what has waited for it
 *
 * @typedef {{attempt: Attempt, view: View, popup?: Window | null}} Running
 */

/** Those of this page by their states; empty for one that has been taken. */
/** @type {Map<string | undefined, Partial<Running>>} */
const running = new Map();
/** What came in this page's address. */
/** @type {Message | null} */
export let arrival = null;
/** The secrets of the next attempt. */
/** @type {{verifier: string, state: string, challenge: string} | null} */
export let pair = null;

/** @param {Uint8Array} bytes */
export const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=/g, '');

/** Random text nobody can guess, of so many bytes. */
export const random = (/** @type {number} */ size) =>
  base64url(crypto.getRandomValues(new Uint8Array(size)));

/**
 * Makes the next pair. Before the click, because hashing waits, and a browser that has waited no
 * longer sees the click as the reason for a new window.
 */
export async function prepare() {
  pair = null;
  const verifier = random(32);
  const digest = await crypto.subtle?.digest('SHA-256', new TextEncoder().encode(verifier));
  if (digest) pair = { verifier, state: random(16), challenge: base64url(new Uint8Array(digest)) };
}

/**
 * Begins an attempt; tells whether it would survive leaving this page.
 * @param {string} state
 * @param {Attempt} attempt
 * @param {Window | null | undefined} popup
 * @param {View} view
 */
export function begin(state, attempt, popup, view) {
  running.set(state, { attempt, view, popup });
  prepare();
  return write(state, attempt, LIFE);
}

/** Forgets an attempt; answers what it was. */
export function take(/** @type {string} */ state) {
  const taken = running.get(state);
  running.set(state, {});
  remove(state);
  return taken;
}

/** @param {any} message */
async function finish({ type, state, code, reason }) {
  const { attempt, view, popup } = /** @type {Running} */ (take(state));
  if (!attempt) return;
  const failure = type === 'code' ? await redeem(code, attempt.verifier, attempt.label) : reason;
  if (failure) view.failed(failure, state, attempt.label);
  // Not in a window that was opened for the sign-in: the page that opened it would send it, too.
  else if (popup || attempt.page) view.resume(attempt);
}

/**
 * Another tab may hold the attempt: offers it what arrived and waits for its word.
 * @param {Message} message
 * @returns {Promise<true | void>}
 */
const handOver = (message) =>
  new Promise((resolve) => {
    hearers.ack = ({ state }) => state === message.state && resolve(true);
    setTimeout(resolve, ACK_WAIT);
    message.until = Date.now() + ACK_WAIT;
    tell(message);
  });

/** Takes what the gateway left in the address out of it, before anybody can copy or log it. */
export function arrive() {
  const [, error, state, rest] =
    /^#gw(_error)?=([\w-]{22,64})\.([\w.~-]+)$/.exec(location.hash) ?? [];
  if (!state) return;
  history.replaceState(history.state, '', address());
  arrival = { type: error ? 'error' : 'code', state, code: rest, reason: rest };
}

/**
 * Goes on with what arrived. The tab that began the attempt takes it when it is still there, and
 * this window closes; otherwise this page does.
 * @param {View} view
 */
export async function deliver(view) {
  const message = /** @type {any} */ (arrival);
  const { state } = message;
  arrival = null;
  const attempt = running.get(state)?.attempt ?? read(state);
  if (attempt) view.wait('connecting', state, attempt);
  if (!attempt?.page && (await handOver(message))) {
    view.failed('', state);
    close();
  } else if (attempt) {
    running.set(state, { attempt, view });
    finish(message);
  } else {
    view.failed('elsewhere');
  }
}

hearers.code = hearers.error = (message) => {
  // A tab that was too busy to answer in time leaves it to the window that has asked.
  if (!running.has(message.state) || message.until < Date.now()) return;
  tell({ type: 'ack', state: message.state });
  finish(message);
};
addEventListener('message', ({ origin, source, data }) => {
  const popup = running.get(data?.state)?.popup;
  if (origin !== base || !popup || popup !== source || !/code|error/.test(data.type)) return;
  popup.postMessage({ gw: 1, type: 'ack', state: data.state }, origin);
  finish(data);
});

/** Sign-ins under way: each has a state everybody may see and a verifier that never leaves here. */

import { prune, read, write } from './store.js';

/** How long an attempt may take, in milliseconds; the gateway's own limit. */
export const LIFE = 600_000;

/**
 * @typedef {object} Pair
 * @property {string} verifier
 * @property {string} state
 * @property {string} challenge
 *
 * @typedef {object} Attempt
 * @property {string} verifier
 * @property {string} state
 * @property {string} site
 * @property {string} provider
 * @property {string} label
 * @property {string} mode  popup or page
 * @property {number} time  when it began, in milliseconds
 *
 * @typedef {object} Running  an attempt that this tab began
 * @property {Attempt} attempt
 * @property {Window | null} popup
 */

/** @param {Uint8Array} bytes */
export function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=/g, '');
}

/** @param {number} size */
const random = (size) => base64url(crypto.getRandomValues(new Uint8Array(size)));

/**
 * The secrets of the next attempt. Made before the click, because hashing waits and a browser
 * that has waited no longer sees the click as the reason for a new window.
 * @returns {Promise<Pair>}
 */
export async function prepare() {
  const verifier = random(32);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  return { verifier, state: random(16), challenge: base64url(new Uint8Array(digest)) };
}

/** A window name nobody can guess. */
export const windowName = () => random(12);

/**
 * Keeps an attempt for whichever tab its code comes back to; tells whether storage let us.
 * @param {Attempt} attempt
 */
export function keep(attempt) {
  prune('attempt.', LIFE);
  return write('attempt.' + attempt.state, attempt);
}

/**
 * @param {string} state
 * @returns {Attempt | null}
 */
export function find(state) {
  prune('attempt.', LIFE);
  return read('attempt.' + state);
}

/** @param {string} state */
export const forget = (state) => write('attempt.' + state, null);

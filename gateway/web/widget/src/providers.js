/** What the gateway says about a site: its services and the names for the privacy sentence. */

import { names } from './words.js';

/**
 * @typedef {object} Provider
 * @property {string} key
 * @property {string} label  a proper name, never translated
 * @property {string} [icon]  path data of a mark on a square of 24
 * @property {boolean} [available]
 */

/** Where the privacy notices of the gateway and of the site are. */
/** @type {Record<string, string>} */
export const notices = {};

/**
 * The providers of a `providers.json` that can be shown; throws when there is none. Whatever else
 * is unknown, missing or broken in it does no harm.
 * @param {any} json
 * @returns {Provider[]}
 */
export function offered(json) {
  for (const who in names) {
    const { name, privacy_url } = json[who] ?? {};
    if (name) names[who] = name;
    notices[who] = privacy_url;
  }
  const providers = json.providers.filter((/** @type {any} */ one) => one?.key && one.label);
  if (!providers[0]) throw json;
  return providers;
}

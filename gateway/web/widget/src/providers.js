/** What the gateway says about a site: its services and the names for the privacy sentence. */

/**
 * @typedef {object} Provider
 * @property {string} key
 * @property {string} label  a proper name, never translated
 * @property {string} icon  path data of a 24 by 24 mark, may be empty
 * @property {boolean} available
 *
 * @typedef {object} Notice
 * @property {string} name
 * @property {string} url  where its privacy notice is, empty when there is none
 *
 * @typedef {object} Offer
 * @property {Notice} site
 * @property {Notice} gateway
 * @property {Provider[]} providers
 */

/** @param {unknown} value */
const text = (value) => (typeof value === 'string' ? value : '');

/**
 * @param {any} party
 * @param {string} name
 * @returns {Notice}
 */
const notice = (party, name) => ({
  name: text(party?.name) || name,
  url: /^https?:/.test(text(party?.privacy_url)) ? party.privacy_url : '',
});

/**
 * Reads `providers.json` and forgives unknown and missing parts; throws when no service is left.
 * @param {any} json
 * @param {string} gateway  the host to name where the gateway has no name
 * @param {string} site  likewise for the site
 * @returns {Offer}
 */
export function parse(json, gateway, site) {
  const providers = json.providers
    .filter((/** @type {any} */ one) => text(one?.key) && text(one.label))
    .map((/** @type {any} */ one) => ({
      key: one.key,
      label: one.label,
      icon: text(one.icon),
      available: one.available !== false,
    }));
  if (!providers.length) throw new Error('no services');
  return { site: notice(json.site, site), gateway: notice(json.gateway, gateway), providers };
}

/**
 * The providers an attribute names, in its order; all of them without one.
 * @param {Provider[]} providers
 * @param {string | null} names
 */
export function chosen(providers, names) {
  if (!names?.trim()) return providers;
  const wanted = names.trim().split(/\s+/);
  const listed = wanted.flatMap((key) => providers.filter((one) => one.key === key));
  return listed.length ? listed : providers;
}

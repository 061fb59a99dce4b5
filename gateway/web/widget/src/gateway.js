/** The gateway and the site. A page has one of each: no two sites may share an origin. */

/** The gateway's origin. */
export let base = '';
/** The site's id. */
export let site = '';

/**
 * @param {string} gateway
 * @param {string} id
 */
export function belong(gateway, id) {
  base = gateway;
  site = id;
}

/** Where this page is, without a fragment. */
export const address = () => location.href.split('#')[0];

/**
 * Asks the gateway for JSON; with fields by a form-encoded POST.
 * @param {string} path
 * @param {Record<string, string>} [fields]
 * @returns {Promise<any>} rejected with a status, or with an error where there was no answer
 */
export async function ask(path, fields) {
  const answer = await fetch(base + path, {
    method: fields && 'POST',
    body: fields && new URLSearchParams({ ...fields, client_id: site }),
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    signal: AbortSignal.timeout(10_000),
  });
  return answer.ok ? answer.json() : Promise.reject(answer.status);
}

/** What people see of the services and of themselves. */

import { base } from './gateway.js';
import { button, dress, face, make, mark } from './nodes.js';
import { notices } from './providers.js';
import { staysHere } from './send.js';
import { names, say } from './words.js';

/**
 * @param {import('./providers.js').Provider} provider
 * @param {string | null} look  a title tells what a mark without text means
 * @param {(control: HTMLElement) => void} press
 */
export function providerButton({ key, label, icon, available }, look, press) {
  const words = say('continue', {
    provider: label,
    window: (/** @type {string} */ text) => (staysHere ? '' : make('span', 'quiet', text)),
  });
  const text = make('span', 'label', ...words);
  return dress(button('button button-' + key, press, mark(icon), text), {
    'aria-disabled': available === false,
    title: look ? text.textContent : '',
  });
}

/** What will be read, and where that is explained. */
export function privacyNotice() {
  const sentence = say('privacy');
  for (const who in notices) {
    const link = make('a', 'notice', ...say('notice', { name: names[who] }));
    if (notices[who]) sentence.push(' ', dress(link, { href: notices[who] }));
  }
  return sentence;
}

/**
 * The picture, the name and the sentence with Log out and Change in it.
 * @param {import('./session.js').Session} session
 * @param {boolean} near  whether the picture may be asked for
 * @param {() => void} signOut
 * @param {HTMLElement} change
 */
export function commenter({ user, label }, near, signOut, change) {
  const line = say('signed_in', {
    provider: label,
    out: (/** @type {string} */ text) => button('out link', signOut, text),
    change: (/** @type {string} */ text) => (change.replaceChildren(text), change),
  });
  return [
    face(user.name, near ? user.picture : '', base),
    make('div', 'who', make('bdi', 'name', user.name), make('div', 'account', ...line)),
  ];
}

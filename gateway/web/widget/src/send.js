/** How a sign-in leaves the page: a form posted in a new window, or in this one. */

import { random } from './attempts.js';
import { dress } from './nodes.js';
import { tried } from './store.js';

/** Whether this page stands in another one, where nothing of the gateway can be shown. */
export const framed = top !== self;

/**
 * Whether this browser does better without a second window. Views inside other apps, on Android and
 * on Apple's devices, lose or block new windows; a narrow touch screen has no room for one.
 */
export const staysHere =
  !framed &&
  (/; wv\)|FBA|Line\/|iP(?!.*Safari)/.test(navigator.userAgent) ||
    matchMedia('(pointer:coarse) and (max-width:600px)').matches);

/** An empty window, or nothing where the browser refuses one or gives something else. */
export const openWindow = () =>
  tried(() => {
    const popup = open('', random(9), 'popup,width=520,height=700');
    return popup?.document.body && popup;
  });

/**
 * Posts the fields to the gateway from a document: the new window's own, or the page that is left.
 * @param {Document} doc
 * @param {string} action
 * @param {Record<string, string>} fields
 * @param {() => void} forbidden  called when the page's form-action policy does not allow it
 */
export function submit(doc, action, fields, forbidden) {
  const add = (
    /** @type {Element} */ parent,
    /** @type {string} */ tag,
    /** @type {Record<string, string>} */ attributes,
  ) => parent.appendChild(dress(doc.createElement(tag), attributes));
  // With this the gateway sees the page's Origin even where the blog says no-referrer.
  add(doc.head, 'meta', { name: 'referrer', content: 'origin' });
  const form = /** @type {HTMLFormElement} */ (add(doc.body, 'form', { method: 'post', action }));
  for (const name in fields) add(form, 'input', { type: 'hidden', name, value: fields[name] });
  doc.addEventListener(
    'securitypolicyviolation',
    (event) => event.effectiveDirective === 'form-action' && forbidden(),
  );
  try {
    form.submit();
  } catch {
    // Firefox throws where form-action forbids the target; the others only tell by the event.
    forbidden();
  }
  form.remove();
}

/** How a sign-in leaves the page: a form posted in a new window, or in this one. */

import { windowName } from './attempts.js';

// Views inside other apps lose or block new windows; so do narrow screens under a finger.
const INSIDE_AN_APP =
  /; wv\)|FBA[NV]|Instagram|Line\/|MicroMessenger|LinkedInApp|Snapchat|Twitter|(iPhone|iPad)(?!.*Safari\/)/;

/** Whether this browser does better without a second window. */
export const prefersThisWindow = () =>
  INSIDE_AN_APP.test(navigator.userAgent) ||
  matchMedia('(pointer: coarse) and (max-width: 600px)').matches;

/** An empty window, or null where the browser refuses one. */
export function openWindow() {
  try {
    const left = screenX + Math.max(0, (outerWidth - 520) / 2);
    return open('about:blank', windowName(), `popup,width=520,height=700,left=${left},top=${screenY + 60}`);
  } catch {
    return null;
  }
}

/**
 * Posts the fields to the gateway from a document: the new window's own, or the page that is left.
 * `forbidden` is called when the page's form-action policy does not let it.
 * @param {Document} doc
 * @param {string} action
 * @param {Record<string, string>} fields
 * @param {() => void} forbidden
 */
export function post(doc, action, fields, forbidden) {
  // With this the gateway sees the page's Origin even where the blog says no-referrer.
  const meta = doc.createElement('meta');
  meta.name = 'referrer';
  meta.content = 'origin';
  const form = doc.createElement('form');
  form.method = 'post';
  form.action = action;
  for (const [name, value] of Object.entries(fields)) {
    const input = doc.createElement('input');
    input.type = 'hidden';
    input.name = name;
    input.value = value;
    form.append(input);
  }
  doc.head.append(meta);
  doc.body.append(form);
  doc.addEventListener('securitypolicyviolation', (event) => {
    if (event.effectiveDirective === 'form-action') forbidden();
  });
  try {
    form.submit();
  } catch {
    // Firefox throws where form-action forbids the target, the others only tell by the event.
    forbidden();
  }
  form.remove();
}

/**
 * Gives the new window words to show while the gateway answers.
 * @param {Document} doc
 * @param {string} words
 * @param {string} language
 * @param {string} direction
 */
export function announce(doc, words, language, direction) {
  doc.title = words;
  doc.documentElement.lang = language;
  doc.documentElement.dir = direction;
  doc.documentElement.style.colorScheme = 'light dark';
  doc.body.style.font = '1.1rem system-ui, sans-serif';
  doc.body.style.padding = '2rem';
  doc.body.append(words);
}

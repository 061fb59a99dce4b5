/**
 * The comment form around the buttons: its token field, its guest fields, how it is sent, and the
 * draft, which is kept in the blog's own storage until the comment is accepted.
 */

import { arrival } from './attempts.js';
import { address } from './gateway.js';
import { dress, make } from './nodes.js';
import { isFresh, renew, session } from './session.js';
import { read, remove, write } from './store.js';

const MONTH = 30 * 24 * 3_600_000;
const TEN_MINUTES = 600_000;

/**
 * @typedef {object} Draft
 * @property {string} text
 * @property {number} caret
 * @property {string} reply
 * @property {string} sender  the subject in whose name to send it after signing in again
 */

/**
 * Whether the page that is shown answers a form that was accepted: the server sent the browser here
 * by a redirect. A refusal is a page of its own, or a step back from one.
 * @param {{type: string, redirectCount: number}} [navigation]
 */
export const isAnswer = (navigation) =>
  navigation?.type === 'navigate' && navigation.redirectCount > 0;

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement} host  the element in the form
 * @param {(reason: string) => void} hold  says why the form was not sent
 */
export function formOf(form, host, hold) {
  const key = 'draft.' + address();
  /** @type {(names: string) => any} */
  const pick = (names) => form.querySelector(names);
  /** @type {HTMLTextAreaElement | null} */
  const field = pick('[data-commentgate-draft],[name=comment]') ?? pick('textarea');
  /** @type {HTMLInputElement | null} */
  const reply = pick('[data-commentgate-reply],[name=comment_parent]');
  /** @type {NodeListOf<HTMLFieldSetElement>} */
  const guests = form.querySelectorAll('[data-commentgate-guest]');
  const input = dress(make('input', ''), { type: 'hidden', name: 'commentgate_token' });
  /** The subject in whose name the comment goes out as soon as there is a fresh token. */
  let sender = '';
  /** @type {HTMLElement | null} */
  let submitter = null;

  const clear = () => remove(key);

  /** Keeps what stands in the form; tells whether nothing would be lost now. */
  const save = () => {
    const text = field?.value;
    if (text)
      return write(key, { text, caret: field.selectionStart, reply: reply?.value, sender }, MONTH);
    clear();
    return true;
  };

  /** Puts the kept text back into an empty field; answers it when it did. */
  const restore = () => {
    const [navigation] = /** @type {any[]} */ (performance.getEntriesByType('navigation'));
    // The answer to a comment may be shown at another address than its article.
    if (host.hasAttribute('accepted') || isAnswer(navigation)) remove(read('sent')?.key);
    remove('sent');
    /** @type {Draft | null} */
    const draft = read(key);
    if (!draft || !field || field.value) return;
    field.value = draft.text;
    field.setSelectionRange(draft.caret, draft.caret);
    if (reply && draft.reply) reply.value = draft.reply;
    // Only somebody who comes back from signing in waits for the comment to be sent.
    if (arrival) sender = draft.sender;
    return draft;
  };

  const submitted = (/** @type {SubmitEvent} */ event) => {
    if (session ? isFresh() : !sender && !host.hasAttribute('required')) {
      sender = '';
      save();
      // A page that sends comments by script says itself what was accepted.
      return setTimeout(() => event.defaultPrevented || write('sent', { key }, TEN_MINUTES));
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!session) return hold('required');
    sender = session.user.sub;
    submitter = event.submitter;
    renew().then((failure) => {
      if (session && failure) sender = '';
      if (failure) hold(session ? failure : 'resend');
    });
  };

  pick('[name=commentgate_token]')?.remove();
  form.append(input);
  form.addEventListener('submit', submitted, true);
  form.addEventListener('reset', clear);
  form.addEventListener('input', save);

  return {
    form,
    field,
    guests,
    clear,
    save,
    restore,
    /** Fits the form to the session. */
    fit: () => {
      input.value = session?.token ?? '';
      input.disabled = !session;
      for (const guest of guests) guest.hidden = guest.disabled = !!session;
      if (session && sender === session.user.sub) form.requestSubmit(submitter);
    },
  };
}

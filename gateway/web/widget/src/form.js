/**
 * The comment form around the buttons: its token field, its guest fields, how it is sent, and the
 * draft, which is kept in the blog's own storage until the comment is accepted.
 */

import { address } from './gateway.js';
import { dress, make } from './nodes.js';
import { isFresh, renew, session } from './session.js';
import { read, remove, tried, write } from './store.js';

const MONTH = 30 * 24 * 3_600_000;
const TEN_MINUTES = 600_000;

/**
 * @typedef {object} Draft
 * @property {string} text
 * @property {number} caret
 * @property {string} reply
 */

/**
 * Whether the page that is shown answers a form that was accepted: the server sent the browser here
 * by a redirect. A refusal is a page of its own.
 * @param {any} [navigation]
 */
export const isAnswer = (navigation) => navigation?.redirectCount > 0;

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement} host  the element in the form
 * @param {(reason: string) => void} hold  says why the form was not sent
 */
export function formOf(form, host, hold) {
  /** @type {(names: string) => any} */
  const pick = (names) => form.querySelector(names);
  // Looked up when they are needed: editors replace them, and themes add them later.
  /** @type {() => HTMLTextAreaElement | null} */
  const field = () => pick('[data-commentgate-draft],[name=comment]') ?? pick('textarea');
  /** @type {() => HTMLInputElement | null} */
  const reply = () => pick('[data-commentgate-reply],[name=comment_parent]');
  /** @type {() => NodeListOf<HTMLFieldSetElement>} */
  const guests = () => form.querySelectorAll('[data-commentgate-guest]');
  const input = dress(make('input', ''), { type: 'hidden', name: 'commentgate_token' });
  /** The subject whose comment waits for a session. */
  let sender = '';
  /** The button that was pressed; it may stand outside of the form. */
  /** @type {any} */
  let submitter;

  /** Each form of a page has a draft of its own. */
  const key = () => `draft.${form.id}${address()}`;

  const clear = () => remove(key());

  /** Keeps what stands in the form; tells whether nothing would be lost now. */
  const save = () => {
    const text = field()?.value;
    const caret = field()?.selectionStart;
    if (text) return write(key(), { text, caret, reply: reply()?.value }, MONTH);
    clear();
    return true;
  };

  /** Puts the kept text back into an empty field; answers it when it did. */
  const restore = () => {
    const [navigation] = /** @type {any[]} */ (performance.getEntriesByType('navigation'));
    const sent = read('sent');
    const begun = Date.now() - performance.now();
    if (
      host.hasAttribute('accepted') ||
      // The answer to a comment may be shown at another address than its article. It is on its way
      // as soon as the comment is; what is begun later answers something else.
      (isAnswer(navigation) && begun + TEN_MINUTES < sent?.until + 2000)
    )
      remove(sent?.key);
    remove('sent');
    /** @type {Draft | null} */
    const draft = read(key());
    const place = field();
    if (!draft || !place || place.value) return;
    place.value = draft.text;
    // Not every field has a caret.
    tried(() => place.setSelectionRange(draft.caret, draft.caret));
    if (draft.reply) Object.assign(reply() ?? {}, { value: draft.reply });
    return draft;
  };

  const submitted = (/** @type {SubmitEvent} */ event) => {
    if (session ? isFresh() : !sender && !host.hasAttribute('required')) {
      sender = '';
      save();
      // A page that sends comments by script says itself what was accepted.
      return setTimeout(() => event.defaultPrevented || write('sent', { key: key() }, TEN_MINUTES));
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!session) return hold('required');
    sender = session.user.sub;
    submitter = event.submitter;
    renew().then((failure) => {
      if (!session) return hold('resend');
      if (failure) hold(failure);
      else if (sender === session.user.sub) send();
      sender = '';
    });
  };

  // Not by a button that has been drawn anew meanwhile.
  const send = () => form.requestSubmit(submitter?.form === form ? submitter : null);

  /** What a comment that waits must still be when it goes out: whose, where, and its text. */
  const ticket = (subject = sender) => subject && subject + key() + field()?.value;

  pick('[name=commentgate_token]')?.remove();
  form.append(input);
  form.addEventListener('submit', submitted, true);
  form.addEventListener('reset', clear);
  form.addEventListener('input', ({ target }) => {
    // Whoever fills in another field goes on as a guest.
    if (target !== field()) sender = '';
    save();
  });

  return {
    form,
    field,
    guests,
    clear,
    save,
    restore,
    ticket,
    /** Fits the form to the session. */
    fit: () => {
      input.value = session?.token ?? '';
      input.disabled = !session;
      for (const guest of guests()) guest.hidden = guest.disabled = !!session;
    },
    /**
     * Sends the comment that has waited for a sign-in, if it is still the same.
     * @param {string} [waited]  its ticket from before
     */
    resume: (waited) => waited && waited === ticket(session?.user.sub) && send(),
  };
}

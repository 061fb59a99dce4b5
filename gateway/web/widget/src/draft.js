/** The text of a comment form, kept in the blog's own storage until the comment is accepted. */

import { prune, read, write } from './store.js';

const MONTH = 30 * 24 * 3_600_000;

/**
 * @typedef {object} Kept
 * @property {string} text
 * @property {number} caret
 * @property {string} reply
 * @property {number} time
 * @property {number} [sent]  when the form was sent, while it is not known whether it was accepted
 * @property {string} [sender]  the subject in whose name it shall be sent after signing in again
 */

/**
 * Whether the page we see now is the answer to a comment that was accepted: the server sent the
 * browser here by a redirect, minutes after the form was sent.
 * @param {Kept} kept
 * @param {{type: string, redirectCount: number} | undefined} navigation
 * @param {number} now
 */
export const accepted = (kept, navigation, now) =>
  !!kept.sent && now - kept.sent < 600_000 && navigation?.type === 'navigate' && navigation.redirectCount > 0;

export class Draft {
  #key = 'draft.' + location.pathname + location.search;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #off = new AbortController();
  #sent = 0;

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.field = /** @type {HTMLTextAreaElement | null} */ (
      form.querySelector('[data-commentgate-draft]') ?? form.querySelector('[name=comment]') ?? form.querySelector('textarea')
    );
    this.reply = /** @type {HTMLInputElement | null} */ (
      form.querySelector('[data-commentgate-reply]') ?? form.querySelector('[name=comment_parent], [name=parent]')
    );
    const { signal } = this.#off;
    const later = () => {
      clearTimeout(this.#timer);
      this.#sent = 0;
      this.#timer = setTimeout(() => this.save(), 300);
    };
    form.addEventListener('input', later, { signal });
    form.addEventListener('reset', () => this.clear(), { signal });
    addEventListener('pagehide', () => this.save(), { signal });
  }

  /** @returns {Kept | null} */
  get kept() {
    return read(this.#key);
  }

  /**
   * Keeps what stands in the form; tells whether nothing would be lost now.
   * @param {Partial<Kept>} [more]
   */
  save(more) {
    clearTimeout(this.#timer);
    const { field } = this;
    if (!field?.value) return this.clear();
    return write(this.#key, {
      text: field.value,
      caret: field.selectionStart,
      reply: this.reply?.value ?? '',
      time: Date.now(),
      sent: this.#sent,
      ...more,
    });
  }

  /** The form is being sent: from now on the draft waits to hear that it was accepted. */
  sent() {
    this.#sent = Date.now();
    this.save();
  }

  clear() {
    clearTimeout(this.#timer);
    if (this.kept) write(this.#key, null);
    return true;
  }

  /** Puts the kept text back into an empty field; tells whether it did. */
  restore() {
    prune('draft.', MONTH);
    const { field, kept } = this;
    const [navigation] = performance.getEntriesByType('navigation');
    if (!kept || !field) return false;
    if (accepted(kept, /** @type {any} */ (navigation), Date.now())) return !this.clear();
    if (field.value || typeof kept.text !== 'string') return false;
    field.value = kept.text;
    field.setSelectionRange(kept.caret, kept.caret);
    if (this.reply && kept.reply) this.reply.value = kept.reply;
    return true;
  }

  close() {
    this.save();
    this.#off.abort();
  }
}

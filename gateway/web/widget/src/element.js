/** `<comment-login>` as pages and scripts know it; widget.d.ts describes what they may use. */

import { belong } from './gateway.js';
import { session } from './session.js';
import { widget } from './widget.js';

export class CommentLogin extends HTMLElement {
  #connect = widget(this);

  connectedCallback() {
    belong(
      new URL(this.getAttribute('gateway') ?? import.meta.url).origin,
      /** @type {string} */ (this.getAttribute('site')),
    );
    this.#connect();
  }

  /** The commenter who is signed in, or null. */
  get user() {
    return session?.user ?? null;
  }
}

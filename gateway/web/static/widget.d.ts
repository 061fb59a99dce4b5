/** Types of the `<comment-login>` element that https://your-gateway/widget.js defines. */

/** The commenter, as the gateway tells it: never an e-mail address. */
export interface CommentgateUser {
  /** Stands for this person on this site, never for anybody else. */
  sub: string;
  name: string;
  /** A picture served by the gateway. */
  picture?: string | null;
  /** The person's page at the provider. */
  profile?: string | null;
  /** `wordpress`, `twitter`, `facebook` or the key of another provider. */
  provider: string;
}

/** A draft that was put back into the form. */
export interface CommentgateDraft {
  text: string;
  /** What stood in the form's reply field, such as the number of the comment answered. */
  reply: string;
}

export interface CommentLoginElement extends HTMLElement {
  /** Who is signed in, or null. */
  readonly user: CommentgateUser | null;
  /** Begins a sign-in. Call it in a click, or the browser refuses the new window. */
  signIn(provider: string): void;
  /** Ends the session in all tabs and at the gateway. */
  signOut(): Promise<void>;
  /** A token that is renewed first when it is about to expire; null when nobody is signed in. */
  getToken(): Promise<string | null>;
  /** Tells that the comment was accepted, for forms sent by script: the kept draft goes. */
  accepted(): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'comment-login': CommentLoginElement;
  }
  interface HTMLElementEventMap {
    'commentgate:login': CustomEvent<CommentgateUser>;
    'commentgate:logout': CustomEvent<null>;
    'commentgate:draft': CustomEvent<CommentgateDraft>;
  }
}

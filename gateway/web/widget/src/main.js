/** The login buttons of a comment form: defines `<comment-login>`. */

import { arrive } from './attempts.js';
import { CommentLogin } from './element.js';
import { sweep, tried } from './store.js';

arrive();
sweep();
// A page may hold the script twice.
tried(() => customElements.define('comment-login', CommentLogin));

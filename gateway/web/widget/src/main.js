/** The login buttons of a comment form: defines `<comment-login>`. */

import { CommentLogin, allGates, joined } from './element.js';

const RETURNED = /^#gw(_error)?=([\w-]{22,64})\.([\w.~-]{1,512})$/;

/** @type {import('./gate.js').Message | null} */
let arrival = null;

/** Takes what the gateway left in the address out of it, before anybody can copy or log it. */
function arrive() {
  const [, error, state, rest] = RETURNED.exec(location.hash) ?? [];
  if (!state) return;
  history.replaceState(history.state, '', location.pathname + location.search);
  arrival = error ? { type: 'error', state, reason: rest } : { type: 'code', state, code: rest };
  deliver();
}

function deliver() {
  const gates = [...allGates()];
  if (!arrival || !gates.length) return;
  const message = arrival;
  arrival = null;
  for (const gate of gates) gate.arrived(message);
}

arrive();
addEventListener('hashchange', arrive);
joined.tell = deliver;
if (!customElements.get('comment-login')) customElements.define('comment-login', CommentLogin);

/** The place where the widget speaks: one polite region, one for failures, and what to do next. */

import { button, dress, make } from './nodes.js';
import { say } from './words.js';

export function messages() {
  const status = dress(make('span', 'status'), { role: 'status' });
  const alert = dress(make('span', 'alert'), { role: 'alert' });
  const actions = make('span', 'actions');
  const node = make('div', 'message row', status, alert, actions);
  /**
   * Says something in place of what stood there.
   * @param {string} [key]
   * @param {Record<string, any>} [values]
   * @param {string} [manner]  urgent, busy or quiet
   * @param {Record<string, () => void>} [next]  what to do, by the key of the words on the button
   */
  function tell(key, values, manner = '', next) {
    node.className = 'message row ' + manner;
    for (const old of [status, alert, actions]) old.replaceChildren();
    if (key) (manner === 'urgent' ? alert : status).append(...say(key, values));
    for (const word in next) actions.append(button('action link', next[word], ...say(word)));
  }

  return { node, tell };
}

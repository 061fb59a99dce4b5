/** The words of the widget: English is built in, other languages are asked from the gateway. */

import { widget as english } from '../../locales/en.json';
import { ask } from './gateway.js';
import { make } from './nodes.js';

/** @type {Record<string, string>} */
export let words = english;

/** What the names in a message stand for everywhere. */
/** @type {Record<string, string>} */
export const names = { gateway: new URL(import.meta.url).host, site: location.hostname };

/**
 * Speaks the language of a page from now on, English where it cannot be had. Which of our languages
 * is the nearest to a tag such as `de-AT` is the gateway's knowledge. Its answer holds the texts
 * alone, in the order of the English ones, and may come from an older or a newer version than this.
 * @param {string} tag
 */
export async function speak(tag) {
  if (/^en/i.test(tag)) return;
  try {
    const answer = await ask(`/widget/${tag}.json`);
    // Only texts can be trimmed: anything else ends here.
    const texts = answer.map((/** @type {string} */ text) => text.trim());
    let place = 0;
    words = { ...english };
    for (const key in words) words[key] = texts[place++] || words[key];
  } catch {
    // English is better than no words.
  }
}

/**
 * A message as pieces for `append`: `{name}` becomes its value, which keeps to itself which way it
 * is read, and `<tag>text</tag>` what the tag's function makes of the text. Nothing is ever read as
 * HTML.
 * @param {string} message
 * @param {Record<string, any>} values
 * @returns {(string | Node)[]}
 */
export const pieces = (message, values) =>
  message.split(/(\{\w+\}|<\w+>[^<]*<\/\w+>)/).map((piece) => {
    const [, name, tag, text] = /^\{(\w+)\}|^<(\w+)>(.*)</.exec(piece) ?? [];
    return name in values ? make('bdi', '', values[name]) : (values[tag]?.(text) ?? piece);
  });

/**
 * @param {string} key
 * @param {Record<string, any>} [values]
 */
export const say = (key, values) => pieces(words[key] ?? words.refused, { ...names, ...values });

/** The words of the widget: English is built in, other languages are asked from the gateway. */

import { widget as english } from '../../locales/en.json';
import { ask } from './gateway.js';

/** @type {Record<string, string>} */
export let words = english;

/** What the names in a message stand for everywhere. */
/** @type {Record<string, string>} */
export const names = { gateway: new URL(import.meta.url).host, site: location.hostname };

/**
 * Speaks the language of a page from now on, English where it cannot be had. Which of our languages
 * is the nearest to a tag such as `de-AT` is the gateway's knowledge.
 * @param {string} tag
 */
export async function speak(tag) {
  if (/^en/i.test(tag)) return;
  try {
    words = { ...english, ...(await ask(`/widget/${tag}.json`)) };
  } catch {
    // English is better than no words.
  }
}

/**
 * A message as pieces for `append`: `{name}` becomes its value, `<tag>text</tag>` what the tag's
 * function makes of the text. Nothing is ever read as HTML.
 * @param {string} message
 * @param {Record<string, any>} values
 * @returns {(string | Node)[]}
 */
export const pieces = (message, values) =>
  message.split(/(\{\w+\}|<\w+>[^<]*<\/\w+>)/).map((piece) => {
    const [, name, tag, text] = /^\{(\w+)\}|^<(\w+)>(.*)</.exec(piece) ?? [];
    return values[name] ?? values[tag]?.(text) ?? piece;
  });

/**
 * @param {string} key
 * @param {Record<string, any>} [values]
 */
export const say = (key, values) => pieces(words[key] ?? words.refused, { ...names, ...values });

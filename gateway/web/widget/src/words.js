/** The languages of the widget: English is built in, the others are asked from the gateway. */

import { widget as english } from '../../locales/en.json';

/** @typedef {Record<string, string>} Words */

const LANGUAGES =
  'de en fr es it pt-BR nl pl sv da nb fi cs hu tr uk ru el ar he fa hi id vi ja ko zh-Hans zh-Hant';

/** @type {Record<string, string>} */
const NEAREST = { pt: 'pt-BR', no: 'nb', nn: 'nb' };

/**
 * The language of ours for a page in the given one, such as `zh-Hant` for `zh-TW`.
 * @param {string} tag
 */
export function nearest(tag) {
  try {
    const locale = new Intl.Locale(tag).maximize();
    const { language, script } = locale;
    const wanted = language === 'zh' ? 'zh-' + script : (NEAREST[language] ?? language);
    return LANGUAGES.split(' ').includes(wanted) ? wanted : 'en';
  } catch {
    return 'en';
  }
}

/** @param {string} language */
export const direction = (language) => (/^(ar|he|fa)/.test(language) ? 'rtl' : 'ltr');

/**
 * The catalogue of a language over the English one; English alone when it cannot be had.
 * @param {string} gateway
 * @param {string} language
 * @returns {Promise<[string, Words]>}
 */
export async function load(gateway, language) {
  try {
    if (language !== 'en') {
      const answer = await fetch(`${gateway}/widget/${language}.json`, { credentials: 'omit' });
      return [language, { ...english, ...(await answer.json()) }];
    }
  } catch {
    // English is better than no words.
  }
  return ['en', english];
}

/** @type {Words} */
export const ENGLISH = english;

/**
 * A message as pieces for `append`: `{name}` becomes its value, `<tag>text</tag>` what the tag's
 * function makes of its text. Nothing is ever read as HTML.
 * @param {string} message
 * @param {Record<string, string | Node>} [values]
 * @param {Record<string, (text: string) => Node>} [tags]
 * @returns {(string | Node)[]}
 */
export function pieces(message, values = {}, tags = {}) {
  return message.split(/(\{\w+\}|<(?:\w+)>.*?<\/\w+>)/).map((piece) => {
    const [, name, tag, text] = /^(?:\{(\w+)\}|<(\w+)>(.*)<\/\w+>)$/.exec(piece) ?? [];
    if (name) return values[name] ?? piece;
    return (tag && tags[tag]?.(text)) || piece;
  });
}

/** What the widget keeps in the blog's own localStorage, under one prefix. Storage may throw. */

const PREFIX = 'commentgate.';

/**
 * The value kept under a key; null when there is none, when it is broken or when storage throws.
 * @param {string} key
 * @returns {any}
 */
export function read(key) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key) ?? 'null');
  } catch {
    return null;
  }
}

/**
 * Keeps a value, or removes it when it is null; tells whether the browser let us.
 * @param {string} key
 * @param {unknown} value
 */
export function write(key, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/**
 * Removes what is older than `life` milliseconds among the keys that begin with `start`.
 * @param {string} start
 * @param {number} life
 */
export function prune(start, life) {
  try {
    for (const full of Object.keys(localStorage)) {
      const key = full.slice(PREFIX.length);
      if (!full.startsWith(PREFIX + start)) continue;
      if (!(Math.abs(Date.now() - read(key)?.time) < life)) write(key, null);
    }
  } catch {
    // Storage that cannot be listed holds nothing of ours.
  }
}

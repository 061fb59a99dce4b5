/** What the widget keeps in the blog's own localStorage, under one prefix. Storage may throw. */

const PREFIX = 'commentgate.';

/**
 * What a function returns; undefined where the browser does not let us.
 * @template T
 * @param {() => T} work
 */
export function tried(work) {
  try {
    return work();
  } catch {
    // Whoever asked goes on without.
  }
}

/**
 * The record kept under a key; undefined when there is none, when it is too old or broken.
 * @param {string} key
 * @returns {any}
 */
export const read = (key) =>
  tried(() => {
    const record = JSON.parse(/** @type {string} */ (localStorage.getItem(PREFIX + key)));
    return record.until > Date.now() ? record : undefined;
  });

/**
 * Keeps a record for `life` milliseconds; tells whether the browser let us.
 * @param {string} key
 * @param {object} record
 * @param {number} life
 */
export const write = (key, record, life) =>
  tried(() => {
    localStorage.setItem(PREFIX + key, JSON.stringify({ ...record, until: Date.now() + life }));
    return true;
  });

/** @param {string} key */
export const remove = (key) => tried(() => localStorage.removeItem(PREFIX + key));

/** Removes every record of ours that is too old. */
export const sweep = () =>
  tried(() => {
    for (const name in localStorage) {
      const [, key] = name.split(PREFIX);
      if (key && !read(key)) remove(key);
    }
  });

/** Messages between the tabs of one blog. */

import { tried } from './store.js';

/**
 * @typedef {object} Message
 * @property {string} type  code, error, ack or session
 * @property {string} [state]
 * @property {string} [code]
 * @property {string} [reason]
 * @property {any} [until]  until when somebody waits for an answer
 * @property {import('./session.js').Session | null} [session]
 */

/** What to do on each type of message. */
/** @type {Record<string, (message: Message) => unknown>} */
export const hearers = {};

// Without a channel the other tabs look into storage when they are shown.
const channel = tried(() => new BroadcastChannel('commentgate'));
if (channel) channel.onmessage = ({ data }) => hearers[data?.type]?.(data);

/** @param {Message} message */
export const tell = (message) => channel?.postMessage(message);

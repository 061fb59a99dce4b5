/**
 * The one session of a site in this page, shared by all its elements, all tabs and all reloads:
 * how it begins with a code, is renewed before it ends, and ends.
 */

import { LIFE, find, forget, keep, prepare } from './attempts.js';
import { read, write } from './store.js';

/**
 * @typedef {import('../../static/widget.d.ts').CommentgateUser} User
 *
 * @typedef {object} Session
 * @property {string} site
 * @property {string} token
 * @property {string} refresh
 * @property {number} life  how long the token lives, in milliseconds
 * @property {number} time  when it was given, by this machine's clock
 * @property {string} label  the provider's name
 * @property {User} user
 *
 * @typedef {object} Listener  an element on the page
 * @property {(attempt: import('./attempts.js').Attempt) => void} connecting
 * @property {(reason: string, label?: string) => void} failed
 * @property {() => void} changed
 *
 * @typedef {{gw?: number, type?: string, state?: string, code?: string, reason?: string,
 *   session?: Session | null}} Message
 */

const ACK_WAIT = 800;

/**
 * @param {any} session
 * @param {string} site
 */
const isSession = (session, site) =>
  session?.site === site && [session.token, session.refresh, session.user?.name].every((x) => typeof x === 'string');

export class Gate {
  /** @type {Session | null} */
  session = null;
  /** Whether an element has come near the viewport, so that requests may be made. */
  near = false;
  /** @type {import('./attempts.js').Pair | null} */
  pair = null;
  /** @type {Set<Listener>} */
  listeners = new Set();

  /** @type {Map<string, {attempt: import('./attempts.js').Attempt, popup: Window | null, listener: Listener}>} */
  #running = new Map();
  /** @type {BroadcastChannel | null} */
  #channel = null;
  /** @type {Map<string, () => void>} */
  #waiting = new Map();
  #given = 0;
  #stored = true;
  /** @type {Promise<string> | null} */
  #renewing = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {string} base  the gateway's origin
   * @param {string} site
   */
  constructor(base, site) {
    this.base = base;
    this.site = site;
    try {
      this.#channel = new BroadcastChannel('commentgate.' + site);
      this.#channel.onmessage = (event) => this.#heard(event.data);
    } catch {
      // Without a channel the other tabs look into storage when they are shown.
    }
    addEventListener('message', (event) => this.#messaged(event));
    addEventListener('pageshow', () => this.look());
    document.addEventListener('visibilitychange', () => this.look());
    this.look();
    this.#prepare();
  }

  #prepare() {
    this.pair = null;
    return prepare().then(
      (pair) => (this.pair = pair),
      () => null,
    );
  }

  /** Reads again what other tabs may have changed. */
  look() {
    if (this.#stored) this.#set(read('session.' + this.site), false);
    this.#plan();
  }

  /**
   * Begins an attempt; tells whether it would survive leaving this page.
   * @param {{key: string, label: string}} provider
   * @param {Window | null} popup
   * @param {import('./attempts.js').Pair} pair
   * @param {Listener} listener
   */
  begin(provider, popup, pair, listener) {
    const attempt = {
      verifier: pair.verifier,
      state: pair.state,
      site: this.site,
      provider: provider.key,
      label: provider.label,
      mode: popup ? 'popup' : 'page',
      time: Date.now(),
    };
    this.#running.set(pair.state, { attempt, popup, listener });
    this.#prepare();
    return { attempt, kept: keep(attempt) };
  }

  /** @param {string} state */
  isRunning(state) {
    return this.#running.has(state);
  }

  /** @param {string} state */
  drop(state) {
    this.#running.delete(state);
    forget(state);
  }

  /** @param {MessageEvent} event */
  #messaged({ origin, source, data }) {
    const running = this.#running.get(data?.state);
    if (origin !== this.base || data?.gw !== 1 || !running || running.popup !== source) return;
    /** @type {Window} */ (source).postMessage({ gw: 1, type: 'ack', state: data.state }, origin);
    this.#finish(data);
  }

  /** @param {Message} message */
  #heard(message) {
    if (message?.gw !== 1) return;
    const { type, state = '' } = message;
    if (type === 'ack') this.#waiting.get(state)?.();
    if (type === 'session') this.#set(message.session ?? null, false);
    if (type !== 'code' && type !== 'error') return;
    const running = this.#running.get(state);
    if (!running) return;
    this.#say({ type: 'ack', state });
    this.#finish(message);
  }

  /** @param {Message} message */
  #say(message) {
    this.#channel?.postMessage({ gw: 1, ...message });
  }

  /**
   * A code or an error came in this page's address. The tab that began the attempt takes it if it
   * is still there, and this window closes; otherwise this page goes on with it.
   * @param {Message} message
   */
  async arrived(message) {
    const { state = '' } = message;
    const attempt = this.#running.get(state)?.attempt ?? find(state);
    if (attempt && attempt.site !== this.site) return;
    const [listener] = this.listeners;
    if (attempt) listener?.connecting(attempt);
    if (attempt?.mode !== 'page' && (await this.#handedOver(message))) return close();
    if (attempt && listener) this.#running.set(state, { attempt, popup: null, listener });
    if (attempt) return this.#finish(message);
    listener?.failed('elsewhere');
  }

  /**
   * @param {Message} message
   * @returns {Promise<boolean>}
   */
  #handedOver(message) {
    return new Promise((resolve) => {
      this.#waiting.set(message.state ?? '', () => resolve(true));
      setTimeout(resolve, ACK_WAIT, false);
      this.#say(message);
    });
  }

  /** @param {Message} message */
  async #finish({ type, state = '', code = '', reason = '' }) {
    const running = this.#running.get(state);
    if (!running) return;
    this.drop(state);
    const { attempt, listener } = running;
    if (type !== 'code') return listener.failed(reason, attempt.label);
    if (Date.now() - attempt.time > LIFE) return listener.failed('expired', attempt.label);
    const { verifier, label } = attempt;
    const failure = await this.#ask({ grant_type: 'authorization_code', code, code_verifier: verifier }, label);
    if (failure) listener.failed(failure, label);
  }

  /**
   * Asks for a session token; the answer is a reason where there is none.
   * @param {Record<string, string>} fields
   * @param {string} label
   * @param {Session | null} [before]  the session that is renewed
   */
  async #ask(fields, label, before) {
    try {
      const answer = await this.#send('/token', fields);
      if (answer.status === 429 || answer.status === 503) return 'busy';
      if (answer.status >= 500) return 'offline';
      const { access_token: token, refresh_token: refresh, expires_in, user } = await answer.json();
      const life = expires_in * 1000;
      const session = { site: this.site, token, refresh, life, time: Date.now(), label, user: user ?? before?.user };
      if (!answer.ok || !isSession(session, this.site) || !(life > 0)) return 'refused';
      if (before && before !== this.session) return '';
      this.#set(session, true);
      return '';
    } catch {
      return 'offline';
    }
  }

  /**
   * @param {string} path
   * @param {Record<string, string>} fields
   */
  #send(path, fields) {
    return fetch(this.base + path, {
      method: 'POST',
      body: new URLSearchParams({ ...fields, client_id: this.site }),
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      keepalive: true,
      signal: AbortSignal.timeout(10_000),
    });
  }

  /**
   * @param {Session | null} session
   * @param {boolean} ours  whether this tab made it, so that the others must be told
   */
  #set(session, ours) {
    const next = isSession(session, this.site) ? session : null;
    if (next?.token === this.session?.token) return;
    this.session = next;
    this.#given = performance.now();
    if (ours) {
      this.#stored = write('session.' + this.site, next);
      this.#say({ type: 'session', session: next });
    }
    this.#plan();
    for (const listener of this.listeners) listener.changed();
  }

  /** How long the token still lives, in milliseconds, whatever the clock shows. */
  get left() {
    if (!this.session) return 0;
    const age = Date.now() - this.session.time;
    return age < 0 ? 0 : this.session.life - Math.max(age, performance.now() - this.#given);
  }

  /** Whether the token will outlive the next moments. */
  get fresh() {
    return this.left > Math.min(60_000, (this.session?.life ?? 0) / 4);
  }

  #plan() {
    clearTimeout(this.#timer);
    if (!this.session || !this.near || document.hidden) return;
    const early = Math.min(300_000, this.session.life / 3);
    this.#timer = setTimeout(() => this.renew(early).then(() => this.#plan()), Math.max(this.left - early, 5_000));
  }

  /**
   * A fresh token where there is a session; answers a reason when that failed.
   * @param {number} [early]  renews when the token lives no longer than this
   */
  renew(early = 0) {
    const work = async () => {
      this.look();
      const { session } = this;
      if (!session) return 'ended';
      if (this.fresh && this.left > early) return '';
      const failure = await this.#ask(
        { grant_type: 'refresh_token', refresh_token: session.refresh },
        session.label,
        session,
      );
      if (failure !== 'refused') return failure;
      if (session === this.session) this.#set(null, true);
      return 'ended';
    };
    return (this.#renewing ??= Promise.resolve(
      navigator.locks ? navigator.locks.request('commentgate.' + this.site, work) : work(),
    ).finally(() => (this.#renewing = null)));
  }

  /** Ends the session here, in the other tabs and at the gateway; tells whether the latter heard. */
  async end() {
    const { session } = this;
    if (!session) return true;
    this.#set(null, true);
    try {
      return (await this.#send('/revoke', { token: session.refresh })).ok;
    } catch {
      return false;
    }
  }

  /** An element came near the viewport: from now on the token is kept fresh. */
  approach() {
    this.near = true;
    this.#plan();
  }
}

/** `<comment-login site="blog">`: what people see of the sign-in in a comment form. */

import { LIFE } from './attempts.js';
import { Draft } from './draft.js';
import { Gate } from './gate.js';
import { button, face, make, mark } from './nodes.js';
import { chosen, parse } from './providers.js';
import { announce, openWindow, post, prefersThisWindow } from './send.js';
import style from './style.css';
import { ENGLISH, direction, load, nearest, pieces } from './words.js';

/** @type {Map<string, Gate>} */
const gates = new Map();

/** Every site of this page, for a code that arrives in its address. */
export const allGates = () => gates.values();

/** Called whenever an element has joined the page. */
export const joined = { tell: () => {} };

const sheet = globalThis.CSSStyleSheet && 'replaceSync' in CSSStyleSheet.prototype ? new CSSStyleSheet() : null;
sheet?.replaceSync(style);

/** @typedef {import('./gate.js').Listener} Listener */

/** @implements {Listener} */
export class CommentLogin extends HTMLElement {
  #words = ENGLISH;
  #language = 'en';
  /** @type {Gate} */
  #gate = /** @type {any} */ (null);
  /** @type {HTMLFormElement | null} */
  #form = null;
  /** @type {Draft | null} */
  #draft = null;
  /** @type {import('./providers.js').Offer | null} */
  #offer = null;
  /** @type {import('./attempts.js').Attempt | null} */
  #attempt = null;
  /** @type {IntersectionObserver | null} */
  #observer = null;
  #off = new AbortController();
  #changing = false;
  #resending = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #watch;
  /** The subject the page was last told about. */
  #told = '';

  #input = make('input', '');
  #prompt = make('p', 'prompt');
  #buttons = make('div', 'buttons row');
  #privacy = make('p', 'privacy small');
  #choose = make('div', 'choose unready', this.#prompt, this.#buttons, this.#privacy);
  #person = make('div', 'person row');
  #status = make('span', 'status');
  #actions = make('span', 'actions row');
  #message = make('div', 'message row', this.#status, this.#actions);
  #alert = make('div', 'alert');
  #box = make('div', 'box', this.#person, this.#choose, this.#message, this.#alert);

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    if (sheet) root.adoptedStyleSheets = [sheet];
    this.#input.type = 'hidden';
    this.#prompt.id = 'prompt';
    this.#choose.role = 'group';
    this.#choose.setAttribute('aria-labelledby', 'prompt');
    this.#status.role = 'status';
    this.#alert.role = 'alert';
    root.append(this.#box);
  }

  connectedCallback() {
    const base = new URL(this.getAttribute('gateway') ?? import.meta.url, location.href).origin;
    const site = this.getAttribute('site') ?? '';
    const key = base + ' ' + site;
    this.#gate = gates.get(key) ?? new Gate(base, site);
    gates.set(key, this.#gate);
    this.#gate.listeners.add(this);
    if (!sheet && !this.#box.previousSibling) this.#link(base + '/widget.css');
    this.#box.classList.toggle('compact', this.hasAttribute('compact'));
    this.#take(/** @type {HTMLFormElement | null} */ (
      this.closest('form') ?? document.getElementById(this.getAttribute('form') ?? '')
    ));
    this.#draw();
    this.changed();
    this.#observer = new IntersectionObserver(
      ([entry]) => entry.isIntersecting && this.#approach(),
      { rootMargin: '400px' },
    );
    this.#observer.observe(this);
    joined.tell();
  }

  disconnectedCallback() {
    this.#gate.listeners.delete(this);
    this.#observer?.disconnect();
    this.#off.abort();
    this.#draft?.close();
    this.#input.remove();
    clearInterval(this.#watch);
  }

  /** The commenter who is signed in, or null. */
  get user() {
    return this.#gate?.session?.user ?? null;
  }

  /** Begins a sign-in; to be called in a click. */
  signIn(/** @type {string} */ key) {
    const provider = this.#offer?.providers.find((one) => one.key === key) ?? { key, label: key };
    this.#start(provider);
  }

  /** Ends the session in all tabs and at the gateway. */
  async signOut() {
    const label = this.#gate.session?.label;
    if (!label) return;
    const focused = this.shadowRoot?.activeElement;
    const heard = this.#gate.end();
    this.#say('signed_out', label);
    if (focused) this.#focusButtons();
    if (!(await heard) && !this.user) this.failed('signed_out_here', label);
  }

  /** A session token that lives at least a minute longer, or null. */
  async getToken() {
    await this.#gate.renew();
    return this.#gate.left > 0 ? (this.#gate.session?.token ?? null) : null;
  }

  /** For pages that send comments by script: the comment was accepted, the draft may go. */
  accepted() {
    this.#draft?.clear();
  }

  /** @param {string} href */
  #link(href) {
    const link = make('link', '');
    link.rel = 'stylesheet';
    link.href = href;
    this.#box.before(link);
  }

  /** @param {HTMLFormElement | null} form */
  #take(form) {
    this.#form = form;
    this.#off = new AbortController();
    if (!form) return;
    this.#input.name = 'commentgate_token';
    form.querySelector('input[type=hidden][name=commentgate_token]')?.remove();
    form.append(this.#input);
    const { signal } = this.#off;
    form.addEventListener('submit', (event) => this.#submitted(event), { signal, capture: true });
    this.#draft = new Draft(form);
    if (this.hasAttribute('accepted')) this.#draft.clear();
    if (!this.#draft.restore()) return;
    this.#say('restored');
    const detail = { text: this.#draft.field?.value, reply: this.#draft.kept?.reply };
    this.dispatchEvent(new CustomEvent('commentgate:draft', { bubbles: true, composed: true, detail }));
  }

  /** Near the viewport: now, and not before, the gateway may be asked. */
  async #approach() {
    this.#observer?.disconnect();
    this.#gate.approach();
    const wanted = nearest((/** @type {HTMLElement | null} */ (this.closest('[lang]'))?.lang) || navigator.language);
    const language = load(this.#gate.base, wanted);
    const offer = this.#ask();
    [this.#language, this.#words] = await language;
    this.#offer = await offer;
    this.#draw();
    this.changed();
  }

  async #ask() {
    const { base, site } = this.#gate;
    try {
      const signal = AbortSignal.timeout(10_000);
      const answer = await fetch(`${base}/sites/${encodeURIComponent(site)}/providers.json`, { credentials: 'omit', signal });
      return parse(await answer.json(), new URL(base).host, location.hostname);
    } catch {
      this.failed('not_loaded');
      return null;
    }
  }

  /**
   * @param {string} key
   * @param {string} [label]
   * @param {Record<string, (text: string) => Node>} [tags]
   */
  #text(key, label = '', tags) {
    const { site, gateway } = this.#offer ?? {};
    const name = document.createElement('bdi');
    name.append(this.user?.name ?? '');
    return pieces(
      this.#words[key] ?? '',
      {
        provider: label,
        name,
        gateway: gateway?.name ?? new URL(this.#gate.base).host,
        site: site?.name ?? location.hostname,
      },
      tags,
    );
  }

  /** What does not change with the session: prompt, buttons and the privacy sentence. */
  #draw() {
    const guests = this.#form?.querySelector('[data-commentgate-guest]');
    this.#box.lang = this.#language;
    this.#box.dir = direction(this.#language);
    this.#prompt.replaceChildren(...this.#text(guests ? 'choose_or_guest' : 'choose'));
    const names = this.getAttribute('providers');
    const three = (names?.trim().split(/\s+/) ?? [1, 2, 3]).map(() => ({ key: '', label: 'X', icon: '', available: true }));
    const providers = this.#offer ? chosen(this.#offer.providers, names) : three;
    this.#buttons.replaceChildren(...providers.map((one) => this.#service(one)));
    this.#privacy.replaceChildren(...this.#text('privacy'));
    for (const { name, url } of this.#offer ? [this.#offer.gateway, this.#offer.site] : []) {
      if (!url) continue;
      const link = make('a', 'notice', ...pieces(this.#words.notice, { name }));
      link.href = url;
      this.#privacy.append(' ', link);
    }
    this.#choose.classList.toggle('unready', !this.#offer);
  }

  /** @param {import('./providers.js').Provider} provider */
  #service(provider) {
    const { key, label, available } = provider;
    const words = make('span', 'label', ...this.#text('continue', label));
    if (!prefersThisWindow()) words.append(' ', make('span', 'quiet', this.#words.new_window));
    const press = () => (available ? this.#start(provider) : this.failed('off', label));
    const node = button('button', press, mark(provider.icon), words);
    node.part.add('button-' + key);
    node.dataset.provider = key;
    if (this.hasAttribute('compact')) node.title = label;
    if (!available) node.ariaDisabled = 'true';
    return node;
  }

  /** @param {{key: string, label: string}} provider */
  #start(provider) {
    const { pair } = this.#gate;
    this.#quiet();
    if (!isSecureContext) return this.failed('insecure');
    if (!pair) return this.failed('refused');
    const saved = this.#draft?.save() ?? true;
    const popup = prefersThisWindow() ? null : openWindow();
    const { attempt, kept } = this.#gate.begin(provider, popup, pair, this);
    if (!popup && !(saved && kept)) {
      this.#gate.drop(attempt.state);
      return this.failed('blocked');
    }
    this.connecting(attempt);
    this.#send(attempt, popup, pair.challenge);
  }

  /**
   * @param {import('./attempts.js').Attempt} attempt
   * @param {Window | null} popup
   * @param {string} challenge
   */
  #send({ state, site, provider, label, mode }, popup, challenge) {
    const { origin, pathname, search } = location;
    /** @type {Record<string, string>} */
    const fields = { site, provider, mode, return_to: origin + pathname + search, challenge, challenge_method: 'S256', state, lang: this.#language };
    if (this.#changing) fields.prompt = 'select_account';
    const doc = popup?.document ?? document;
    const words = this.#text('connecting', label).join('');
    if (popup) announce(doc, words, this.#language, direction(this.#language));
    post(doc, this.#gate.base + '/start', fields, () => {
      popup?.close();
      this.#gate.drop(state);
      this.failed('forbidden');
    });
    if (popup) this.#observe(popup, state, label);
  }

  /**
   * A window that looks closed may only be out of our sight, so this never gives up before time.
   * @param {Window} popup
   * @param {string} state
   * @param {string} label
   */
  #observe(popup, state, label) {
    const begun = performance.now();
    this.#watch = setInterval(() => {
      if (!this.#gate.isRunning(state)) return clearInterval(this.#watch);
      if (performance.now() - begun > LIFE) {
        this.#gate.drop(state);
        return this.failed('expired', label);
      }
      if (popup.closed) this.#wait('waiting');
    }, 2000);
  }

  /** @param {import('./attempts.js').Attempt} attempt */
  connecting(attempt) {
    this.#quiet();
    this.#attempt = attempt;
    this.#box.classList.add('busy');
    this.#wait('connecting');
  }

  /** @param {string} key */
  #wait(key) {
    const { provider, label } = /** @type {import('./attempts.js').Attempt} */ (this.#attempt);
    const words = this.#text(key, label).join('');
    if (this.#status.textContent === words) return;
    this.#status.replaceChildren(words);
    const again = button('action link', () => this.#start({ key: provider, label }), this.#words.again);
    const cancel = button('action link', () => this.#cancel(), this.#words.cancel);
    this.#actions.replaceChildren(...(key === 'waiting' ? [again, cancel] : [cancel]));
  }

  #cancel() {
    const key = this.#attempt?.provider;
    this.#quiet();
    this.#focusButtons(key);
  }

  /** Takes every message away. */
  #quiet() {
    clearInterval(this.#watch);
    this.#attempt = null;
    this.#box.classList.remove('busy');
    this.#status.className = 'status';
    for (const node of [this.#status, this.#actions, this.#alert]) node.replaceChildren();
  }

  /**
   * @param {string} key
   * @param {string} [label]
   */
  #say(key, label) {
    this.#quiet();
    this.#status.append(...this.#text(key, label));
  }

  /**
   * @param {string} reason
   * @param {string} [label]
   */
  failed(reason, label) {
    this.#quiet();
    const key = reason in this.#words ? reason : 'refused';
    this.#alert.append(...this.#text(key, label));
  }

  /** The session began, ended or was renewed, in this tab or in another. */
  changed() {
    const { session } = this.#gate;
    const user = session?.user;
    this.#input.value = session?.token ?? '';
    this.#input.disabled = !session;
    for (const node of this.#form?.querySelectorAll('[data-commentgate-guest]') ?? []) {
      const guest = /** @type {HTMLFieldSetElement} */ (node);
      guest.hidden = guest.disabled = !!session;
    }
    const subject = user?.sub ?? '';
    if (subject !== this.#told) this.#meet(subject);
    this.#choose.hidden = !!session && !this.#changing;
    this.#person.hidden = !session;
  }

  /** @param {string} subject */
  #meet(subject) {
    const { session } = this.#gate;
    const focused = !!this.shadowRoot?.activeElement;
    this.#told = subject;
    this.#changing = false;
    this.#quiet();
    if (session) this.#greet(session, focused);
    const detail = session?.user ?? null;
    const type = session ? 'commentgate:login' : 'commentgate:logout';
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
  }

  /**
   * @param {import('./gate.js').Session} session
   * @param {boolean} focused
   */
  #greet({ user, label }, focused) {
    const name = make('bdi', 'name', user.name);
    const change = button('change link', () => this.#change(change), '');
    const line = this.#text('signed_in', label, {
      out: (text) => button('out link', () => this.signOut(), text),
      change: (text) => (change.append(text), change),
    });
    change.ariaExpanded = 'false';
    this.#person.replaceChildren(
      face(user.name, user.picture, this.#gate.base),
      make('div', 'who', name, make('p', 'small', ...line)),
    );
    this.#status.className = 'status quiet';
    this.#status.append(...this.#text('welcome', label));
    if (focused) this.#draft?.field?.focus();
  }

  /** @param {HTMLElement} control */
  #change(control) {
    this.#changing = !this.#changing;
    control.ariaExpanded = String(this.#changing);
    this.changed();
    if (this.#changing) this.#focusButtons();
  }

  /** @param {string} [key] */
  #focusButtons(key = '') {
    const all = /** @type {HTMLElement[]} */ ([...this.#buttons.children]);
    (all.find((one) => one.dataset.provider === key) ?? all[0])?.focus();
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    const gate = this.#gate;
    if (!gate.session && !this.#resending) return this.#guest(event);
    if (gate.fresh) return this.#draft?.sent();
    event.preventDefault();
    event.stopImmediatePropagation();
    if (this.#resending) return;
    this.#resending = true;
    this.#renewed(/** @type {HTMLElement | null} */ (event.submitter));
  }

  /** @param {HTMLElement | null} submitter */
  async #renewed(submitter) {
    const failure = await this.#gate.renew();
    this.#resending = false;
    if (this.#gate.left > 0) return this.#form?.requestSubmit(submitter);
    this.failed(failure === 'ended' ? 'resend' : failure);
    this.#focusButtons();
  }

  /** @param {SubmitEvent} event */
  #guest(event) {
    if (!this.hasAttribute('required')) return this.#draft?.sent();
    event.preventDefault();
    event.stopImmediatePropagation();
    this.failed('required');
    this.#focusButtons();
  }
}

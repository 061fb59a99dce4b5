/** The states of a sign-in in a comment form, as people see them. */

import { LIFE, arrival, arrive, begin, deliver, pair, prepare, take } from './attempts.js';
import { formOf } from './form.js';
import { address, ask, base, site } from './gateway.js';
import { messages } from './message.js';
import { button, dress, face, make, mark } from './nodes.js';
import { notices, offered } from './providers.js';
import { openWindow, staysHere, submit } from './send.js';
import { end, left, look, refresh, renew, session, watchers } from './session.js';
import style from './style.css';
import { names, say, speak, words } from './words.js';

/** @typedef {import('./attempts.js').Attempt} Attempt */
/** @typedef {import('./providers.js').Provider} Provider */

/** @param {HTMLElement} host */
export function widget(host) {
  /** @type {ReturnType<typeof formOf> | undefined} */
  let fields;
  /** @type {Provider[]} */
  let providers = [];
  /** The state of the attempt that is shown. */
  let shown = '';
  /** Since when the session lasts that the page was last told about. */
  /** @type {number | undefined} */
  let told;
  let near = false;
  let changing = false;
  /** Whether the page was left for a sign-in, so that the focus has to be given back. */
  let returned = false;
  let watch = 0;
  /** What was said last, to say it again in another language. */
  /** @type {Parameters<typeof message.tell>} */
  let last = [];
  /** @type {HTMLElement | undefined} */
  let pressed;

  const root = host.attachShadow({ mode: 'open' });
  const prompt = dress(make('p', 'prompt'), { id: 'prompt' });
  const buttons = make('div', 'buttons row');
  const privacy = make('p', 'privacy small');
  const choose = dress(make('div', 'choose', prompt, buttons, privacy), {
    role: 'group',
    'aria-labelledby': 'prompt',
  });
  const person = make('div', 'person row');
  const message = messages();
  const box = make('div', 'box', person, choose, message.node);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  root.adoptedStyleSheets = [sheet];
  root.append(box);

  /**
   * @param {string} type
   * @param {unknown} detail
   */
  const fire = (type, detail) =>
    host.dispatchEvent(new CustomEvent('commentgate:' + type, { bubbles: true, composed: true, detail }));

  const focus = (/** @type {any} */ control = buttons.firstChild) => control.focus();

  /** @type {typeof message.tell} */
  const tell = (...all) => {
    clearInterval(watch);
    shown = '';
    last = all;
    message.tell(...all);
  };

  /**
   * @param {string} reason  none when another tab goes on
   * @param {string} [state]  of the attempt that failed; nobody waits for another one's failure
   * @param {string} [provider]
   */
  const failed = (reason, state, provider) => {
    if (state && state !== shown) return;
    tell(reason, { provider }, 'urgent');
    if (returned) focus();
  };

  /**
   * @param {string} key
   * @param {string} state
   * @param {Attempt} attempt
   */
  const wait = (key, state, attempt) => {
    const cancel = () => {
      tell();
      focus(pressed);
    };
    const again = () => start(attempt);
    tell(key, { provider: attempt.label }, 'busy', key === 'waiting' ? { again, cancel } : { cancel });
    shown = state;
  };

  const view = { failed, wait };

  /**
   * @param {string} state
   * @param {string} reason
   */
  const stop = (state, reason) => take(state) && failed(reason);

  /** @param {Provider} provider */
  const start = ({ key, label }) => {
    if (!pair) return failed('refused');
    const { verifier, state, challenge } = pair;
    const saved = fields?.save() ?? true;
    const popup = staysHere ? null : openWindow();
    const attempt = { verifier, key, label, page: !popup };
    const kept = begin(state, attempt, popup, view) && saved;
    if (!kept && !popup) return stop(state, 'blocked');
    wait('connecting', state, attempt);
    if (popup) observe(popup, state, attempt);
    const sent = {
      site,
      provider: key,
      mode: popup ? 'popup' : 'page',
      return_to: address(),
      challenge,
      challenge_method: 'S256',
      state,
      lang: words.lang,
      ...(changing && { prompt: 'select_account' }),
    };
    submit(popup?.document ?? document, base + '/start', sent, () => {
      popup?.close();
      stop(state, 'forbidden');
    });
  };

  /**
   * A window that looks closed may only be out of our sight, so this never gives up before time.
   * @param {Window} popup
   * @param {string} state
   * @param {Attempt} attempt
   */
  const observe = (popup, state, attempt) => {
    const { document: doc } = popup;
    dress(doc.documentElement, { lang: words.lang, dir: words.dir });
    doc.body.append((doc.title = say('connecting', { provider: attempt.label }).join('')));
    setTimeout(stop, LIFE, state, 'expired');
    watch = setInterval(() => popup.closed && wait('waiting', state, attempt), 2000);
  };

  /** @param {Provider} provider */
  const service = (provider) => {
    const { key, label, icon, available } = provider;
    const off = available === false;
    const text = make('span', 'label', ...say('continue', { provider: label }));
    if (!staysHere) text.append(' ', make('span', 'quiet', ...say('new_window')));
    const press = () => {
      pressed = node;
      off ? failed('off', '', label) : start(provider);
    };
    const node = button('button button-' + key, press, mark(icon), text);
    return dress(node, { 'aria-disabled': off, title: host.hasAttribute('compact') ? label : '' });
  };

  const drawPerson = () => {
    if (!session) return;
    const { user, label: provider } = session;
    const change = button('change link', () => {
      changing = !changing;
      show();
      if (changing) focus();
    });
    const line = say('signed_in', {
      provider,
      out: (/** @type {string} */ text) => button('out link', signOut, text),
      change: (/** @type {string} */ text) => (change.append(text), change),
    });
    person.replaceChildren(
      face(user.name, near ? user.picture : '', base),
      make('div', 'who', make('bdi', 'name', user.name), make('div', 'small', ...line)),
    );
  };

  /** What does not change with the session: prompt, buttons and the privacy sentence. */
  const draw = () => {
    dress(box, { lang: words.lang, dir: words.dir });
    choose.classList.toggle('unready', !providers[0]);
    prompt.replaceChildren(...say(fields?.guests[0] ? 'choose_or_guest' : 'choose'));
    const places = Array(+(host.getAttribute('buttons') ?? 0) || 3).fill({});
    buttons.replaceChildren(...(providers[0] ? providers : places).map(service));
    privacy.replaceChildren(...say('privacy'));
    for (const who in notices) {
      const link = make('a', 'notice', ...say('notice', { name: names[who] }));
      privacy.append(' ', dress(link, { href: notices[who] }));
    }
    drawPerson();
  };

  const show = () => {
    choose.hidden = !!session && !changing;
    person.hidden = !session;
    person.querySelector('.change')?.setAttribute('aria-expanded', `${changing}`);
  };

  /** The session began, ended or was renewed, in this tab or in another. */
  const changed = (/** @type {string} */ reason = '') => {
    if (!host.isConnected) return watchers.delete(changed);
    if (session?.since !== told) {
      const focused = returned || root.activeElement;
      told = session?.since;
      changing = false;
      drawPerson();
      tell(session ? 'welcome' : '', { name: session?.user.name }, 'quiet');
      if (session && focused) fields?.field?.focus();
      returned = false;
      fire(session ? 'login' : 'logout', session?.user);
    }
    if (reason) failed(reason);
    show();
    fields?.fit();
  };

  const signOut = async () => {
    if (!session) return;
    const provider = session.label;
    const focused = root.activeElement;
    const heard = end();
    tell('signed_out', { provider });
    if (focused) focus();
    await heard.catch(() => failed('offline'));
  };

  const offer = async () => {
    try {
      const answer = await ask(`/sites/${site}/providers.json`);
      providers = offered(answer);
    } catch {
      tell('not_loaded', {}, 'urgent', { again: approach });
    }
  };

  /** Near the viewport: now, and not before, the gateway may be asked. */
  const approach = async () => {
    observer.disconnect();
    if (!near) setInterval(refresh, 20_000);
    near = true;
    refresh();
    const tag = /** @type {HTMLElement | null} */ (host.closest('[lang]'))?.lang || navigator.language;
    await Promise.all([speak(tag), offer()]);
    draw();
    message.tell(...last);
    if (returned && !session) focus();
  };
  const observer = new IntersectionObserver(([entry]) => entry.isIntersecting && approach(), {
    rootMargin: '400px',
  });

  const receive = () => {
    if (!arrival) return;
    returned = true;
    host.scrollIntoView({ block: 'center' });
    deliver(view);
  };

  /** @param {HTMLFormElement} form */
  const join = (form) => {
    fields = formOf(form, host, (reason) => {
      failed(reason);
      focus();
    });
    const draft = fields.restore();
    if (!draft) return;
    tell('restored');
    fire('draft', draft);
  };

  prepare();
  addEventListener('hashchange', () => {
    arrive();
    receive();
  });

  Object.assign(host, {
    signOut,
    signIn: (/** @type {string} */ key) => start(providers.find((one) => one.key === key) ?? { key, label: key }),
    getToken: async () => {
      await renew();
      return session && left() > 0 ? session.token : null;
    },
    accepted: () => fields?.clear(),
  });

  return () => {
    look();
    watchers.add(changed);
    const form = host.closest('form');
    if (form && form !== fields?.form) join(form);
    draw();
    changed();
    observer.observe(host);
    receive();
  };
}

/** The states of a sign-in in a comment form, as people see them. */

import { LIFE, arrival, arrive, begin, deliver, pair, prepare, take } from './attempts.js';
import { formOf } from './form.js';
import { address, ask, base, site } from './gateway.js';
import { messages } from './message.js';
import { button, dress, make } from './nodes.js';
import { commenter, privacyNotice, providerButton } from './parts.js';
import { offered } from './providers.js';
import { framed, openWindow, staysHere, submit } from './send.js';
import { end, left, look, refresh, renew, session, watchers } from './session.js';
import style from './style.css';
import { say, speak, words } from './words.js';

/** @typedef {import('./attempts.js').Attempt} Attempt */
/** @typedef {import('./providers.js').Provider} Provider */

/** @param {Element} node */
const speaking = (node) => dress(node, { lang: words.lang, dir: words.dir });

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
  /** Whether the gateway may be asked, and its words have come. */
  let near = false;
  let changing = false;
  /** Whether something is awaited here without a control that holds the focus. */
  let returned = false;
  let watch = 0;
  /** What is to be said, or was said last. */
  /** @type {Parameters<typeof message.tell>} */
  let last = [];
  /** @type {HTMLElement | undefined} */
  let pressed;

  const root = host.attachShadow({ mode: 'open' });
  const prompt = dress(make('p', 'prompt'), { id: 'prompt' });
  const buttons = make('div', 'buttons');
  const privacy = make('p', 'privacy');
  const choose = dress(make('div', 'choose', prompt, buttons), {
    role: 'group',
    'aria-labelledby': 'prompt',
  });
  const person = make('div', 'person row');
  const change = button('change link', () => {
    changing = !changing;
    show();
    if (changing) focus();
  });
  const message = messages();
  const box = make('div', 'box', person, choose, message.node, privacy);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  root.adoptedStyleSheets = [sheet];
  root.append(box);

  /**
   * @param {string} type
   * @param {unknown} detail
   */
  const fire = (type, detail) =>
    host.dispatchEvent(
      new CustomEvent('commentgate:' + type, { bubbles: true, composed: true, detail }),
    );

  const focus = (/** @type {any} */ control = buttons.firstChild) => control?.focus();

  /** @type {typeof message.tell} */
  const tell = (...all) => {
    clearInterval(watch);
    shown = '';
    last = all;
    // Spoken once, in the language of the page, not in English first.
    if (near) message.tell(...all);
  };

  /**
   * @param {string} reason  none when another tab goes on
   * @param {string} [state]  of the attempt that failed; nobody waits for another one's failure
   * @param {string} [provider]
   */
  const failed = (reason, state, provider) => {
    if (state && state !== shown) return;
    tell(reason, { provider }, 'urgent');
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
    const again = () => {
      cancel();
      start(attempt);
    };
    tell(
      key,
      { provider: attempt.label },
      'busy',
      key === 'waiting' ? { again, cancel } : { cancel },
    );
    shown = state;
  };

  const resume = (/** @type {Attempt} */ attempt) => fields?.resume(attempt.ticket);

  const view = { failed, wait, resume };

  /**
   * @param {string} state
   * @param {string} reason
   */
  const stop = (state, reason) => {
    take(state);
    failed(reason, state);
  };

  /** @param {Provider} provider */
  const start = ({ key, label, available }) => {
    if (available === false) return failed('off', '', label);
    // Without https there is no hashing, and no pair will ever come.
    if (!pair) return crypto.subtle || failed('refused');
    const { verifier, state, challenge } = pair;
    const popup = staysHere ? null : openWindow();
    const attempt = { verifier, key, label, page: !popup, ticket: fields?.ticket() };
    const kept = begin(state, attempt, popup, view) && (!fields || fields.save());
    wait('connecting', state, attempt);
    if (popup) observe(popup, state, attempt);
    else if (!kept || framed) return stop(state, 'blocked');
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
    submit((popup ?? window).document, base + '/start', sent, () => {
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
    speaking(doc.documentElement);
    doc.body.append(...say('connecting', { provider: attempt.label }));
    doc.title = /** @type {string} */ (doc.body.textContent);
    setTimeout(stop, LIFE, state, 'expired');
    watch = setInterval(() => popup.closed && wait('waiting', state, attempt), 2000);
  };

  /** What does not change with the session: prompt, buttons and the privacy sentence. */
  const draw = () => {
    speaking(box);
    buttons.replaceChildren(
      ...providers.map((one) =>
        providerButton(one, host.getAttribute('look'), (control) => {
          pressed = control;
          start(one);
        }),
      ),
    );
    privacy.replaceChildren(...privacyNotice());
    drawPerson();
    show();
  };

  const drawPerson = () => {
    if (session) person.replaceChildren(...commenter(session, near, signOut, change));
  };

  const show = () => {
    prompt.replaceChildren(...say(!session && fields?.guests()[0] ? 'choose_or_guest' : 'choose'));
    choose.hidden = privacy.hidden = !providers[0] || (!!session && !changing);
    person.hidden = !session;
    dress(change, { 'aria-expanded': changing });
    fields?.fit();
  };

  /** The session began, ended or was renewed, in this tab or in another. */
  const changed = (/** @type {string} */ reason = '') => {
    if (session?.since !== told) {
      const focused = returned || root.activeElement;
      told = session?.since;
      changing = false;
      drawPerson();
      tell(session ? 'welcome' : '', { name: session?.user.name }, 'quiet');
      if (session && focused) fields?.field()?.focus();
      returned = false;
      fire(session ? 'login' : 'logout', session?.user);
    }
    if (reason) failed(reason);
    show();
  };

  const signOut = async () => {
    if (!session) return;
    const provider = session.label;
    const focused = root.activeElement;
    const heard = end(session);
    tell('signed_out', { provider });
    if (focused) focus();
    await heard.catch(() => failed('offline'));
  };

  const offer = async () => {
    try {
      providers = offered(await ask(`/sites/${site}/providers.json`));
    } catch {
      tell('offline', {}, 'urgent', {
        again: () => {
          tell();
          returned = true;
          approach();
        },
      });
    }
  };

  /** Near the viewport, or somebody came back: now, and not before, the gateway may be asked. */
  const approach = async () => {
    observer.disconnect();
    if (!near) setInterval(refresh, 20_000);
    refresh();
    const tag =
      /** @type {HTMLElement | null} */ (host.closest('[lang]'))?.lang || navigator.language;
    const offering = offer();
    await speak(tag);
    near = true;
    draw();
    message.tell(...last);
    await offering;
    draw();
    if (returned && !session) focus();
  };
  const observer = new IntersectionObserver(([entry]) => entry.isIntersecting && approach(), {
    rootMargin: '400px',
  });

  const receive = () => {
    arrive();
    if (!arrival) return;
    returned = true;
    host.scrollIntoView();
    if (!near) approach();
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

  Object.assign(host, {
    signOut,
    signIn: (/** @type {string} */ key) =>
      start(providers.find((one) => one.key === key) ?? { key, label: key }),
    getToken: async () => {
      await renew();
      return left() > 0 ? session?.token : null;
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

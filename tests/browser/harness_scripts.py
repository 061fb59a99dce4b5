"""What the harness asks of a page, as JavaScript functions. They look into open shadow roots."""

_ALL = """
const hosts = (root) => [...root.querySelectorAll("*")].filter((e) => e.shadowRoot);
const all = (root, css) => [
  ...root.querySelectorAll(css),
  ...hosts(root).flatMap((e) => all(e.shadowRoot, css)),
];
const shown = (e) =>
  e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
const words = (e) => {
  const inside = all(e, "*").filter((x) => x.shadowRoot);
  const roots = [e, ...(e.shadowRoot ? [e] : []), ...inside].filter((x) => x.shadowRoot);
  const shadows = roots.flatMap((x) => [...x.shadowRoot.children]);
  const parts = [e, ...shadows].map((x) => x.innerText ?? x.textContent ?? "");
  return parts.join("\\n").replace(/[\\t\\u00a0 ]+/g, " ").trim();
};
"""

# (css) -> how many elements match and are shown
COUNT = f"(css) => {{ {_ALL} return all(document, css).filter(shown).length; }}"

# (css) -> the visible text of the first shown match, or null
TEXT = f"""(css) => {{ {_ALL}
  const found = all(document, css).find(shown);
  return found ? words(found) : null;
}}"""

# (css, property) -> a property of the first match, shown or not, or null
PROPERTY = f"""(css, name) => {{ {_ALL}
  const found = all(document, css)[0];
  if (!found) return null;
  return name in found ? found[name] : found.getAttribute(name);
}}"""

# (css, text) -> where to press: {x, y} or {trouble}
LOCATE = f"""(css, text) => {{ {_ALL}
  const label = (e) => [words(e), e.getAttribute("aria-label"), e.value, e.title];
  const same = (e) => label(e).some((said) => said === text);
  const like = (e) => label(e).some((said) => typeof said === "string" && said.includes(text));
  const matches = all(document, css);
  const named = text === null ? matches : [...matches.filter(same), ...matches.filter(like)];
  const target = named.find(shown);
  if (!named.length) return {{ trouble: `nothing matches (${{matches.length}} without the text)` }};
  if (!target) return {{ trouble: "it is hidden" }};
  if (target.disabled) return {{ trouble: "it is disabled" }};
  const middle = () => {{
    const box = target.getClientRects()[0];
    return [box.left + box.width / 2, box.top + box.height / 2];
  }};
  let [x, y] = middle();
  if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) {{
    target.scrollIntoView({{ block: "center", inline: "nearest", behavior: "instant" }});
    [x, y] = middle();
  }}
  let top = document.elementFromPoint(x, y);
  while (top?.shadowRoot?.elementFromPoint(x, y) && top.shadowRoot.elementFromPoint(x, y) !== top)
    top = top.shadowRoot.elementFromPoint(x, y);
  for (let e = top; e; e = e.parentNode ?? e.host)
    if (e === target || e.control === target) return {{ x, y }};
  return {{ trouble: `it is covered by <${{top?.localName}} class="${{top?.className}}">` }};
}}"""

# () -> what has the keyboard's focus, in words: `button "Log out"`, or "" for the page itself
FOCUS = f"""() => {{ {_ALL}
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  if (!at || at === document.body || at === document.documentElement) return "";
  const name = at.getAttribute("aria-label") || at.name || words(at) || at.id;
  return `${{at.localName}} "${{name}}"`;
}}"""

# () -> [whether this is the window in front]
IN_FRONT = '() => [document.visibilityState === "visible" && document.hasFocus()]'

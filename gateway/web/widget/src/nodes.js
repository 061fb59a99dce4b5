/** Nodes of the widget. Nothing here takes HTML, so it works where Trusted Types are required. */

/**
 * @template {Element} T
 * @param {T} node
 * @param {Record<string, unknown>} attributes
 */
export function dress(node, attributes) {
  for (const name in attributes) node.setAttribute(name, /** @type {any} */ (attributes[name]));
  return node;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} classes  also the CSS parts
 * @param {...(string | Node)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, classes, ...children) {
  const node = dress(document.createElement(tag), { class: classes, part: classes });
  node.append(...children);
  return node;
}

/**
 * @param {string} classes
 * @param {(control: HTMLElement) => void} press
 * @param {...(string | Node)} children
 */
export function button(classes, press, ...children) {
  const node = make('button', classes, ...children);
  node.type = 'button';
  // The second click of a double click is not meant.
  node.onclick = (event) => event.detail < 2 && press(node);
  return node;
}

/**
 * A provider's mark, drawn from path data.
 * @param {unknown} path
 */
export function mark(path) {
  const [svg, shape] = ['svg', 'path'].map((tag) =>
    document.createElementNS('http://www.w3.org/2000/svg', tag),
  );
  dress(svg, { viewBox: '0 0 24 24', 'aria-hidden': true, part: 'mark' });
  svg.append(dress(shape, { d: path ?? '' }));
  return svg;
}

/**
 * The picture of a commenter where the gateway serves one, else the first letter of the name.
 * @param {string} name
 * @param {string | null | undefined} picture
 * @param {string} gateway
 */
export function face(name, picture, gateway) {
  const letter = [...name][0].toUpperCase();
  const node = dress(make('span', 'face', letter), { 'aria-hidden': true });
  if (!picture?.startsWith(gateway + '/')) return node;
  const image = new Image();
  image.onload = () => node.replaceChildren(image);
  dress(image, { alt: '', src: picture });
  return node;
}

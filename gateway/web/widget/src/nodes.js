/** Nodes of the widget. Nothing here takes HTML, so it works where Trusted Types are required. */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} classes  the first is also its CSS part
 * @param {...(string | Node)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, classes, ...children) {
  const node = document.createElement(tag);
  if (classes) node.className = classes;
  if (classes) node.setAttribute('part', classes.split(' ')[0]);
  node.append(...children);
  return node;
}

/**
 * @param {string} classes
 * @param {() => void} press
 * @param {...(string | Node)} children
 */
export function button(classes, press, ...children) {
  const node = make('button', classes, ...children);
  node.type = 'button';
  node.onclick = press;
  return node;
}

/** @param {string} path  the data of a 24 by 24 mark */
export function mark(path) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'mark');
  svg.setAttribute('part', 'mark');
  const shape = document.createElementNS(SVG, 'path');
  shape.setAttribute('d', path);
  svg.append(shape);
  return svg;
}

/**
 * The picture of a commenter where the gateway serves one, else the first letter of the name.
 * @param {string} name
 * @param {unknown} picture
 * @param {string} gateway
 */
export function face(name, picture, gateway) {
  const node = make('span', 'face');
  node.ariaHidden = 'true';
  const letter = [...name.trim()][0]?.toUpperCase() ?? '?';
  if (typeof picture !== 'string' || !picture.startsWith(gateway + '/')) {
    node.append(letter);
    return node;
  }
  const image = make('img', '');
  image.alt = '';
  image.loading = 'lazy';
  image.onerror = () => node.replaceChildren(letter);
  image.src = picture;
  node.append(image);
  return node;
}

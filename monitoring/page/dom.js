// SPDX-License-Identifier: Apache-2.0
// Builds the page's nodes. Texts only ever become text nodes: a data set's captions are untrusted.

const SVG = 'http://www.w3.org/2000/svg';

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** An HTML element; strings among `children` become text. */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element; strings among `children` become text. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Sets `attributes` of `node`, leaving alone those that already have the value. */
export function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) {
      node.removeAttribute(name);
    } else if (node.getAttribute(name) !== String(value)) {
      node.setAttribute(name, value);
    }
  }
}

/** Sets the text of `node`, leaving it alone when it is already that. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Cuts the text of an SVG `node` so that it is at most `width` wide. */
export function fitText(node, text, width) {
  if (node.fitted === text && node.fittedWidth === width) return;
  node.fitted = text;
  node.fittedWidth = width;
  node.textContent = text;
  let length = text.length;
  while (length > 1 && node.getComputedTextLength() > width) {
    length -= 1;
    node.textContent = `${text.slice(0, length)}…`;
  }
}

/** The element with `id`, which the page has. */
export function byId(id) {
  return document.getElementById(id);
}

/** An image from the API: only PNG data, anything else gives no image. */
export function pngImage(source, alternative) {
  const safe = typeof source === 'string' && source.startsWith('data:image/png;base64,');
  return el('img', {src: safe ? source : undefined, alt: alternative, decoding: 'async'});
}

/** Calls `changed` with the width of `node` now and whenever it changes. */
export function onWidth(node, changed) {
  let width = 0;
  new ResizeObserver((entries) => {
    const now = Math.floor(entries[0].contentRect.width);
    if (now > 0 && now !== width) changed(width = now);
  }).observe(node);
}

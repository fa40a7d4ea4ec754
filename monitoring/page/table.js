// SPDX-License-Identifier: Apache-2.0
// Tables of figures. A column is [title, (item) => text].

import {el, setText} from './dom.js';

/** A table with `count` empty rows, in a box that scrolls sideways where it is too wide. */
export function table(caption, columns, count) {
  const head = el('tr', {}, ...columns.map(([title]) => el('th', {scope: 'col'}, title)));
  const rows = Array.from({length: count}, () => el('tr', {}, ...columns.map(() => el('td'))));
  const node = el('div', {'class': 'scroll-x', 'tabindex': 0, 'role': 'region',
    'aria-label': caption}, el('table', {}, el('thead', {}, head), el('tbody', {}, ...rows)));
  return {node, rows};
}

/** Writes one item into each row. */
export function fillRows(rows, items, columns) {
  items.forEach((item, i) => {
    columns.forEach(([, text], column) => setText(rows[i].cells[column], text(item)));
  });
}

// SPDX-License-Identifier: Apache-2.0
// Training samples as the model saw them.

import {ask} from './api.js';
import {byId, el, pngImage} from './dom.js';

/** A wall of samples; a new one takes the place of one that is gone, so that the rest stands. */
export class Samples {
  constructor() {
    this.root = byId('samples');
    this.clear();
  }

  /** Forgets all samples, for a job that began anew. */
  clear() {
    this.cells = [];
    this.root.replaceChildren(el('p', {class: 'empty'}, 'No sample yet.'));
  }

  /** Fetches the newest samples, unless somebody looks at one. */
  async refresh() {
    if (this.root.matches(':hover')) return;
    const {samples} = await ask('samples');
    const fresh = new Map(samples.map((sample) => [sample.slot, sample]));
    for (const cell of this.cells) fresh.delete(cell.slot);
    const present = new Set(samples.map((sample) => sample.slot));
    for (const sample of fresh.values()) this.put(sample, samples.length, present);
  }

  put(sample, room, present) {
    const cell = {slot: sample.slot, node: sampleCell(sample)};
    const gone = this.cells.findIndex((other) => !present.has(other.slot));
    if (gone >= 0 && this.cells.length >= room) {
      this.cells[gone].node.replaceWith(cell.node);
      this.cells[gone] = cell;
      return;
    }
    if (!this.cells.length) this.root.replaceChildren();
    this.cells.push(cell);
    this.root.append(cell.node);
  }
}

function sampleCell(sample) {
  const origin = `${sample.source} · ${sample.width} × ${sample.height}`;
  const caption = el('figcaption', {}, el('span', {class: 'text'}, sample.text),
      el('span', {class: 'muted'}, sample.template ? `template “${sample.template}”` :
        'text as it was'),
      el('span', {class: 'muted'}, origin));
  return el('figure', {'class': 'sample', 'data-slot': sample.slot, 'title': sample.text},
      pngImage(sample.image, `sample of ${sample.source}`), caption);
}

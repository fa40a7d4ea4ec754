// SPDX-License-Identifier: Apache-2.0
// Where the time of a step goes, and the figures that have no curve.

import {byId, el} from './dom.js';
import * as format from './format.js';

// As a step runs; phases that are not known come last.
const PHASES = ['wait', 'gather', 'forward', 'loss', 'backward', 'allreduce', 'optimizer'];

/** Draws the panel of the last step. */
export class StepPanel {
  constructor() {
    this.root = byId('step');
    this.shown = '';
  }

  /** Shows `state`, a reply of /api/state. */
  update(state) {
    const shown = JSON.stringify([state.training, state.sources, state.checkpoint]);
    if (shown === this.shown) return;
    this.shown = shown;
    this.root.replaceChildren(...(state.training ? [phaseBars(state.training.phases ?? {})] :
      [el('p', {class: 'empty'}, 'No step yet.')]), figureList(state));
  }
}

function phaseBars(phases) {
  const place = (name) => PHASES.includes(name) ? PHASES.indexOf(name) : PHASES.length;
  const entries = Object.entries(phases).sort(([a], [b]) => place(a) - place(b));
  const total = entries.reduce((sum, [, seconds]) => sum + (seconds || 0), 0) || 1;
  return el('ul', {'class': 'bars', 'aria-label': 'Seconds of the last step'},
      ...entries.map(([name, seconds]) => bar(name, seconds / total, format.duration(seconds))));
}

/** A row with a name, a bar of `share` and a value. */
export function bar(name, share, value) {
  const fill = el('span', {class: 'bar-fill'});
  fill.style.width = `${Math.max(0, Math.min(1, share || 0)) * 100}%`;
  return el('li', {}, el('span', {class: 'bar-name', title: name}, name),
      el('span', {'class': 'bar-track', 'aria-hidden': 'true'}, fill),
      el('span', {class: 'bar-value'}, value));
}

function figureList(state) {
  const {training, checkpoint} = state;
  const rows = [];
  if (training) {
    rows.push(['stage', training.stage],
        ['read to step', `${format.duration(training.latency?.p50)} median, ` +
          `${format.duration(training.latency?.p99)} p99`],
        ['images seen', format.count(training.images)],
        ['learning rate', format.figure(training.learning_rate)],
        ['temperature', format.figure(training.temperature)],
        ['gradient norm', format.figure(training.grad_norm)],
        ['parameter norm', format.figure(training.parameter_norm)]);
  }
  for (const source of state.sources ?? []) {
    rows.push([source.name, `epoch ${format.count(source.epoch)}`]);
  }
  rows.push(['checkpoint', checkpoint ? `step ${format.count(checkpoint.step)} at ` +
    `${format.clock(checkpoint.at)}` : 'none yet']);
  return el('dl', {class: 'rows'}, ...rows.map(([name, value]) =>
    el('div', {}, el('dt', {}, name), el('dd', {}, value))));
}

// SPDX-License-Identifier: Apache-2.0
// The head of the page: which job, how far, how fast, and what holds it back.

import {byId, el, set, setText} from './dom.js';
import * as format from './format.js';

const PHASES = {
  starting: '○ starting', running: '● running', draining: '◐ draining', drained: '■ drained',
  completed: '✓ completed', failed: '✕ failed',
};
const LIVE = new Set(['starting', 'running', 'draining']);

/** Whether a job in `phase` still has something to do. */
export function isLive(phase) {
  return LIVE.has(phase);
}

/** Job, phase, figures and the sentence on the bottleneck. */
export class Header {
  constructor() {
    const list = byId('figures');
    this.figures = {};
    for (const [key, title] of [['step', 'Step'], ['left', 'Time left'], ['rate', 'Images'],
      ['loss', 'Loss'], ['elapsed', 'Elapsed']]) {
      const value = el('dd', {id: `figure-${key}`}, '–');
      this.figures[key] = {value, title: el('dt', {}, title)};
      list.append(el('div', {}, this.figures[key].title, value));
    }
  }

  /** Shows `state`, a reply of /api/state. */
  update(state) {
    const {training, phase} = state;
    setText(byId('job'), state.job);
    setText(byId('phase'), PHASES[phase] ?? phase);
    set(byId('phase'), {'data-phase': phase});
    setText(byId('origin'), `node ${state.node} · Arno ${state.version}`);
    const failure = byId('failure');
    failure.hidden = !state.error;
    setText(failure, state.error ? `The job failed: ${state.error}` : '');
    this.showFigures(state);
    const sentence = byId('bottleneck');
    const text = state.bottleneck.text;
    sentence.hidden = !text;
    setText(sentence, text);
    document.title = training ?
      `${format.count(training.step)}/${format.count(training.total_steps)} ${state.job} · Arno` :
      `${state.job} · Arno`;
  }

  showFigures(state) {
    const {training} = state;
    this.put('elapsed', format.duration(state.now - state.started_at));
    const done = training && training.total_steps > 0 ? training.step / training.total_steps : 0;
    set(byId('progress'), {'aria-valuenow': Math.round(done * 100)});
    byId('progress-done').style.width = `${(Math.min(1, done) * 100).toFixed(2)}%`;
    if (!training) return;
    this.put('step', format.count(training.step), ` / ${format.count(training.total_steps)}`);
    this.put('left', isLive(state.phase) ? format.duration(training.seconds_left) : '–');
    this.put('rate', format.rate(training.images_per_second));
    this.put('loss', format.loss(training.loss), ` floor ${format.loss(training.floor)}`);
  }

  put(key, text, more = '') {
    const {value} = this.figures[key];
    if (value.dataset.text === text + more) return;
    value.dataset.text = text + more;
    value.replaceChildren(text, el('small', {}, more));
  }
}

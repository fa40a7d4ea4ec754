// SPDX-License-Identifier: Apache-2.0
// The latest evaluation: figures, best and worst classes, retrieved images.

import {ask} from './api.js';
import {byId, el, pngImage, setText} from './dom.js';
import * as format from './format.js';
import {bar} from './step_panel.js';

const CLASSES = 5;
const PROTOCOLS = {zero_shot: 'zero-shot classification', retrieval: 'retrieval'};
const FIGURES = {top1: 'top 1', top5: 'top 5', mean_per_class: 'mean per class'};

/** Draws the panel of the latest evaluation when there is a new one. */
export class Evaluation {
  constructor() {
    this.root = byId('evaluation');
    this.clear();
  }

  /** Forgets the evaluation, for a job that began anew. */
  clear() {
    this.shown = '';
    setText(byId('evaluation-when'), '');
    this.root.replaceChildren(el('p', {class: 'empty'}, 'No evaluation yet.'));
  }

  /** Fetches the latest evaluation. */
  async refresh() {
    const evaluation = await ask('evaluation');
    if (!evaluation) return;
    const shown = `${evaluation.step} ${evaluation.at}`;
    if (shown === this.shown) return;
    this.shown = shown;
    setText(byId('evaluation-when'),
        `step ${format.count(evaluation.step)}, ${format.clock(evaluation.at)}`);
    this.root.replaceChildren(...evaluation.tasks.map((task) =>
      taskSection(task, evaluation.step)));
  }
}

function taskSection(task, newest) {
  const old = (task.step ?? newest) === newest ? '' : `, step ${format.count(task.step)}`;
  const figures = Object.entries(task.figures ?? {})
      .sort(([a], [b]) => format.byNumbers(a, b));
  const section = el('section', {'class': 'task', 'data-task': task.name},
      el('h3', {}, task.name, el('span', {class: 'muted'},
          ` ${PROTOCOLS[task.protocol] ?? task.protocol}${old}`)),
      el('dl', {class: 'scores'}, ...figures.map(([name, value]) => el('div', {},
          el('dt', {}, figureName(name)), el('dd', {}, format.score(value))))));
  if (task.classes?.length) section.append(classLists(task.classes));
  for (const example of task.examples ?? []) section.append(exampleRow(example));
  return section;
}

function figureName(name) {
  return FIGURES[name] ??
    name.replace('i2t@', 'image → text @').replace('t2i@', 'text → image @');
}

function classLists(all) {
  const classes = all.filter((item) => item.accuracy !== null);  // null: it has no images
  const shown = Math.min(CLASSES, Math.ceil(classes.length / 2));
  const list = (title, part) => el('div', {}, el('h4', {}, title),
      el('ul', {class: 'bars'}, ...part.map((item) =>
        bar(item.name, item.accuracy, format.score(item.accuracy)))));
  const worst = classes.slice(Math.max(shown, classes.length - shown)).reverse();
  return el('div', {class: 'best-worst'}, list('Best classes', classes.slice(0, shown)),
      list('Worst classes', worst));
}

function exampleRow(example) {
  const images = example.images.map((item, i) => el('li',
      {class: item.right ? 'hit right' : 'hit'},
      pngImage(item.image, `${i + 1}. nearest, ${item.right ? 'right' : 'wrong'}`),
      el('span', {'class': 'verdict', 'aria-hidden': 'true'}, item.right ? '✓' : '')));
  return el('div', {class: 'example'},
      el('p', {}, el('q', {class: 'text'}, example.query),
          el('span', {class: 'muted'}, ` first right one at rank ${format.count(example.rank)}`)),
      el('ol', {class: 'hits'}, ...images));
}

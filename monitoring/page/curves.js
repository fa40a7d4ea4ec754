// SPDX-License-Identifier: Apache-2.0
// The curves of the whole run, fetched piece by piece.

import {ask} from './api.js';
import {LineChart} from './chart.js';
import {byId} from './dom.js';
import * as format from './format.js';

const COLUMNS = ['step', 'loss', 'floor', 'images_per_second'];

/** Loss, throughput and evaluation results over steps. */
export class Curves {
  constructor() {
    this.loss = new LineChart(byId('loss-chart'), {
      name: 'Loss over steps', text: format.loss, tick: format.figure,
      height: 292, empty: 'No step yet.',
    });
    this.throughput = new LineChart(byId('throughput-chart'), {
      name: 'Images per second over steps', text: format.rate, tick: format.count, zero: true,
      height: 292, empty: 'No step yet.',
    });
    this.scores = new LineChart(byId('scores-chart'), {
      name: 'Evaluation results over steps', text: format.score, tick: format.percent, zero: true,
      marked: true, height: 232,
      empty: 'No evaluation yet.',
    });
    this.clear();
  }

  /** Forgets all points, for a job that began anew. */
  clear() {
    this.stride = 0;
    this.evaluated = new Map();
    this.points = Object.fromEntries(COLUMNS.map((column) => [column, []]));
    this.scores?.setData([], []);
  }

  /** Fetches the points that are missing; all of them when the server thinned them out. */
  async refresh() {
    const steps = this.points.step;
    const after = steps.length ? `?after=${steps[steps.length - 1]}` : '';
    let history = await ask(`history${after}`);
    if (after && history.stride !== this.stride) {
      this.clear();
      history = await ask('history');
    }
    this.take(history);
  }

  take(history) {
    this.stride = history.stride;
    const last = this.points.step[this.points.step.length - 1] ?? -1;
    history.step.forEach((step, i) => {
      if (step <= last) return;
      for (const column of COLUMNS) this.points[column].push(history[column][i] ?? null);
    });
    const {step, loss, floor} = this.points;
    this.loss.setData(step, [
      {name: 'loss', values: loss}, {name: 'floor', values: floor, dashed: true},
    ]);
    this.throughput.setData(step, [{name: 'images', values: this.points.images_per_second}]);
    this.takeScores(history.evaluations);
  }

  takeScores(evaluations) {
    if (!evaluations?.length) return;
    for (const evaluation of evaluations) this.evaluated.set(evaluation.step, evaluation.figures);
    const steps = [...this.evaluated.keys()].sort((a, b) => a - b);
    const names = [...new Set(steps.flatMap((step) => Object.keys(this.evaluated.get(step))))]
        .sort(format.byNumbers);
    this.scores.setData(steps, names.map((name) => ({
      name, values: steps.map((step) => this.evaluated.get(step)[name] ?? null),
    })));
  }
}

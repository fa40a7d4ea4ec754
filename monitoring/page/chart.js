// SPDX-License-Identifier: Apache-2.0
// A line chart over steps, with a readout by pointer and by keyboard.

import {el, svg, set, setText, onWidth} from './dom.js';
import {count} from './format.js';
import {ticks, smooth, extent, nearest} from './chart_scale.js';

const MIN_WIDTH = 160;
const MARGIN = {top: 10, right: 12, bottom: 38, left: 46};
const SMOOTH_FROM = 120;
const MARKERS_TO = 40;

/** How points are marked, so that lines differ by more than their colour. */
const SHAPES = [
  'M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0', 'M-3 -3H3V3H-3Z', 'M0 -4L4 3H-4Z',
  'M0 -4.5L4.5 0L0 4.5L-4.5 0Z', 'M0 4L4 -3H-4Z', 'M-4 -1H-1V-4H1V-1H4V1H1V4H-1V1H-4Z',
];

/** Line `i` beyond the colours has another's colour, but neither its marker nor its dashes. */
function lookOf(line, i) {
  const round = Math.floor(i / SHAPES.length);
  return {
    colour: `series-${i % SHAPES.length}`,
    shape: SHAPES[(i + 2 * round) % SHAPES.length],
    curve: line.dashed || round % 2 === 1 ? 'curve dashed' : 'curve',
  };
}

/**
 * options: name (what a screen reader says), text (a value in words), tick (a value at the axis),
 * zero (the axis starts at 0), marked (points are drawn), height (of the picture), empty (said
 * while there is no data).
 */
export class LineChart {
  constructor(root, options) {
    this.root = root;
    this.options = options;
    this.x = [];
    this.series = [];
    this.off = new Set();
    this.place = null;
    this.legend = el('ul', {class: 'chart-legend'});
    this.at = el('p', {class: 'chart-at'});
    this.grid = svg('g', {class: 'grid'});
    this.lines = svg('g', {});
    this.cursor = svg('g', {'class': 'cursor', 'visibility': 'hidden'});
    this.picture = svg('svg', {
      'class': 'chart', 'tabindex': 0, 'role': 'slider', 'aria-label': options.name,
      'aria-valuemin': 0, 'aria-valuemax': 0, 'aria-valuenow': 0, 'height': options.height,
    }, this.grid, this.lines, this.cursor);
    this.empty = el('p', {class: 'empty'}, options.empty);
    root.classList.add('chart-box');
    this.head = el('div', {class: 'chart-head'}, this.legend, this.at);
    root.append(this.head, this.picture, this.empty);
    this.listen();
    onWidth(root, (width) => {
      this.width = Math.max(MIN_WIDTH, width);
      this.draw();
    });
  }

  /** Shows `series`, each {name, values, dashed}, over the steps `x`; null is a gap. */
  setData(x, series) {
    this.x = x;
    const names = (list) => list.map((line) => line.name).join('\n');
    this.root.classList.toggle('many', series.length > 2);
    const changed = names(series) !== names(this.series);
    this.series = series;
    if (changed) this.buildLegend();
    this.draw();
  }

  listen() {
    this.picture.addEventListener('pointermove', (event) => {
      const left = this.picture.getBoundingClientRect().left;
      this.point(nearest(this.x, this.stepAt(event.clientX - left)));
    });
    this.picture.addEventListener('pointerleave', () => this.point(null));
    this.picture.addEventListener('blur', () => this.point(null));
    this.picture.addEventListener('keydown', (event) => {
      const last = this.x.length - 1;
      const here = this.place ?? last;
      const page = Math.max(1, Math.round(last / 10));
      const target = {
        ArrowLeft: here - 1, ArrowRight: here + 1, PageDown: here - page, PageUp: here + page,
        Home: 0, End: last, Escape: null,
      }[event.key];
      if (target === undefined) return;
      this.point(target === null ? null : Math.min(last, Math.max(0, target)));
      event.preventDefault();
    });
  }

  point(place) {
    this.place = this.x.length ? place : null;
    this.drawCursor();
  }

  shown() {
    return this.series.filter((line) => !this.off.has(line.name));
  }

  buildLegend() {
    this.values = [];
    const several = this.series.length > 2;
    this.legend.replaceChildren(...this.series.map((line, i) => {
      const {colour, shape, curve} = lookOf(line, i);
      const swatch = svg('svg', {'width': 22, 'height': 10, 'aria-hidden': 'true', 'class': colour},
          svg('path', {d: 'M0 5H22', class: curve}));
      if (this.options.marked) {
        swatch.append(svg('path', {d: shape, class: 'point', transform: 'translate(11 5)'}));
      }
      const value = el('span', {class: 'value'});
      this.values.push(value);
      if (!several) return el('li', {}, swatch, `${line.name} `, value);
      const toggle = el('button', {'type': 'button', 'aria-pressed': 'true'}, swatch,
          `${line.name} `, value);
      toggle.addEventListener('click', () => this.toggle(line.name, toggle));
      return el('li', {}, toggle);
    }));
  }

  toggle(name, button) {
    if (!this.off.delete(name)) this.off.add(name);
    set(button, {'aria-pressed': String(!this.off.has(name))});
    this.draw();
  }

  draw() {
    const range = extent(this.shown().map((line) => line.values));
    const drawn = this.x.length > 0 && extent(this.series.map((line) => line.values)) !== null;
    this.empty.hidden = drawn;
    this.head.hidden = !drawn;
    this.picture.style.display = drawn ? '' : 'none';
    if (!this.width || !drawn) return;
    set(this.picture, {width: this.width, viewBox: `0 0 ${this.width} ${this.options.height}`});
    this.scale(range ?? [0, 1]);
    this.drawGrid();
    this.lines.replaceChildren(...this.series.flatMap((line, i) => this.drawLine(line, i)));
    if (this.place !== null) this.place = Math.min(this.place, this.x.length - 1);
    this.drawCursor();
  }

  scale([low, high]) {
    const plotWidth = this.width - MARGIN.left - MARGIN.right;
    this.yTicks = ticks(this.options.zero ? Math.min(0, low) : low, high, 5);
    this.xRange = [this.x[0], Math.max(this.x[this.x.length - 1], this.x[0] + 1)];
    if (this.xRange[0] <= this.xRange[1] / 10) this.xRange[0] = 0;
    this.xTicks = ticks(...this.xRange, Math.max(2, Math.floor(plotWidth / 80)))
        .filter((step) => step >= this.xRange[0] && step <= this.xRange[1] && step % 1 === 0);
    const bottom = this.yTicks[0];
    const top = this.yTicks[this.yTicks.length - 1];
    const perStep = plotWidth / (this.xRange[1] - this.xRange[0]);
    const plotHeight = this.options.height - MARGIN.top - MARGIN.bottom;
    this.toX = (step) => MARGIN.left + (step - this.xRange[0]) * perStep;
    this.toY = (value) => MARGIN.top + (top - value) / (top - bottom) * plotHeight;
    this.stepAt = (x) => this.xRange[0] + (x - MARGIN.left) / perStep;
  }

  drawGrid() {
    const right = this.width - MARGIN.right;
    const bottom = this.options.height - MARGIN.bottom;
    const rows = this.yTicks.flatMap((value, i) => [
      svg('path', {'d': `M${MARGIN.left} ${this.toY(value).toFixed(1)}H${right}`,
        'class': i === 0 ? 'axis' : 'rule'}),
      svg('text', {'x': MARGIN.left - 7, 'y': this.toY(value) + 4, 'text-anchor': 'end'},
          this.options.tick(value)),
    ]);
    const columns = this.xTicks.flatMap((step) => [
      svg('path', {d: `M${this.toX(step).toFixed(1)} ${bottom}v4`, class: 'axis'}),
      svg('text', {'x': this.toX(step), 'y': bottom + 17, 'text-anchor': 'middle'}, count(step)),
    ]);
    const title = svg('text', {
      'x': right, 'y': this.options.height - 4, 'text-anchor': 'end',
    }, 'step');
    this.grid.replaceChildren(...rows, ...columns, title);
  }

  drawLine(line, i) {
    if (this.off.has(line.name)) return [];
    const {colour, curve} = lookOf(line, i);
    const path = (values) => this.pathOf(values);
    const count = this.x.length;
    if (!this.options.marked && count >= SMOOTH_FROM) {
      const calm = smooth(line.values, Math.round(count / 90));
      return [svg('path', {d: path(line.values), class: `curve raw ${colour}`}),
        svg('path', {'d': path(calm), 'class': `${curve} ${colour}`, 'data-series': line.name})];
    }
    const nodes = [svg('path', {'d': path(line.values), 'class': `${curve} ${colour}`,
      'data-series': line.name})];
    if (!this.options.marked || count > MARKERS_TO) return nodes;
    line.values.forEach((value, at) => {
      if (value !== null) nodes.push(this.marker(line, i, at));
    });
    return nodes;
  }

  marker(line, i, at) {
    const {colour, shape} = lookOf(line, i);
    const [x, y] = [this.toX(this.x[at]), this.toY(line.values[at])];
    return svg('path', {d: shape, class: `point ${colour}`,
      transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`});
  }

  pathOf(values) {
    let path = '';
    let pen = 'M';
    values.forEach((value, i) => {
      if (value === null || value === undefined) {
        pen = 'M';
        return;
      }
      path += `${pen}${this.toX(this.x[i]).toFixed(1)} ${this.toY(value).toFixed(1)}`;
      pen = 'L';
    });
    return path;
  }

  drawCursor() {
    const last = this.x.length - 1;
    if (last < 0 || !this.toX) return;
    const at = this.place ?? last;
    const step = count(this.x[at]);
    const texts = this.series.map((line) => this.options.text(line.values[at]));
    texts.forEach((text, i) => setText(this.values[i], text));
    setText(this.at, `step ${step}`);
    set(this.picture, {
      'aria-valuemin': this.x[0], 'aria-valuemax': this.x[last], 'aria-valuenow': this.x[at],
      'aria-valuetext': `step ${step}: ${this.series.map((line, i) => `${line.name} ${texts[i]}`)
          .join(', ')}`,
    });
    set(this.cursor, {visibility: this.place === null ? 'hidden' : null});
    if (this.place === null) return;
    const x = this.toX(this.x[at]).toFixed(1);
    const dots = this.series.flatMap((line, i) =>
      this.off.has(line.name) || (line.values[at] ?? null) === null ? [] :
        [this.marker(line, i, at)]);
    this.cursor.replaceChildren(
        svg('path', {d: `M${x} ${MARGIN.top}V${this.options.height - MARGIN.bottom}`}), ...dots);
  }
}

// SPDX-License-Identifier: Apache-2.0
// One edge in the picture: a line, how full it is, and whether it stalls.

import {svg, set, setText} from './dom.js';
import {count, rate} from './format.js';

const HEIGHT = 7;

/** A line with a gauge of in_flight_items of capacity_items. */
export class EdgeLine {
  constructor(edge) {
    this.line = svg('path', {'class': 'line', 'marker-end': 'url(#arrow)'});
    this.gauge = svg('rect', {class: 'gauge', height: HEIGHT, rx: HEIGHT / 2});
    this.fill = svg('rect', {class: 'gauge-fill', height: HEIGHT, rx: HEIGHT / 2});
    this.label = svg('text', {class: 'edge-label'});
    this.sign = svg('path', {class: 'stall-sign', visibility: 'hidden'});
    this.word = svg('text', {'class': 'stall-word', 'text-anchor': 'middle'});
    this.tip = svg('title');
    this.node = svg('g', {
      'class': 'edge', 'role': 'img', 'data-edge': edge.name,
    }, this.tip, this.line, this.gauge, this.fill, this.label, this.sign, this.word);
  }

  /** Takes the way `route` of the layout. */
  place(route) {
    set(this.node, {visibility: route ? null : 'hidden'});
    this.route = route;
    if (!route) return;
    const {gauge, label, sign} = route;
    set(this.line, {'d': route.path, 'class': route.back ? 'line back' : 'line'});
    set(this.gauge, {x: gauge.x, y: gauge.y - HEIGHT / 2, width: gauge.width});
    set(this.label, {'x': label.x, 'y': label.y, 'text-anchor': label.anchor});
    set(this.sign, {d: `M${sign.x} ${sign.y - 11}l6 11h-12Z`});
    set(this.word, {x: sign.wordX ?? null, y: sign.wordY ?? null});
  }

  /** Shows the figures of `edge`; `holds` when the job's bottleneck is behind it. */
  show(edge, holds, running) {
    if (!this.route) return;
    const share = edge.capacity_items > 0 ?
      Math.min(1, edge.in_flight_items / edge.capacity_items) : 0;
    const full = edge.capacity_items > 1 && share >= 1;
    const stalled = running && share >= 1 && edge.items_per_second === 0;
    const {gauge} = this.route;
    set(this.fill, {
      'x': gauge.x, 'y': gauge.y - HEIGHT / 2, 'width': (gauge.width * share).toFixed(1),
      'fill': full ? 'url(#hatch)' : null,
      'class': full ? 'gauge-fill full' : 'gauge-fill',
      'visibility': share > 0 ? null : 'hidden',
    });
    const fill = `${count(edge.in_flight_items)}/${count(edge.capacity_items)}`;
    setText(this.label, this.route.label.port ? `${edge.from_port} ${fill}` : fill);
    set(this.sign, {visibility: holds || stalled ? null : 'hidden'});
    setText(this.word, stalled && this.route.sign.wordX !== undefined ? 'stalled' : '');
    this.node.classList.toggle('stalled', stalled);
    this.node.classList.toggle('holds', holds);
    this.node.classList.toggle('tap', Boolean(edge.tap) && edge.tap !== 'blocking');
    const words = `${edge.name}: ${fill} items, ${rate(edge.items_per_second)}` +
      `${edge.dropped_items > 0 ? `, ${count(edge.dropped_items)} left out` : ''}` +
      `${stalled ? ', stalled' : ''}${holds ? ', the job waits here' : ''}`;
    set(this.node, {'aria-label': words});
    setText(this.tip, words);
  }
}

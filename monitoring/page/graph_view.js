// SPDX-License-Identifier: Apache-2.0
// The running graph as a picture that is drawn once and then only changed.

import {svg, el, set, onWidth} from './dom.js';
import {layoutGraph} from './graph_layout.js';
import {ActorBox, SHARES} from './actor_box.js';
import {EdgeLine} from './edge_line.js';

const NEW_MS = 30000;
const MIN_WIDTH = 240;

/** Draws the graph of /api/state into `root`; `chosen` is told the name of the actor in focus. */
export class GraphView {
  constructor(root, legend, chosen) {
    this.chosen = chosen;
    this.boxes = new Map();
    this.lines = new Map();
    this.shape = '';
    this.state = null;
    this.edgeLayer = svg('g', {});
    this.boxLayer = svg('g', {});
    this.picture = svg('svg', {'class': 'graph', 'role': 'group', 'aria-label': 'Actors and edges'},
        definitions(), this.edgeLayer, this.boxLayer);
    this.picture.addEventListener('keydown', (event) => this.onKey(event));
    root.append(this.picture);
    root.ownerDocument.fonts?.ready.then(() => this.place());
    fillLegend(legend);
    onWidth(root, (width) => {
      this.width = Math.max(MIN_WIDTH, width);
      this.place();
    });
  }

  /** Shows `state`, a reply of /api/state. */
  update(state) {
    const first = this.state === null;
    this.state = state;
    this.match(this.boxes, state.actors, (actor) => this.addBox(actor, first));
    this.match(this.lines, state.edges, (edge) => this.addLine(edge, first));
    const shape = JSON.stringify([state.actors.map((actor) => actor.name),
      state.edges.map((edge) => [edge.name, edge.from, edge.to, edge.back_edge])]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.place();
    }
    this.show();
  }

  /** Marks the actor whose details are open. */
  mark(name) {
    for (const [other, box] of this.boxes) {
      set(box.node, {'aria-pressed': String(other === name)});
    }
  }

  match(nodes, wanted, add) {
    const names = new Set(wanted.map((item) => item.name));
    for (const [name, item] of nodes) {
      if (names.has(name)) continue;
      item.node.remove();
      nodes.delete(name);
    }
    for (const item of wanted) {
      if (!nodes.has(item.name)) nodes.set(item.name, add(item));
    }
  }

  addBox(actor, first) {
    const box = new ActorBox(actor);
    box.node.addEventListener('focus', () => this.chosen(actor.name));
    box.node.addEventListener('click', () => this.chosen(actor.name));
    this.boxLayer.append(box.node);
    if (!first) welcome(box.node);
    return box;
  }

  addLine(edge, first) {
    const line = new EdgeLine(edge);
    this.edgeLayer.append(line.node);
    if (!first) welcome(line.node);
    return line;
  }

  place() {
    if (!this.width || !this.state) return;
    const layout = layoutGraph(this.state.actors, this.state.edges, this.width,
        [...this.boxes.keys()]);
    set(this.picture, {
      width: layout.width, height: layout.height, viewBox: `0 0 ${layout.width} ${layout.height}`,
    });
    this.sortBoxes();
    for (const [name, box] of this.boxes) box.place(layout.boxes.get(name), layout.mode);
    for (const [name, line] of this.lines) line.place(layout.routes.get(name));
    this.show();
  }

  /** Puts boxes in the order of the flow, for Tab; one that stands right is not moved: it would
   *  lose the focus. */
  sortBoxes() {
    this.state.actors.forEach((actor, i) => {
      const {node} = this.boxes.get(actor.name);
      const there = this.boxLayer.children[i] ?? null;
      if (there !== node) this.boxLayer.insertBefore(node, there);
    });
  }

  show() {
    if (!this.width) return;
    const {bottleneck, phase} = this.state;
    for (const actor of this.state.actors) {
      this.boxes.get(actor.name).show(actor, bottleneck.actor === actor.name);
    }
    for (const edge of this.state.edges) {
      this.lines.get(edge.name).show(edge, bottleneck.edge === edge.name, phase === 'running');
    }
  }

  onKey(event) {
    const steps = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1};
    const names = this.state ? this.state.actors.map((actor) => actor.name) : [];
    const here = names.findIndex((name) => this.boxes.get(name).node === event.target);
    if (here < 0) return;
    if (event.key === 'Enter' || event.key === ' ') {
      this.chosen(names[here]);
    } else if (event.key === 'Escape') {
      this.chosen(null);
    } else if (event.key in steps) {
      const next = Math.min(names.length - 1, Math.max(0, here + steps[event.key]));
      this.boxes.get(names[next]).node.focus();
    } else {
      return;
    }
    event.preventDefault();
  }
}

/** Lights up a node that came while the page was open. */
function welcome(node) {
  node.classList.add('new');
  setTimeout(() => node.classList.remove('new'), NEW_MS);
}

function definitions() {
  const arrow = svg('marker', {
    id: 'arrow', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7,
    markerUnits: 'userSpaceOnUse', orient: 'auto',
  }, svg('path', {'d': 'M0 0L8 4L0 8Z', 'class': 'arrow-head'}));
  return svg('defs', {}, arrow,
      pattern('hatch', 'M-1 5L5 -1M0 8L8 0M3 9L9 3', 'hatch'),
      pattern('dots', 'M2 2h1M5 5h1', 'dots'));
}

function pattern(id, path, name) {
  return svg('pattern', {id, width: 6, height: 6, patternUnits: 'userSpaceOnUse'},
      svg('rect', {'width': 6, 'height': 6, 'class': `${name}-ground`}),
      svg('path', {'d': path, 'class': `${name}-line`}));
}

function fillLegend(list) {
  for (const share of SHARES) {
    const swatch = svg('svg', {'width': 18, 'height': 10, 'aria-hidden': 'true'},
        svg('rect', {
          width: 18, height: 10, rx: 2, fill: share.fill, class: `share ${share.word}`,
        }));
    list.append(el('li', {}, swatch, `${share.word}: ${share.meaning}`));
  }
  const gauge = svg('svg', {'width': 34, 'height': 10, 'aria-hidden': 'true'},
      svg('rect', {'x': .5, 'y': 1.5, 'width': 33, 'height': 7, 'rx': 3.5, 'class': 'gauge'}),
      svg('rect', {'x': .5, 'y': 1.5, 'width': 16, 'height': 7, 'rx': 3.5, 'class': 'gauge-fill'}));
  list.append(el('li', {}, gauge, 'items on an edge, of its capacity'));
  const dashes = svg('svg', {'width': 26, 'height': 10, 'aria-hidden': 'true'},
      svg('path', {'d': 'M0 5H26', 'class': 'line back'}));
  list.append(el('li', {}, dashes, 'back edge'));
  const stop = svg('svg', {'width': 14, 'height': 13, 'aria-hidden': 'true'},
      svg('path', {'d': 'M7 1L13 12H1Z', 'class': 'stall-sign'}));
  list.append(el('li', {}, stop, 'stall'));
}

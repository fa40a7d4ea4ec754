// SPDX-License-Identifier: Apache-2.0
// What is known of one actor: each replica, and the edges it has.

import {el} from './dom.js';
import {count, rate, percent} from './format.js';
import {fillRows, table} from './table.js';

const COLUMNS = [
  ['replica', (replica) => count(replica.replica)],
  ['items', (replica) => count(replica.items)],
  ['sent', (replica) => count(replica.sent_items)],
  ['skipped', (replica) => count(replica.skipped_items)],
  ['errors', (replica) => count(replica.errors)],
  ['queued', (replica) => count(replica.queued_items)],
  ['rate', (replica) => rate(replica.items_per_second)],
  ['busy', (replica) => percent(replica.busy_share)],
  ['starved', (replica) => percent(replica.starved_share)],
  ['blocked', (replica) => percent(replica.blocked_share)],
  ['paused', (replica) => percent(replica.paused_share)],
];
const EDGE_COLUMNS = [
  ['edge', (edge) => edge.name],
  ['in flight', (edge) => `${count(edge.in_flight_items)} of ${count(edge.capacity_items)}`],
  ['items', (edge) => count(edge.items)],
  ['rate', (edge) => rate(edge.items_per_second)],
  ['left out', (edge) => edge.tap && edge.tap !== 'blocking' ? count(edge.dropped_items) : ''],
];

/** The panel below the graph; `closed` is called when somebody closes it. */
export class ActorDetails {
  constructor(root, closed) {
    this.root = root;
    this.closed = closed;
    this.shown = '';
  }

  /** Shows `name` of `state`, or nothing when there is no such actor. */
  update(state, name) {
    const actor = state.actors.find((other) => other.name === name);
    const edges = state.edges.filter((edge) => edge.from === name || edge.to === name);
    const shape = actor ? `${name} ${actor.replicas.length} ${edges.length}` : '';
    if (shape !== this.shown) {
      this.shown = shape;
      this.build(actor, edges);
    }
    if (!actor) return;
    fillRows(this.replicas, actor.replicas, COLUMNS);
    fillRows(this.edges, edges, EDGE_COLUMNS);
  }

  build(actor, edges) {
    this.root.replaceChildren();
    if (!actor) return;
    const title = el('h3', {}, actor.name, el('span', {class: 'muted'}, ` ${actor.kind}`));
    if (actor.node) title.append(el('span', {class: 'muted'}, ` on ${actor.node}`));
    const close = el('button', {'type': 'button', 'class': 'close', 'aria-label': 'Close details'},
        '✕');
    close.addEventListener('click', () => this.closed());
    const replicas = table(`Replicas of ${actor.name}`, COLUMNS, actor.replicas.length);
    this.replicas = replicas.rows;
    const joined = table(`Edges of ${actor.name}`, EDGE_COLUMNS, edges.length);
    this.edges = joined.rows;
    this.root.append(close, title, el('p', {class: 'doc'}, actor.doc || ''),
        el('div', {class: 'tables'}, replicas.node, joined.node));
  }
}

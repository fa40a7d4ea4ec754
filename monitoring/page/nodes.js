// SPDX-License-Identifier: Apache-2.0
// The nodes of a job that has more than the launcher's: what each has, does, and whether it is there.

import {set} from './dom.js';
import {count, clock, duration} from './format.js';
import {fillRows, table} from './table.js';

// A node tells of itself twice a second.
const SILENT_S = 2;

const COLUMNS = [
  ['node', (row) => row.node.name],
  ['address', (row) => row.node.address || 'launcher'],
  ['state', (row) => row.words],
  ['taken', (row) => taken(row.node)],
  ['runs', (row) => row.runs || '–'],
];

/** The panel of nodes, which only a job on several shows. */
export class Nodes {
  constructor(panel, root) {
    this.panel = panel;
    this.root = root;
    this.rows = [];
  }

  update(state) {
    const nodes = state.nodes || [];
    this.panel.hidden = nodes.length < 2;
    if (this.panel.hidden) return;
    if (this.rows.length !== nodes.length) {
      const built = table('Nodes', COLUMNS, nodes.length);
      built.node.classList.add('words');
      this.rows = built.rows;
      this.root.replaceChildren(built.node);
    }
    const rows = nodes.map((node) => ({
      node, ...stateOf(node, state.now), runs: runsOn(node.name, state.actors),
    }));
    fillRows(this.rows, rows, COLUMNS);
    rows.forEach((row, i) => set(this.rows[i], {'data-state': row.state}));
  }
}

function stateOf(node, now) {
  if (node.lost_at !== null) {
    return {state: 'lost', words: `lost at ${clock(node.lost_at)}: ${node.why_lost}`};
  }
  const silent = now - node.heard_at;
  if (silent > SILENT_S) return {state: 'silent', words: `silent for ${duration(silent)}`};
  return {state: 'alive', words: 'alive'};
}

/** What is taken of what a node has: "cpu 1 of 4, gpu 0 of 1". */
function taken(node) {
  const names = [...new Set([...Object.keys(node.has), ...Object.keys(node.taken)])].sort();
  return names.map((name) => `${name} ${count(node.taken[name] || 0)} of ` +
    count(node.has[name])).join(', ') || '–';
}

/** "decode ×2, augment". */
function runsOn(name, actors) {
  const words = [];
  for (const actor of actors) {
    const here = actor.replicas.filter((replica) => replica.node === name).length;
    if (here > 0) words.push(here > 1 ? `${actor.name} ×${here}` : actor.name);
  }
  return words.join(', ');
}

// SPDX-License-Identifier: Apache-2.0
// What happened, newest first.

import {ask} from './api.js';
import {byId, el} from './dom.js';
import * as format from './format.js';

const KEPT = 500;
const SIGNS = {
  start: '▶', stage: '◆', checkpoint: '▣', evaluation: '✓', fault: '▲', quarantine: '△',
  drain: '◐', attach: '+', detach: '−', end: '■',
};

/** The log of events. */
export class Events {
  constructor() {
    this.root = byId('events');
    this.clear();
  }

  /** Forgets all events, for a job that began anew. */
  clear() {
    this.last = 0;
    this.root.replaceChildren(el('li', {class: 'empty'}, 'Nothing yet.'));
  }

  /** Fetches the events that are missing. */
  async refresh() {
    const {events} = await ask(this.last ? `events?after=${this.last}` : 'events');
    const fresh = events.filter((event) => event.id > this.last);
    if (!fresh.length) return;
    if (!this.last) this.root.replaceChildren();
    for (const event of fresh) this.root.prepend(row(event));
    this.last = fresh[fresh.length - 1].id;
    while (this.root.children.length > KEPT) this.root.lastChild.remove();
  }
}

function row(event) {
  return el('li', {'class': `event ${event.kind}`, 'data-kind': event.kind, 'data-id': event.id},
      el('time', {datetime: format.isoTime(event.at)}, format.clock(event.at)),
      el('span', {'class': 'sign', 'aria-hidden': 'true'}, SIGNS[event.kind] ?? '·'),
      el('span', {class: 'event-text'}, el('span', {class: 'kind'}, event.kind),
          event.actor ? ` ${event.actor}: ` : ' ', event.text));
}

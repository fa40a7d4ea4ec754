// SPDX-License-Identifier: Apache-2.0
// Joins the parts of the page and keeps them up to date.

import {ask, Poller} from './api.js';
import {byId, setText} from './dom.js';
import {clock} from './format.js';
import {Header, isLive} from './header.js';
import {GraphView} from './graph_view.js';
import {ActorDetails} from './actor_details.js';
import {Nodes} from './nodes.js';
import {Curves} from './curves.js';
import {StepPanel} from './step_panel.js';
import {Samples} from './samples.js';
import {Evaluation} from './evaluation.js';
import {Events} from './events.js';

const STATE_MS = 1000;
const CURVES_MS = 2000;
const EVENTS_MS = 2000;
const SAMPLES_MS = 4000;
const EVALUATION_MS = 5000;

class Page {
  constructor() {
    this.state = null;
    this.chosen = null;
    this.header = new Header();
    this.details = new ActorDetails(byId('details'), () => this.choose(null));
    this.graph = new GraphView(byId('graph'), byId('graph-legend'), (name) => this.choose(name));
    this.nodes = new Nodes(byId('nodes-panel'), byId('nodes'));
    this.step = new StepPanel();
    this.curves = new Curves();
    this.events = new Events();
    this.samples = new Samples();
    this.evaluation = new Evaluation();
    this.pollers = [
      new Poller(STATE_MS, () => this.refresh(), () => this.showLost()),
      this.follower(CURVES_MS, this.curves),
      this.follower(EVENTS_MS, this.events),
      this.follower(SAMPLES_MS, this.samples),
      this.follower(EVALUATION_MS, this.evaluation),
    ];
  }

  start() {
    for (const poller of this.pollers) poller.run();
  }

  /** A poller that rests while the server is away: one question a time is enough to find it. */
  follower(periodMs, part) {
    return new Poller(periodMs, () => this.lost ? undefined : part.refresh());
  }

  async refresh() {
    const state = await ask('state');
    if (this.state && state.started_at !== this.state.started_at) this.restart();
    this.state = state;
    this.lost = false;
    byId('connection').hidden = true;
    document.body.classList.remove('lost');
    this.header.update(state);
    this.graph.update(state);
    this.details.update(state, this.chosen);
    this.nodes.update(state);
    this.step.update(state);
    setText(byId('footer'), `${state.actors.length} actors, ${state.edges.length} edges · ` +
      `figures of ${clock(state.now)}`);
  }

  restart() {
    for (const panel of [this.curves, this.events, this.samples, this.evaluation]) panel.clear();
  }

  choose(name) {
    this.chosen = name;
    this.graph.mark(name);
    if (this.state) this.details.update(this.state, name);
  }

  showLost() {
    this.lost = true;
    const banner = byId('connection');
    document.body.classList.add('lost');
    setText(banner, this.lostText());
    banner.hidden = false;
  }

  lostText() {
    if (!this.state) return 'The job’s server does not answer. Trying again.';
    const since = `This is the last picture, of ${clock(this.state.now)}`;
    return isLive(this.state.phase) ?
      `The job’s server is gone. ${since}. Trying again.` :
      `The job has ended (${this.state.phase}) and its server is closed. ${since}.`;
  }
}

new Page().start();

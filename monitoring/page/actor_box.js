// SPDX-License-Identifier: Apache-2.0
// One actor in the picture.

import {svg, set, setText, fitText} from './dom.js';
import {count, rate, percent} from './format.js';

/** The shares of an actor's time, their words and how they are filled. */
export const SHARES = [
  {key: 'busy_share', word: 'busy', meaning: 'works', fill: null},
  {key: 'starved_share', word: 'starved', meaning: 'waits for input', fill: 'url(#dots)'},
  {key: 'blocked_share', word: 'blocked', meaning: 'waits for credit', fill: 'url(#hatch)'},
  {key: 'paused_share', word: 'paused', meaning: 'failed, waits for the supervisor', fill: null},
];

const PAD = 9;
const BAR = 7;

/** The largest share of `actor` in words: "77 % blocked". */
export function mainShare(actor) {
  const [first, ...others] = SHARES;
  const most = others.reduce((best, share) => actor[share.key] > actor[best.key] ? share : best,
      first);
  return `${percent(actor[most.key])} ${most.word}`;
}

function errorWords(errors) {
  return errors === 1 ? '1 error' : `${count(errors)} errors`;
}

/** A box with name, kind, rate, replicas and the bar of shares. */
export class ActorBox {
  constructor(actor) {
    this.name = svg('text', {class: 'actor-name'});
    this.kind = svg('text', {class: 'actor-kind'});
    this.rate = svg('text', {class: 'actor-rate'});
    this.replicas = svg('text', {'class': 'actor-replicas', 'text-anchor': 'end'});
    this.share = svg('text', {class: 'actor-share'});
    this.frame = svg('rect', {class: 'frame', rx: 7});
    this.tag = svg('text', {class: 'actor-tag'});
    this.bars = SHARES.map((share) => svg('rect', {
      class: `share ${share.word}`, height: BAR, fill: share.fill,
    }));
    this.track = svg('rect', {class: 'bar-frame', height: BAR});
    this.tip = svg('title');
    this.node = svg('g', {
      'class': 'actor', 'tabindex': 0, 'role': 'button', 'aria-pressed': 'false',
      'data-actor': actor.name,
    }, this.tip, this.frame, this.name, this.kind, this.rate, this.replicas, this.share,
    ...this.bars, this.track, this.tag);
  }

  /** Moves to `box`; a wide picture has narrow boxes, a tall one has flat ones. */
  place(box, mode) {
    this.box = box;
    this.tall = mode === 'tall';
    const {x, y, width, height} = box;
    const right = x + width - PAD;
    set(this.frame, {x, y, width, height});
    set(this.tag, {'x': x + width / 2, 'y': y + height + 13, 'text-anchor': 'middle'});
    set(this.name, {x: x + PAD, y: y + 20});
    set(this.kind, {x: x + PAD, y: y + 35});
    set(this.replicas, {x: right, y: y + (this.tall ? 20 : 53)});
    if (this.tall) {
      set(this.rate, {'x': right - 42, 'y': y + 20, 'text-anchor': 'end'});
      set(this.share, {'x': right, 'y': y + 35, 'text-anchor': 'end'});
      set(this.tag, {'y': y + 35});
    } else {
      set(this.rate, {'x': x + PAD, 'y': y + 53, 'text-anchor': 'start'});
      set(this.share, {'x': x + PAD, 'y': y + 68, 'text-anchor': 'start'});
    }
    set(this.track, {x: x + PAD, y: y + height - PAD - BAR, width: width - 2 * PAD});
  }

  /** Shows the figures of `actor`. */
  show(actor, bottleneck) {
    if (!this.box) return;
    const inner = this.box.width - 2 * PAD;
    const many = actor.replicas.length > 1 ? `×${actor.replicas.length}` : '';
    fitText(this.name, actor.name, inner - (this.tall ? 126 : 0));
    fitText(this.kind, actor.kind, inner - (this.tall ? 100 : 0));
    setText(this.rate, rate(actor.items_per_second));
    setText(this.replicas, many);
    fitText(this.share, mainShare(actor), this.tall ? 130 : inner);
    this.showBar(actor, inner);
    const errors = actor.replicas.reduce((sum, replica) => sum + replica.errors, 0);
    this.node.classList.toggle('is-bottleneck', bottleneck);
    this.node.classList.toggle('has-errors', errors > 0);
    setText(this.tag, this.tagText(bottleneck, errors));
    const label = `${actor.name}, ${actor.kind}, ${rate(actor.items_per_second)}, ` +
      `${mainShare(actor)}${many ? `, ${actor.replicas.length} replicas` : ''}` +
      `${errors ? `, ${errorWords(errors)}` : ''}${bottleneck ? ', the bottleneck' : ''}`;
    set(this.node, {'aria-label': label});
    setText(this.tip, actor.doc ? `${label}\n${actor.doc}` : label);
  }

  /** What is most worth knowing; there is room for a few words. */
  tagText(bottleneck, errors) {
    if (bottleneck) return errors ? `bottleneck ▲ ${count(errors)}` : 'bottleneck';
    if (errors) return `▲ ${errorWords(errors)}`;
    return this.node.classList.contains('new') ? 'new' : '';
  }

  showBar(actor, width) {
    let x = this.box.x + PAD;
    const y = this.box.y + this.box.height - PAD - BAR;
    SHARES.forEach((share, i) => {
      const part = Math.max(0, Math.min(1, actor[share.key] || 0)) * width;
      set(this.bars[i], {x: x.toFixed(1), y, width: part.toFixed(1)});
      x += part;
    });
  }
}

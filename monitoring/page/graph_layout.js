// SPDX-License-Identifier: Apache-2.0
// Places actors and edges: in columns from left to right where the width allows it, else one below
// the other. Back edges run apart: above the columns, or along the left side.

const WIDE = {
  boxMin: 98, boxMax: 150, boxHeight: 90, gapMin: 58, gapMax: 110, rowGap: 20,
  lane: 27, lanePad: 18, channel: 8, channelStep: 4,
};
const TALL = {boxMax: 440, boxHeight: 68, lane: 11, side: 8, gap: 40, labelRow: 19};
const GAUGE = 34;
const CORNER = 6;

/**
 * Where everything stands in a picture `width` wide. Actors come in the order of the flow; `seen`
 * has their names in the order in which they came: a new one stands below the others of its column.
 * `boxes` maps an actor's name to {x, y, width, height}; `routes` an edge's name to {path, gauge,
 * label, sign}: the line, the box of its fill, where its text stands and where a stall is marked.
 */
export function layoutGraph(actors, edges, width, seen) {
  const order = new Map(actors.map((actor, index) => [actor.name, index]));
  const known = edges.filter((edge) => order.has(edge.from) && order.has(edge.to));
  const back = known.filter((edge) => isBack(edge, order));
  const plan = {
    names: actors.map((actor) => actor.name),
    order,
    forward: known.filter((edge) => !isBack(edge, order)),
    back,
    // Who sends back stands first in its column: the way back is short from there.
    age: (name) => seen.indexOf(name) - (back.some((edge) => edge.from === name) ? seen.length : 0),
    width,
  };
  const ranks = rankActors(plan);
  const columns = Math.max(0, ...ranks.values()) + 1;
  const needed = columns * WIDE.boxMin + (columns - 1) * WIDE.gapMin;
  return needed <= width ? layoutWide(plan, ranks, columns) : layoutTall(plan);
}

function isBack(edge, order) {
  return edge.back_edge || order.get(edge.from) >= order.get(edge.to);
}

/** The column of each actor: one more than the last of those it takes from. */
function rankActors(plan) {
  const ranks = new Map(plan.names.map((name) => [name, 0]));
  const byTarget = [...plan.forward].sort((a, b) => plan.order.get(a.to) - plan.order.get(b.to));
  for (const edge of byTarget) {
    ranks.set(edge.to, Math.max(ranks.get(edge.to), ranks.get(edge.from) + 1));
  }
  return ranks;
}

/** Rows of the actors, and of the long edges where they pass a column. */
function assignRows(plan, ranks, columns) {
  const rows = new Map();
  const passing = new Map(plan.forward.map((edge) => [edge.name, new Map()]));
  for (let column = 0; column < columns; ++column) {
    const taken = new Set();
    const place = (wanted) => {
      let row = wanted;
      while (taken.has(row)) row += 1;
      taken.add(row);
      return row;
    };
    const here = plan.names.filter((name) => ranks.get(name) === column)
        .map((name) => ({name, wanted: wantedRow(name, plan, rows)}))
        .sort((a, b) => a.wanted - b.wanted || plan.age(a.name) - plan.age(b.name));
    for (const actor of here) rows.set(actor.name, place(actor.wanted));
    for (const edge of plan.forward) {
      if (ranks.get(edge.from) < column && column < ranks.get(edge.to)) {
        passing.get(edge.name).set(column, place(rows.get(edge.from)));
      }
    }
  }
  return {rows, passing};
}

function wantedRow(name, plan, rows) {
  const sources = plan.forward.filter((edge) => edge.to === name)
      .map((edge) => rows.get(edge.from));
  return sources.length ? Math.min(...sources) : 0;
}

function layoutWide(plan, ranks, columns) {
  const {rows, passing} = assignRows(plan, ranks, columns);
  const room = plan.width - (columns - 1) * WIDE.gapMin;
  const boxWidth = Math.min(WIDE.boxMax, Math.floor(room / columns));
  const gap = columns < 2 ? 0 :
    Math.min(WIDE.gapMax, Math.floor((plan.width - columns * boxWidth) / (columns - 1)));
  const left = Math.max(0, (plan.width - columns * boxWidth - (columns - 1) * gap) / 2);
  const columnX = (column) => left + column * (boxWidth + gap);
  const lanes = assignLanes(plan.back, (edge) => [ranks.get(edge.to), ranks.get(edge.from)]);
  const top = lanes.count ? WIDE.lanePad + lanes.count * WIDE.lane : 14;
  const rowY = (row) => top + row * (WIDE.boxHeight + WIDE.rowGap);
  const boxes = new Map(plan.names.map((name) => [name, {
    x: columnX(ranks.get(name)), y: rowY(rows.get(name)), width: boxWidth, height: WIDE.boxHeight,
  }]));
  const frame = {plan, ranks, rows, passing, lanes, boxes, top, gap, boxWidth, columnX, rowY};
  const routes = new Map();
  for (const edge of plan.forward) routes.set(edge.name, wideForward(edge, frame));
  for (const edge of plan.back) routes.set(edge.name, wideBack(edge, frame));
  const height = rowY(Math.max(0, ...rows.values())) + WIDE.boxHeight + 4;
  return {mode: 'wide', width: plan.width, height, boxes, routes};
}

/** Gives each edge the nearest lane that is free over its span, short spans first. */
function assignLanes(edges, spanOf) {
  const byEdge = new Map();
  const lanes = [];
  const length = (edge) => spanOf(edge)[1] - spanOf(edge)[0];
  for (const edge of [...edges].sort((a, b) => length(a) - length(b))) {
    const [first, last] = spanOf(edge);
    let lane = lanes.findIndex((spans) => spans.every(([a, b]) => last <= a || first >= b));
    if (lane < 0) lane = lanes.push([]) - 1;
    lanes[lane].push([first, last]);
    byEdge.set(edge.name, lane);
  }
  return {byEdge, count: lanes.length};
}

/** The y where `edge` enters its target from the left. */
function entryY(edge, frame) {
  const ins = frame.plan.forward.filter((other) => other.to === edge.to)
      .sort((a, b) => frame.rows.get(a.from) - frame.rows.get(b.from));
  const box = frame.boxes.get(edge.to);
  return box.y + box.height * (ins.indexOf(edge) + 1) / (ins.length + 1);
}

function wideForward(edge, frame) {
  const from = frame.boxes.get(edge.from);
  const to = frame.boxes.get(edge.to);
  const lean = WIDE.channel + WIDE.channelStep * (frame.rows.get(edge.from) % 3);
  const channelX = (column) => frame.columnX(column) + frame.boxWidth + lean;
  let y = from.y + from.height / 2;
  const points = [[from.x + from.width, y]];
  const turnTo = (column, nextY) => {
    points.push([channelX(column), y], [channelX(column), nextY]);
    y = nextY;
  };
  for (let column = frame.ranks.get(edge.from); column < frame.ranks.get(edge.to); ++column) {
    const row = frame.passing.get(edge.name).get(column + 1);
    turnTo(column, row === undefined ? entryY(edge, frame) : frame.rowY(row) + to.height / 2);
  }
  points.push([to.x, y]);
  const gaugeX = to.x - 9 - GAUGE;
  return {
    path: roundedPath(points),
    gauge: {x: gaugeX, y, width: GAUGE},
    label: {x: gaugeX + GAUGE / 2, y: y + 17, anchor: 'middle', port: false},
    sign: {x: gaugeX + GAUGE / 2, y: y - 7, wordX: gaugeX + GAUGE / 2, wordY: y - 21},
    back: false,
  };
}

function wideBack(edge, frame) {
  const lane = frame.lanes.byEdge.get(edge.name);
  const laneY = frame.top - WIDE.lanePad - lane * WIDE.lane;
  const start = backEnd(edge, edge.from, frame);
  const end = backEnd(edge, edge.to, frame);
  const middle = (start.x + end.x) / 2;
  return {
    path: roundedPath([...start.points, [start.x, laneY], [end.x, laneY],
      ...end.points.reverse()]),
    gauge: {x: middle - GAUGE / 2, y: laneY, width: GAUGE},
    label: {x: middle, y: laneY - 8, anchor: 'middle', port: true},
    sign: {
      x: middle + GAUGE / 2 + 12, y: laneY + 6, wordX: middle + GAUGE / 2 + 42, wordY: laneY + 4,
    },
    back: true,
  };
}

/** How a back edge leaves or enters an actor: through its top, or round it from the side. */
function backEnd(edge, name, frame) {
  const box = frame.boxes.get(name);
  const leaves = edge.from === name;
  if (frame.rows.get(name) > 0) {
    const x = leaves ? box.x + box.width + 4 : box.x - 5;
    const y = box.y + box.height * 0.75;
    return {x, points: [[leaves ? box.x + box.width : box.x, y], [x, y]]};
  }
  const lane = (other) => frame.lanes.byEdge.get(other.name);
  const outs = frame.plan.back.filter((other) => other.from === name)
      .sort((a, b) => lane(a) - lane(b));
  const ins = frame.plan.back.filter((other) => other.to === name && other.from !== name)
      .sort((a, b) => lane(b) - lane(a));
  const ports = [...outs, ...ins];
  const x = box.x + box.width * (ports.indexOf(edge) + 1) / (ports.length + 1);
  return {x, points: [[x, box.y]]};
}

function layoutTall(plan) {
  const index = (name) => plan.order.get(name);
  const isNext = (edge) => index(edge.to) === index(edge.from) + 1;
  const straight = plan.forward.filter(isNext);
  const skipping = plan.forward.filter((edge) => !isNext(edge));
  const frame = {
    plan, index, straight,
    backLanes: assignLanes(plan.back, (edge) => [index(edge.to), index(edge.from)]),
    skipLanes: assignLanes(skipping, (edge) => [index(edge.from), index(edge.to)]),
    leaving: (name) => plan.back.filter((edge) => edge.from === name),
    entering: (name) => skipping.filter((edge) => edge.to === name),
    joined: new Set(straight.map((edge) => edge.from)),
    boxes: new Map(),
    gapTop: [],
  };
  const height = stackBoxes(frame) + 4;
  const routes = new Map();
  for (const edge of straight) routes.set(edge.name, tallStraight(edge, frame));
  for (const edge of skipping) routes.set(edge.name, tallSkipping(edge, frame));
  for (const edge of plan.back) routes.set(edge.name, tallBack(edge, frame));
  return {mode: 'tall', width: plan.width, height, boxes: frame.boxes, routes};
}

/** Fills boxes and gapTop of `frame`; returns where the stack ends. */
function stackBoxes(frame) {
  const {names, width} = frame.plan;
  const leftSide = TALL.side + frame.backLanes.count * TALL.lane;
  const room = width - leftSide - TALL.side - frame.skipLanes.count * TALL.lane;
  const boxWidth = Math.min(TALL.boxMax, room);
  const left = leftSide + (room - boxWidth) / 2;
  let y = 10;
  names.forEach((name, place) => {
    frame.boxes.set(name, {x: left, y, width: boxWidth, height: TALL.boxHeight});
    y += TALL.boxHeight;
    frame.gapTop.push(y);
    const below = names[place + 1];
    const labels = Math.max(frame.leaving(name).length, below ? frame.entering(below).length : 0);
    const rows = labels + (frame.joined.has(name) ? 1 : 0);
    if (below || labels) y += Math.max(TALL.gap, 22 + rows * TALL.labelRow);
  });
  return y;
}

/** The y of the first label at the side of the gap below the actor at `place`. */
function labelTop(place, frame) {
  return frame.gapTop[place] + 18 +
    (frame.joined.has(frame.plan.names[place]) ? TALL.labelRow : 0);
}

function tallStraight(edge, frame) {
  const from = frame.boxes.get(edge.from);
  const to = frame.boxes.get(edge.to);
  const alike = frame.straight.filter((other) => other.from === edge.from && other.to === edge.to);
  const x = from.x + from.width * 0.6 - alike.indexOf(edge) * 100;
  const y = from.y + from.height;
  return {
    path: roundedPath([[x, y], [x, to.y]]),
    gauge: {x: x + 10, y: y + 17, width: GAUGE},
    label: {x: x + 16 + GAUGE, y: y + 21, anchor: 'start', port: false},
    sign: {x: x - 13, y: y + 23, wordX: x - 43, wordY: y + 21},
    back: false,
  };
}

function tallSkipping(edge, frame) {
  const from = frame.boxes.get(edge.from);
  const to = frame.boxes.get(edge.to);
  const lane = from.x + from.width + TALL.side + frame.skipLanes.byEdge.get(edge.name) * TALL.lane;
  const place = frame.entering(edge.to).indexOf(edge);
  const above = frame.index(edge.to) - 1;
  const y = labelTop(above, frame) + place * TALL.labelRow;
  const x = to.x + to.width - 16 - place * 12;
  const startY = from.y + from.height / 2;
  return {
    path: roundedPath([[from.x + from.width, startY], [lane, startY], [lane, y], [x, y],
      [x, to.y]]),
    gauge: {x: x - 10 - GAUGE, y, width: GAUGE},
    label: {x: x - 16 - GAUGE, y: y + 4, anchor: 'end',
      port: !frame.joined.has(frame.plan.names[above])},
    sign: {x: x - 10 - GAUGE / 2, y: y - 5},
    back: false,
  };
}

function tallBack(edge, frame) {
  const from = frame.boxes.get(edge.from);
  const to = frame.boxes.get(edge.to);
  const number = frame.backLanes.byEdge.get(edge.name);
  const lane = from.x - TALL.side - number * TALL.lane;
  const place = frame.leaving(edge.from).indexOf(edge);
  const x = from.x + 12 + place * 12;
  const y = labelTop(frame.index(edge.from), frame) + place * TALL.labelRow;
  const endY = to.y + to.height / 2 - 8 + 14 * number;
  return {
    path: roundedPath([[x, from.y + from.height], [x, y], [lane, y], [lane, endY], [to.x, endY]]),
    gauge: {x: x + 10, y, width: GAUGE},
    label: {x: x + 16 + GAUGE, y: y + 4, anchor: 'start', port: true},
    sign: {x: x + 10 + GAUGE / 2, y: y - 5},
    back: true,
  };
}

/** A line through `points` with rounded corners; points that repeat are left out. */
function roundedPath(points) {
  const distinct = points.filter((point, i) => i === 0 ||
    point[0] !== points[i - 1][0] || point[1] !== points[i - 1][1]);
  let path = `M${distinct[0].join(' ')}`;
  for (let i = 1; i < distinct.length - 1; ++i) {
    const before = towards(distinct[i], distinct[i - 1]);
    const after = towards(distinct[i], distinct[i + 1]);
    path += `L${before.join(' ')}Q${distinct[i].join(' ')} ${after.join(' ')}`;
  }
  return `${path}L${distinct[distinct.length - 1].join(' ')}`;
}

/** The point a corner's radius away from `corner` on the way to `other`. */
function towards(corner, other) {
  const dx = other[0] - corner[0];
  const dy = other[1] - corner[1];
  const length = Math.hypot(dx, dy) || 1;
  const step = Math.min(CORNER, length / 2) / length;
  return [corner[0] + dx * step, corner[1] + dy * step].map((value) => Number(value.toFixed(1)));
}

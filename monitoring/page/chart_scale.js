// SPDX-License-Identifier: Apache-2.0
// Ticks at round values, and lines that hold still where the data is noisy.

/** About `wanted` round values from `low` to `high`, which may lie a little outside. */
export function ticks(low, high, wanted) {
  const span = high > low ? high - low : Math.abs(high) || 1;
  const rough = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const values = [];
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  for (let i = first; i <= last; ++i) values.push(Number((i * step).toPrecision(12)));
  return values;
}

/** A mean of each value and its neighbours, the near ones counting more; gaps stay gaps. */
export function smooth(values, radius) {
  return localMeans(localMeans(values, radius), radius);
}

function localMeans(values, radius) {
  return values.map((value, i) => {
    if (value === null) return null;
    const near = values.slice(Math.max(0, i - radius), i + radius + 1)
        .filter((other) => other !== null);
    return near.reduce((sum, other) => sum + other, 0) / near.length;
  });
}

/** The smallest and largest figure of all `lists`, or null when there is none. */
export function extent(lists) {
  let low = Infinity;
  let high = -Infinity;
  for (const values of lists) {
    for (const value of values) {
      if (value === null || value === undefined) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low <= high ? [low, high] : null;
}

/** The place in the rising `values` that is nearest to `wanted`. */
export function nearest(values, wanted) {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < wanted) low = middle + 1; else high = middle;
  }
  return low > 0 && wanted - values[low - 1] < values[low] - wanted ? low - 1 : low;
}

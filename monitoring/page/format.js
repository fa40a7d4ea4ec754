// SPDX-License-Identifier: Apache-2.0
// Figures in words. A figure that is not known is a dash.

const DASH = '–';
const WHOLE = new Intl.NumberFormat('en', {maximumFractionDigits: 0});

function known(value) {
  return typeof value === 'number' && Number.isFinite(value);
}

/** A count: 153,600. */
export function count(value) {
  return known(value) ? WHOLE.format(value) : DASH;
}

/** Three significant digits where the value is small: 0.0013, 2.45, 14.2, 702. */
export function figure(value) {
  if (!known(value)) return DASH;
  const size = Math.abs(value);
  if (size >= 1000) return WHOLE.format(value);
  if (size !== 0 && size < 0.001) return value.toExponential(1).replace('e-', 'e−');
  return String(Number(value.toPrecision(3)));
}

/** Always two decimals: 3.10. */
export function loss(value) {
  return known(value) ? value.toFixed(2) : DASH;
}

/** Orders names as people do: i2t@5 before i2t@10. */
export function byNumbers(a, b) {
  return a.localeCompare(b, 'en', {numeric: true});
}

/** Per second: 702/s, 5.2/s. */
export function rate(value) {
  if (!known(value)) return DASH;
  if (value === 0) return '0/s';
  return value < 9.95 ? `${value.toFixed(1)}/s` : `${WHOLE.format(value)}/s`;
}

/** A share of one as 97 %. */
export function percent(value) {
  return known(value) ? `${Math.round(value * 100)} %` : DASH;
}

/** A score of one as 70.5 %. */
export function score(value) {
  return known(value) ? `${(value * 100).toFixed(1)} %` : DASH;
}

/** A span of time: 6 min 41 s, 2 h 05 min, 0.11 s, 4 ms. */
export function duration(seconds) {
  if (!known(seconds)) return DASH;
  if (seconds < 0.0005) return '0 ms';
  if (seconds < 0.1) return `${Number((seconds * 1000).toPrecision(2))} ms`;
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const pad = (part) => String(part).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60 * 48) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor(minutes / 60) % 24} h`;
}

/** The time of the day of seconds since 1970: 14:03:20. */
export function clock(seconds) {
  if (!known(seconds)) return DASH;
  return new Date(seconds * 1000).toLocaleTimeString('en-GB');
}

/** A date and time that a machine reads too. */
export function isoTime(seconds) {
  return known(seconds) ? new Date(seconds * 1000).toISOString() : '';
}

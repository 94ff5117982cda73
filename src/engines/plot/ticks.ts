// Round places along an axis, and how they are written. Pure.

/** Steps of time that people count in, milliseconds: seconds to weeks. Longer ones go by the calendar. */
const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const timeSteps = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12].map((count) => count * hour),
  ...[1, 2, 7, 14].map((count) => count * day),
];
const monthSteps = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200, 2_400, 6_000, 12_000];

/** The step of about `count` ticks over a span: 1, 2 or 5 times a power of ten. Of an empty span 1. */
export function niceStep(span: number, count: number): number {
  if (!(span > 0)) return 1;
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = rough / power;
  return (factor < 1.5 ? 1 : factor < 3.5 ? 2 : factor < 7.5 ? 5 : 10) * power;
}

/** Multiples of a nice step from the last at or below `min` to the first at or above `max`. */
export function niceTicks(min: number, max: number, count: number): number[] {
  const step = niceStep(max - min, count);
  const first = Math.floor(min / step);
  const last = Math.max(Math.ceil(max / step), first + 1);
  // Counted, not added up: sums of tenths drift.
  return Array.from({ length: last - first + 1 }, (_, index) => tidy((first + index) * step));
}

/** Without the noise of binary fractions: 0.30000000000000004 is 0.3. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}

/** Places of time inside a span, Unix milliseconds, UTC: about `count` of them. */
export function timeTicks(min: number, max: number, count: number): number[] {
  const rough = Math.max(1, (max - min) / Math.max(1, count));
  const step = timeSteps.find((one) => one >= rough);
  if (step !== undefined && step >= rough) return multiplesWithin(min, max, step);
  const months = rough / (30.4 * day);
  return monthsWithin(min, max, monthSteps.find((one) => one >= months) ?? 12_000);
}

function multiplesWithin(min: number, max: number, step: number): number[] {
  const ticks: number[] = [];
  for (let tick = Math.ceil(min / step) * step; tick <= max; tick += step) ticks.push(tick);
  return ticks;
}

function monthsWithin(min: number, max: number, step: number): number[] {
  const start = new Date(min);
  const ticks: number[] = [];
  let month = Math.floor((start.getUTCFullYear() * 12 + start.getUTCMonth()) / step) * step;
  for (;;) {
    const tick = new Date(0);
    tick.setUTCFullYear(Math.floor(month / 12), ((month % 12) + 12) % 12, 1);
    if (tick.getTime() > max) return ticks;
    if (tick.getTime() >= min) ticks.push(tick.getTime());
    month += step;
  }
}

/** A number on an axis: short, with thousands marked. */
export function numberText(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return value.toExponential().replace("e+", "e");
  return value.toLocaleString("en-US", { maximumFractionDigits: 6 });
}

/** A time on an axis whose ticks lie `step` milliseconds apart: as much of it as tells them apart. */
export function timeText(time: number, step: number): string {
  const iso = new Date(time).toISOString().replace(/^\+?0*(?=\d{4})/, "");
  if (step >= 360 * day) return iso.slice(0, -20);
  if (step >= 27 * day) return iso.slice(0, -17);
  if (step >= day) return iso.slice(0, -14);
  return `${iso.slice(-19, -14)} ${iso.slice(-13, step >= minute ? -8 : -5)}`;
}

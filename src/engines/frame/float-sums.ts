// Sums of floats that keep what each addition rounds off: Neumaier's. Pure.

/** What adding `value` to `sum` rounds off; to be added up beside the sum. */
export function roundedOff(sum: number, value: number): number {
  const next = sum + value;
  if (!Number.isFinite(next)) return 0;
  return Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
}

/** The sum with what was rounded off on the way. */
export function wholeSum(sum: number, lost: number): number {
  return Number.isFinite(sum) ? sum + lost : sum;
}

/** @file Asynchronous successive halving: which trials are not worth their next epochs (Li et al., MLSys 2020).
 *
 * After Jamieson & Talwalkar (AISTATS 2016), in the form that stops trials instead of promoting them: at resources that
 * grow by a factor (rungs), a trial goes on only if it is among the best share of all that came there before.
 */

/** Of those that reach a rung, one in so many goes on; rungs are so many times apart. */
const factor = 3;

/** Resources at which trials are compared, in epochs: a 27th, a ninth and a third of `total`. */
export const rungs = (total: number): number[] => [
  ...new Set([3, 2, 1].map((k) => Math.ceil(total / factor ** k))),
];

/**
 * Whether a trial of `value` (lower is better) ends at a rung that trials of `others` reached before. The best of all is
 * never ended, and nothing is before there are as many others as the factor.
 */
export function falls(value: number, others: readonly number[]): boolean {
  if (others.length < factor) return false;
  const better = others.filter((other) => other < value).length;
  return better >= Math.ceil((others.length + 1) / factor);
}

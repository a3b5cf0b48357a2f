/** @file Cross-validation's folds: drawn by a seed, classes evenly spread, equal samples never on both sides. */
import { epochOrder } from "../windows.ts";
import type { Targets } from "./types.ts";

/** Groups in a random order, class by class: whatever is dealt along it is spread over the classes. */
function dealingOrder(
  groups: readonly string[],
  targets: Targets,
  seed: number,
): string[] {
  const first = new Map<string, number>();
  groups.forEach((group, i) => {
    if (!first.has(group)) first.set(group, i);
  });
  const classOf = (group: string): number =>
    targets.type === "values" ? 0 : targets.labels[first.get(group) as number];
  const distinct = [...first.keys()];
  return [...epochOrder(distinct.length, seed, 0)]
    .map((i) => distinct[i])
    .sort((a, b) => classOf(a) - classOf(b));
}

/** Fold of each sample, from 0. Samples of one group (equal sequences) share a fold. RangeError for fewer groups than folds. */
export function drawFolds(
  who: string,
  groups: readonly string[],
  targets: Targets,
  { folds, seed }: { readonly folds: number; readonly seed: number },
): Int32Array {
  const order = dealingOrder(groups, targets, seed);
  if (!Number.isInteger(folds) || folds < 2 || order.length < folds)
    throw new RangeError(
      `${who}: expected folds from 2 to the number of distinct samples, ${order.length}, got ${folds}`,
    );
  const foldOf = new Map(order.map((group, i) => [group, i % folds]));
  return Int32Array.from(groups, (group) => foldOf.get(group) as number);
}

/** 0 for samples that are held out, about `share` of the groups, and 1 for the others; neither is ever empty. */
export function drawHeldOut(
  who: string,
  groups: readonly string[],
  targets: Targets,
  { share, seed }: { readonly share: number; readonly seed: number },
): Int32Array {
  const order = dealingOrder(groups, targets, seed);
  if (!(share > 0 && share < 1) || order.length < 2)
    throw new RangeError(
      `${who}: expected a share between 0 and 1 of at least 2 distinct samples to hold out, got ${share} of ${order.length}`,
    );
  const count = Math.min(order.length - 1, Math.max(1, Math.round(share * order.length))); // prettier-ignore
  const held = new Set(
    Array.from({ length: count }, (_, k) => order[Math.floor(((k + 0.5) * order.length) / count)]),
  ); // prettier-ignore
  return Int32Array.from(groups, (group) => (held.has(group) ? 0 : 1));
}

/** Throws a RangeError unless every class has two distinct samples: one to learn from, one to be tested on. */
export function checkClasses(
  who: string,
  groups: readonly string[],
  targets: Targets,
): void {
  if (targets.type === "values") return;
  targets.classes.forEach((name, k) => {
    const distinct = new Set(groups.filter((_, i) => targets.labels[i] === k));
    if (distinct.size < 2)
      throw new RangeError(
        `${who}: expected at least 2 distinct samples of each class, got ${distinct.size} of ${JSON.stringify(name)}`,
      );
  });
}

/** Numbers of the samples whose fold is, or is not, `fold`. */
export const samplesOf = (
  folds: Int32Array,
  fold: number,
  held: boolean,
): Int32Array =>
  Int32Array.from(folds.keys()).filter((i) => (folds[i] === fold) === held);

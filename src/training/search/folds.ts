/** @file Folds of a cross-validation: every sequence is held out once, and copies of it with it. */
import { epochOrder } from "../windows.ts";

export interface Fold {
  readonly training: readonly string[];
  readonly validation: readonly string[];
}

/** Deals the distinct sequences, shuffled by `seed`, to `count` folds in turn; order within a fold is that of the input. */
export function makeFolds(
  sequences: readonly string[],
  count: number,
  seed: number,
): Fold[] {
  const distinct = [...new Set(sequences)];
  if (distinct.length < count)
    throw new RangeError(
      `evotune: expected at least as many different sequences as folds (${count}), got ${distinct.length}`,
    );
  const foldOf = new Map<string, number>();
  epochOrder(distinct.length, seed, foldStream).forEach((i, place) =>
    foldOf.set(distinct[i], place % count),
  );
  return Array.from({ length: count }, (_, fold) => ({
    training: sequences.filter((x) => foldOf.get(x) !== fold),
    validation: sequences.filter((x) => foldOf.get(x) === fold),
  }));
}

// Beside the orders of the epochs (from 0) and of what fit holds out (2^32), which the same seed draws.
const foldStream = 2 ** 32 + 1;

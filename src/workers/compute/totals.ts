/** @file What compute processes have done together, those that have ended too. */
import type { ComputeFacts } from "./tasks.ts";

const names = ["residues", "lanesBusy", "lanesAll", "cacheHits", "cacheMisses"] as const; // prettier-ignore

export type ComputeTotals = Pick<ComputeFacts, (typeof names)[number]>;

/** Sums of what each tells; all zero for none. */
export const addTotals = (all: readonly ComputeTotals[]): ComputeTotals =>
  Object.fromEntries(
    names.map((name) => [name, all.reduce((sum, one) => sum + one[name], 0)]),
  ) as Record<(typeof names)[number], number>;

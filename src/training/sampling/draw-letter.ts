/** @file Drawing the next letter, or stop, from the language model's distribution. */
import { encode, tokens } from "../../unirep/index.ts";
import type { Dice } from "./dice.ts";
import { checkLetters, standardLetters } from "./positions.ts";

export interface DrawOptions {
  /** Divides the log-probabilities: below 1 the likely letters become more so. Default 1. */
  readonly temperature?: number | undefined;
  /** Draws from the likeliest letters that together have at least this probability. Default 1: from all. */
  readonly topP?: number | undefined;
  /** Letters that may be drawn. Default: the 20 amino acids. */
  readonly letters?: string | undefined;
  /** Residues before which stop is not drawn, the prefix included. Default 1. */
  readonly minLength?: number | undefined;
  /** Residues at which a sequence is ended, the prefix included. Default 2000: the models were trained on shorter proteins. */
  readonly maxLength?: number | undefined;
}

export interface DrawPlan {
  readonly temperature: number;
  readonly topP: number;
  readonly minLength: number;
  readonly maxLength: number;
  /** Tokens that may be drawn, stop last. */
  readonly drawable: readonly number[];
}

export function drawPlanOf(options: DrawOptions): DrawPlan {
  const { temperature = 1, topP = 1, letters = standardLetters } = options;
  const { minLength = 1, maxLength = 2000 } = options;
  checkLetters("babble", letters);
  const check = (
    name: string,
    value: number,
    fits: boolean,
    expected: string,
  ) => {
    if (!fits)
      throw new RangeError(
        `babble: expected ${name} to be ${expected}, got ${value}`,
      );
  };
  check(
    "temperature",
    temperature,
    temperature > 0 && temperature < Infinity,
    "a number above 0",
  );
  check("topP", topP, topP > 0 && topP <= 1, "above 0 and at most 1");
  check(
    "minLength",
    minLength,
    Number.isInteger(minLength) && minLength >= 1,
    "a positive integer",
  );
  check(
    "maxLength",
    maxLength,
    Number.isInteger(maxLength) && maxLength >= minLength,
    `an integer from minLength ${minLength}`,
  );
  return {
    temperature,
    topP,
    minLength,
    maxLength,
    drawable: [...encode(letters), tokens.stop],
  };
}

/** A token drawn from `logProbs`, by class = token - 1, of what may follow `length` residues. */
export function drawToken(
  logProbs: ArrayLike<number>,
  length: number,
  plan: DrawPlan,
  dice: Dice,
): number {
  if (length >= plan.maxLength) return tokens.stop;
  const { drawable, temperature, topP } = plan;
  const open = length < plan.minLength ? drawable.slice(0, -1) : drawable;
  // Likeliest first, ties by token, so that the first few are those of topP.
  const sorted = [...open].sort(
    (a, b) => logProbs[b - 1] - logProbs[a - 1] || a - b,
  );
  const most = logProbs[sorted[0] - 1];
  const weights = sorted.map((token) =>
    Math.exp((logProbs[token - 1] - most) / temperature),
  );
  const total = weights.reduce((a, b) => a + b, 0);
  let kept = 0;
  let mass = 0;
  while (kept < weights.length && mass < topP * total) mass += weights[kept++];
  return sorted[dice.pick(weights.slice(0, kept), mass)];
}

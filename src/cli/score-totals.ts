/** @file Scores of many sequences as one: sums over tokens, not means of means. */
import type { Score } from "../unirep/index.ts";

export interface ScoreTotals {
  readonly sequences: number;
  /** Residues and one stop a sequence. */
  readonly tokens: number;
  /** Nats. */
  readonly crossEntropyPerToken: number;
  /** exp(crossEntropyPerToken). */
  readonly perplexity: number;
  /** Fraction of the tokens that are the most probable class. */
  readonly accuracy: number;
}

/** Adds scores up; `add` returns the residues seen so far. */
export function scoreTotals() {
  const sum = { sequences: 0, tokens: 0, crossEntropy: 0, hits: 0 };
  return {
    add({
      length,
      crossEntropy,
      accuracy,
    }: Pick<Score, "length" | "crossEntropy" | "accuracy">): number {
      const tokens = length + 1;
      sum.sequences += 1;
      sum.tokens += tokens;
      sum.crossEntropy += crossEntropy * tokens;
      sum.hits += Math.round(accuracy * tokens);
      return sum.tokens - sum.sequences;
    },
    totals(): ScoreTotals {
      const { sequences, tokens, crossEntropy, hits } = sum;
      return {
        sequences,
        tokens,
        crossEntropyPerToken: crossEntropy / tokens,
        perplexity: Math.exp(crossEntropy / tokens),
        accuracy: hits / tokens,
      };
    },
  };
}

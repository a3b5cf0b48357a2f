/** @file Perplexity of a model on a set of proteins, all tokens alike. */
import { score, type UniRep } from "../../src/unirep/index.ts";

export interface SetPerplexity {
  /** exp(crossEntropy) */
  readonly perplexity: number;
  /** Mean over tokens, residues and one stop a protein, in nats. */
  readonly crossEntropy: number;
  /** Share of tokens whose class is the most probable one. */
  readonly accuracy: number;
  readonly proteins: number;
  readonly tokens: number;
}

export async function perplexityOf(
  sequences: readonly string[],
  model: UniRep,
): Promise<SetPerplexity> {
  let [total, hits, tokens] = [0, 0, 0];
  for await (const one of score(sequences, { model })) {
    const its = one.length + 1;
    total += one.crossEntropy * its;
    hits += one.accuracy * its;
    tokens += its;
  }
  const crossEntropy = total / tokens;
  return {
    perplexity: Math.exp(crossEntropy),
    crossEntropy,
    accuracy: hits / tokens,
    proteins: sequences.length,
    tokens,
  };
}

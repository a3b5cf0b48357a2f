/** @file Weights of a UniRep model as parameters of layers and back, and sequences as what the first layer reads. */
import { array, type Array } from "../ad/index.ts";
import {
  encode,
  tokens as ids,
  type MlstmParams,
  type UniRepParams,
} from "../unirep/index.ts";

/** Parameters of `serial(AAEmbedding, mLSTM, mLSTMHiddenStates, mLSTM, ..., readout)`, whatever follows it: embedding, layer, null, layer, null ... */
export type LayerParams<T> = readonly (T | MlstmParams<T> | null)[];

/**
 * The parameters that a network of `AAEmbedding`, and for each layer an `mLSTM` and a readout, begins with: published weights go
 * in as `[...toLayerParams(params), ...own]`. The language-model head is left out.
 */
export const toLayerParams = <T>({
  embedding,
  layers,
}: UniRepParams<T>): LayerParams<T> => [
  embedding,
  ...layers.flatMap((layer) => [layer, null]),
];

/** The model those parameters are, tuned or not; `head` is the language model's, which such a network has not. */
export function fromLayerParams<T>(
  params: readonly unknown[],
  { layers, head }: Pick<UniRepParams<T>, "layers" | "head">,
): UniRepParams<T> {
  const found = layers.map((_, k) => params[1 + 2 * k]);
  const missing = found.findIndex((layer) => layer === null || typeof layer !== "object" || !("wmh" in layer)); // prettier-ignore
  if (missing >= 0)
    throw new TypeError(
      `fromLayerParams: expected the parameters of an mLSTM at place ${1 + 2 * missing} of the network's, got none`,
    );
  return {
    embedding: params[0] as T,
    layers: found as MlstmParams<T>[],
    head,
  };
}

/**
 * Sequences as [tokens, mask], (batch, steps) int32 and bool: start and residues, then padding to the longest or to `steps`.
 * RangeError on letters that are no amino acids, and on a sequence that is too long.
 */
export function tokenBatch(
  sequences: readonly string[],
  steps = 1 + Math.max(0, ...sequences.map((s) => s.length)),
): [tokens: Array, mask: Array] {
  return tokenRows(sequences.map(encode), steps, sequences.length);
}

/** The same for residue tokens, with rows of padding up to `batch`. */
export function tokenRows(
  residues: readonly Uint8Array[],
  steps: number,
  batch: number,
): [tokens: Array, mask: Array] {
  const tokens = new Int32Array(batch * steps);
  const mask = new Uint8Array(batch * steps);
  residues.forEach((row, i) => {
    if (row.length >= steps)
      throw new RangeError(
        `tokenBatch: expected at most ${steps - 1} residues for ${steps} steps, got ${row.length} in sequence ${i + 1}`,
      );
    tokens[i * steps] = ids.start;
    tokens.set(row, i * steps + 1);
    mask.fill(1, i * steps, i * steps + row.length + 1);
  });
  const shape = [batch, steps];
  return [array(tokens, { shape }), array(mask, { shape, dtype: "bool" })];
}

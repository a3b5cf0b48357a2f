/** @file Batches of proteins of similar length, padded: what is in a batch is drawn anew every epoch. */
import { array, type Array } from "../ad/index.ts";
import { tokenRows } from "./layers-params.ts";
import type { Matrix } from "./top-model/matrix.ts";
import { epochOrder } from "./windows.ts";

/** One padded batch; rows beyond its samples count nothing. */
export interface JointBatch {
  readonly tokens: Array; // (batch, steps) i32: start, residues, padding
  readonly targets: Array; // (batch, columns) f32
  readonly counts: Array; // (batch) f32: 1 for a sample, 0 beyond
}

/** Batches from which one of similar lengths is cut: enough to sort by, few enough to stay random. */
const pool = 16;

/**
 * Sample numbers of each batch of an epoch. Samples are shuffled, sorted by length within pools of some batches, and the batches
 * shuffled; every sample is in one.
 */
export function epochBatches(
  lengths: readonly number[],
  { batch, seed, epoch }: { batch: number; seed: number; epoch: number },
): number[][] {
  const order = [...epochOrder(lengths.length, seed, 2 * epoch)];
  const batches: number[][] = [];
  for (let from = 0; from < order.length; from += pool * batch) {
    const near = order
      .slice(from, from + pool * batch)
      .sort((a, b) => lengths[a] - lengths[b]);
    for (let at = 0; at < near.length; at += batch)
      batches.push(near.slice(at, at + batch));
  }
  return [...epochOrder(batches.length, seed, 2 * epoch + 1)].map((i) => batches[i]); // prettier-ignore
}

/** Steps a batch is padded to: 2^k or 3 * 2^k, so that few programs are compiled and at most a third is padding. */
export function paddedSteps(steps: number): number {
  const power = 2 ** Math.ceil(Math.log2(Math.max(16, steps)));
  return (3 * power) / 4 >= steps ? (3 * power) / 4 : power;
}

/** The samples numbered `members` as arrays of `batch` rows. */
export function jointBatch(
  members: readonly number[],
  residues: readonly Uint8Array[],
  targets: Matrix,
  batch: number,
): JointBatch {
  const { columns } = targets;
  const rows = members.map((i) => residues[i]);
  const longest = 1 + Math.max(...rows.map((row) => row.length));
  const wanted = new Float32Array(batch * columns);
  const counts = new Float32Array(batch);
  members.forEach((i, row) => {
    wanted.set(targets.data.subarray(i * columns, (i + 1) * columns), row * columns); // prettier-ignore
    counts[row] = 1;
  });
  const [tokens] = tokenRows(rows, paddedSteps(longest), batch);
  return {
    tokens,
    targets: array(wanted, { shape: [batch, columns] }),
    counts: array(counts),
  };
}

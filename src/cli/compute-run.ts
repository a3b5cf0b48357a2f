/** @file The unfinished records of a run through a model, so that an interrupted run ends with the same numbers. */
import type { PendingRecord, Run, Sequences, UniRep } from "../unirep/index.ts";

/** `rep` or `score` with its options: results in any order, each with the id it was given. */
export type Compute<R extends { readonly id: string }> = (
  sequences: Sequences,
  options: { model: UniRep; signal: AbortSignal; order: "completion" },
) => AsyncIterable<R>;

export interface ComputeOptions {
  readonly model: UniRep;
  readonly signal: AbortSignal;
  /** Whether results depend on which sequences share a batch, so that batches must be the same in every session. */
  readonly batchSensitive: boolean;
  readonly resultBytes: (length: number) => number;
}

/** No more sequences than `rep` takes at once: then all of a block are in line before its first batch is put together. */
const BLOCK_RECORDS = 2048;
const BLOCK_BYTES = 256 * 2 ** 20;

/**
 * Yields the result of every record that has none yet, in any order. If they depend on the batch, records are computed in blocks, whole and
 * apart, whose batches depend on nothing else, and a resumed run repeats the block it was stopped in.
 */
export async function* computeRun<R extends { readonly id: string }>(
  run: Run,
  compute: Compute<R>,
  { model, signal, batchSensitive, resultBytes }: ComputeOptions,
): AsyncGenerator<{ index: number; result: R }> {
  const options = { model, signal, order: "completion" } as const;
  if (!batchSensitive) {
    for await (const result of compute(numbered(run.pending()), options))
      yield { index: Number(result.id), result };
    return;
  }
  for await (const block of blocks(run.distinct(), resultBytes)) {
    const missing = new Set(
      block.filter(({ finished }) => !finished).map(({ index }) => index),
    );
    if (missing.size === 0) continue;
    for await (const result of compute(block.map(byNumber), options)) {
      const index = Number(result.id);
      if (missing.has(index)) yield { index, result };
    }
  }
}

/** Ids of records may repeat; their numbers in the run do not. */
function byNumber({ index, sequence }: PendingRecord) {
  return { id: String(index), sequence };
}

async function* numbered(records: AsyncIterable<PendingRecord>) {
  for await (const record of records) yield byNumber(record);
}

/** The records in blocks that depend on nothing but the records. */
async function* blocks<T extends { readonly length: number }>(
  records: AsyncIterable<T>,
  resultBytes: (length: number) => number,
): AsyncGenerator<T[]> {
  let block: T[] = [];
  let bytes = 0;
  for await (const record of records) {
    const more = resultBytes(record.length);
    if (
      block.length === BLOCK_RECORDS ||
      (block.length > 0 && bytes + more > BLOCK_BYTES)
    ) {
      yield block;
      block = [];
      bytes = 0;
    }
    block.push(record);
    bytes += more;
  }
  if (block.length > 0) yield block;
}

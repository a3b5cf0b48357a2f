/** @file What a resumed run hands to the model: the rest alone, or whole blocks where the batch matters. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { computeRun, type Compute } from "../../src/cli/compute-run.ts";
import type { Run, UniRep } from "../../src/unirep/index.ts";

const count = 5000;
const records = (isFinished: (index: number) => boolean) =>
  Array.from({ length: count }, (_, index) => ({
    index,
    id: "same for all",
    sequence: "MKLV",
    length: 4,
    finished: isFinished(index),
  }));

/** A run in which some records are finished, and a model that remembers each call's sequences and answers in reverse. */
async function session(
  isFinished: (index: number) => boolean,
  options: { batchSensitive: boolean; bytes?: number },
) {
  const all = records(isFinished);
  const run = {
    distinct: () => stream(all),
    pending: () => stream(all.filter(({ finished }) => !finished)),
  } as Partial<Run> as Run;
  const calls: number[][] = [];
  const compute: Compute<{ id: string }> = async function* (sequences) {
    const ids: string[] = [];
    for await (const input of sequences) ids.push((input as { id: string }).id);
    calls.push(ids.map(Number));
    yield* ids.reverse().map((id) => ({ id }));
  };
  const given: number[] = [];
  const results = computeRun(run, compute, {
    model: {} as UniRep,
    signal: new AbortController().signal,
    batchSensitive: options.batchSensitive,
    resultBytes: () => options.bytes ?? 1,
  });
  for await (const { index } of results) given.push(index);
  return { calls, given: given.sort((a, b) => a - b) };
}

async function* stream<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) {
    await Promise.resolve();
    yield item;
  }
}

test("every missing record is given once, and a block is computed whole or not at all", async () => {
  const fresh = await session(() => false, { batchSensitive: true });
  expect(fresh.calls.map((call) => call.length)).toEqual([2048, 2048, 904]);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(count),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      async (end, step, batchSensitive) => {
        const isFinished = (index: number) => index < end && index % step === 0;
        const { calls, given } = await session(isFinished, {
          batchSensitive,
        });
        const missing = records(isFinished)
          .filter(({ finished }) => !finished)
          .map(({ index }) => index);
        expect(given).toEqual(missing);
        if (!batchSensitive) expect(calls).toEqual([missing]);
        else
          expect(calls).toEqual(
            fresh.calls.filter((block) => block.some((i) => !isFinished(i))),
          );
      },
    ),
    { numRuns: 20 },
  );
});

test("large results make smaller blocks, and one too large a block of its own", async () => {
  const quarter = await session(() => false, {
    batchSensitive: true,
    bytes: 2 ** 26,
  });
  expect(new Set(quarter.calls.map((call) => call.length))).toEqual(
    new Set([4]),
  );
  const huge = await session(() => false, {
    batchSensitive: true,
    bytes: 2 ** 30,
  });
  expect(huge.calls).toHaveLength(count);
});

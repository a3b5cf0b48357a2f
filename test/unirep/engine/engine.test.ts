/** @file The engine under concurrent callers, aborts and failures. */
import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Array as AdArray, tree } from "../../../src/ad/index.ts";
import { encode } from "../../../src/unirep/alphabet.ts";
import type { Engine } from "../../../src/unirep/engine/engine.ts";
import { engineOn, expectRight, protein } from "./tiny-engine.ts";

/** What happens to the engine's chunks: their widths are noted, and they can be held up or made to fail. */
const chunks = vi.hoisted(() => ({
  widths: [] as number[],
  held: null as Promise<void> | null,
  failure: null as { error: Error; at: "call" | "result" } | null,
}));

vi.mock("../../../src/unirep/engine/program.ts", async (importActual) => {
  const actual =
    await importActual<
      typeof import("../../../src/unirep/engine/program.ts")
    >();
  const compileChunk: typeof actual.compileChunk = (...args) => {
    const run = actual.compileChunk(...args);
    const watched: typeof run = Object.assign(
      (...inputs: Parameters<typeof run>) => {
        chunks.widths.push(inputs[0].sum.shape[0]);
        const { held, failure } = chunks;
        if (failure?.at === "call") throw failure.error;
        const outputs = run(...inputs);
        if (!held && !failure) return outputs;
        const delayed = (x: AdArray) =>
          new AdArray(
            x.type,
            (held ?? Promise.resolve()).then(() => {
              if (failure) throw failure.error;
              return x.data();
            }),
          );
        return tree.map(delayed, outputs) as typeof outputs;
      },
      { dispose: () => run.dispose() },
    );
    return watched;
  };
  return { ...actual, compileChunk };
});

function hold(): () => void {
  let release = () => {};
  chunks.held = new Promise((resolve) => (release = resolve));
  return () => {
    chunks.held = null;
    release();
  };
}

/** Whether a promise has settled by now. */
const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  let settled = false;
  const note = () => (settled = true);
  promise.then(note, note);
  await turn();
  return settled;
};

beforeEach(() => {
  chunks.widths.length = 0;
});
afterEach(() => {
  chunks.held = null;
  chunks.failure = null;
});

describe.each([
  ["cpu", 1],
  ["cpu", 3],
  ["js", 1],
] as const)("an engine on %s with %i threads", (device, threads) => {
  const engine = engineOn(device, threads);

  test("gives concurrent callers, whenever they come, the results of a run alone", async () => {
    const visit = fc.record({
      turns: fc.integer({ min: 0, max: 6 }),
      lengths: fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(visit, { minLength: 1, maxLength: 4 }),
        async (visits) => {
          await Promise.all(
            visits.map(async ({ turns, lengths }, who) => {
              for (let i = 0; i < turns; i++) await turn();
              const caller = {};
              const sequences = lengths.map((n) => protein(n, who));
              const all = await Promise.all(
                sequences.map((s) => engine.submit(encode(s), caller)),
              );
              all.forEach((finished, i) => expectRight(finished, sequences[i]));
            }),
          );
        },
      ),
      { numRuns: device === "js" ? 4 : 15 },
    );
  });

  test("carries a sequence through many chunks, and its lane on to others", async () => {
    const sequences = [700, 3, 300, 1, 290].map((n) => protein(n, n));
    const caller = {};
    const all = await Promise.all(
      sequences.map((s) => engine.submit(encode(s), caller)),
    );
    all.forEach((finished, i) => expectRight(finished, sequences[i]));
    expect(chunks.widths.length).toBeGreaterThan(2);
    // Lanes close as sequences end: the longest runs its last steps alone.
    expect(chunks.widths.at(-1)).toBe(1);
  });

  test("rejects at once with the signal's reason, while a chunk runs, and leaves the others alone", async () => {
    const release = hold();
    const controller = new AbortController();
    const [a, b, c] = [600, 500, 400].map((n) => protein(n));
    const caller = {};
    const kept = engine.submit(encode(a), caller);
    const dropped = [b, c].map((s) =>
      engine.submit(encode(s), caller, controller.signal),
    );
    await turn();
    await turn();
    expect(chunks.widths).toEqual([3]);
    const reason = new Error("no longer wanted");
    controller.abort(reason);
    for (const one of dropped) await expect(one).rejects.toBe(reason);
    expect(await isSettled(kept)).toBe(false);
    release();
    expectRight(await kept, a);
    // From the next chunk on, the lanes of the others are gone.
    expect(new Set(chunks.widths.slice(1))).toEqual(new Set([1]));
  });

  test("never starts what was aborted beforehand", async () => {
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(engine.submit(encode("MK"), {}, signal)).rejects.toThrow(
      "too late",
    );
    await wait(5);
    expect(chunks.widths).toEqual([]);
  });

  test("drops what is aborted while it waits in line", async () => {
    const controller = new AbortController();
    const one = engine.submit(encode("MK"), {}, controller.signal);
    controller.abort(new Error("changed my mind"));
    await expect(one).rejects.toThrow("changed my mind");
    await wait(5);
    expect(chunks.widths).toEqual([]);
  });

  test.each(["call", "result"] as const)(
    "fails everything in flight when a chunk fails (%s), and works afterwards",
    async (at) => {
      const release = hold();
      const caller = {};
      const submit = (count: number) =>
        Promise.allSettled(
          Array.from({ length: count }, (_, i) =>
            engine.submit(encode(protein(300, i)), caller),
          ),
        );
      const reason = new Error("out of memory");
      chunks.failure = { error: reason, at };
      const running = submit(6);
      await turn();
      await turn();
      const waiting = submit(at === "result" ? 2 : 0);
      release();
      for (const outcome of [...(await running), ...(await waiting)])
        expect(outcome).toEqual({ status: "rejected", reason });
      chunks.failure = null;
      expectRight(await engine.submit(encode("MKLV"), {}), "MKLV");
    },
  );

  test("ends what it has before it is disposed, and compiles anew if asked again", async () => {
    const release = hold();
    const result = engine.submit(encode("PROTEIN"), {});
    await turn();
    await turn();
    const disposed = engine.dispose();
    expect(await isSettled(disposed)).toBe(false);
    release();
    expectRight(await result, "PROTEIN");
    await disposed;
    expectRight(await engine.submit(encode("MKLV"), {}), "MKLV");
    await engine.dispose();
  });
});

test("a small request behind a huge one finishes early", async () => {
  const engine = engineOn("js");
  const huge = {};
  let done = 0;
  const all = Array.from({ length: 40 }, (_, i) =>
    engine.submit(encode(protein(150, i)), huge).then(() => done++),
  );
  await turn();
  await turn();
  await engine.submit(encode("MKLV"), {});
  // Four lanes of 256 steps hold eight such sequences; the newcomer is next.
  expect(done).toBeLessThanOrEqual(16);
  await Promise.all(all);
});

test("an abort while the program is being compiled rejects before that is done", async () => {
  const engine = engineOn("cpu");
  const controller = new AbortController();
  const one = engine.submit(encode(protein(50)), {}, controller.signal);
  let isOtherDone = false;
  const other = engine.submit(encode("MKLV"), {}).then((finished) => {
    isOtherDone = true;
    return finished;
  });
  await turn();
  expect(chunks.widths).toHaveLength(1);
  controller.abort(new Error("stop"));
  await expect(one).rejects.toThrow("stop");
  expect(isOtherDone).toBe(false);
  expectRight(await other, "MKLV");
  await engine.dispose();
});

test("results are the same bits when the same sequences come again, and whatever number of threads shares their lanes", async () => {
  const run = (engine: Engine) => {
    const caller = {};
    return Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        engine.submit(encode(protein(1 + ((i * 37) % 90), i)), caller),
      ),
    );
  };
  const [one, three] = [engineOn("cpu"), engineOn("cpu", 3)];
  const results = await run(three);
  const widths = [...chunks.widths];
  expect(await run(three)).toEqual(results);
  expect(await run(one)).toEqual(results);
  // The lanes were shared, and nobody has fewer than a dozen while others have more.
  expect(widths[0]).toBeLessThan(Math.max(...chunks.widths));
  expect(widths.slice(0, 3)).toEqual([
    widths[0],
    widths[0],
    expect.any(Number),
  ]);
  await Promise.all([one.dispose(), three.dispose()]);
});

test("the calling thread goes on while chunks run", async () => {
  const engine = engineOn("cpu");
  const lengths = Array.from({ length: 400 }, () => 600);
  const run = () => {
    const caller = {};
    return Promise.all(
      lengths.map((n, i) => engine.submit(encode(protein(n, i)), caller)),
    );
  };
  await run(); // compiles
  let turns = 0;
  let isRunning = true;
  const count = () => {
    turns++;
    if (isRunning) setImmediate(count);
  };
  const done = run().finally(() => (isRunning = false));
  const before = chunks.widths.length;
  count();
  await done;
  expect(turns).toBeGreaterThan(100 * (chunks.widths.length - before));
  await engine.dispose();
});

test("whatever is aborted whenever, the rest is right", async () => {
  const engine = engineOn("cpu");
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          length: fc.integer({ min: 1, max: 400 }),
          abortAfter: fc.option(fc.integer({ min: 0, max: 8 })),
        }),
        { minLength: 1, maxLength: 12 },
      ),
      async (requests) => {
        const caller = {};
        await Promise.all(
          requests.map(async ({ length, abortAfter }, i) => {
            const controller = new AbortController();
            const sequence = protein(length, i);
            const result = engine.submit(
              encode(sequence),
              caller,
              controller.signal,
            );
            const outcome = result.then(
              (finished) => expectRight(finished, sequence),
              (reason) => expect(reason).toBe(i),
            );
            if (abortAfter !== null) {
              for (let k = 0; k < abortAfter; k++) await turn();
              controller.abort(i);
            }
            await outcome;
          }),
        );
      },
    ),
    { numRuns: 20 },
  );
  await engine.dispose();
});

test.each([
  ["as many as let all end together when that is all", false, 12],
  ["for every sequence in line while more are to come", true, 31],
] as const)("a batch has lanes %s", async (_, more, width) => {
  const engine = engineOn("cpu");
  const caller = { more };
  const sequences = [
    protein(700),
    ...Array.from({ length: 30 }, (_, i) => protein(5, i)),
  ];
  const all = Promise.all(
    sequences.map((s) => engine.submit(encode(s), caller)),
  );
  // Nothing follows after all: the engine waits for it a moment only.
  await vi.waitFor(() => expect(chunks.widths.length).toBeGreaterThan(0));
  caller.more = false;
  (await all).forEach((finished, i) => expectRight(finished, sequences[i]));
  expect(chunks.widths[0]).toBe(width);
  await engine.dispose();
});

test("who holds back the next sequence until results are taken is not waited for", async () => {
  const engine = engineOn("cpu");
  const turns = vi.spyOn(globalThis, "setImmediate");
  const run = async (fetching: boolean) => {
    const before = turns.mock.calls.length;
    await engine.submit(encode(protein(1000)), { more: true, fetching });
    return turns.mock.calls.length - before;
  };
  await run(false); // compiles
  const [held, coming] = [await run(false), await run(true)];
  turns.mockRestore();
  expect(held).toBeLessThan(50);
  expect(coming).toBeGreaterThan(2 * held);
  await engine.dispose();
});

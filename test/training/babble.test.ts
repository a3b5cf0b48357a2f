/** @file `babble`: what it draws, how often, and the log-probabilities it gives. */
import path from "node:path";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { babble, type BabbleOptions } from "../../src/training/index.ts";
import { initParams } from "../../src/unirep/init.ts";
import { loadModel, type UniRep } from "../../src/unirep/load-model.ts";
import { customModel } from "../../src/unirep/model.ts";
import { mapParams } from "../../src/unirep/params.ts";
import { score } from "../../src/unirep/score.ts";
import { plainRun } from "../unirep/plain-model.ts";
import { error, testWeights } from "../unirep/test-model.ts";
import { chiSquare, count } from "./landscape.ts";

const config = customModel({ units: 8, layers: 2 });
const params = mapParams(initParams(config, { seed: 5, style: "original" }), (leaf, name) =>
  name.startsWith("head.") ? { ...leaf, data: leaf.data.map((x) => 6 * x) } : leaf,
); // prettier-ignore
const weights = testWeights(config, params);
const amino = "ACDEFGHIKLMNPQRSTVWY";
let model: UniRep;
beforeAll(async () => {
  model = await loadModel({ weights });
});
afterAll(() => model.dispose());

/** p(letter | prefix) of each letter and of stop (*), by plain loops in float64, to the power of 1 / temperature. */
function distribution(prefix: string, letters: string, temperature = 1): Map<string, number> {
  const p = [...letters].map((a) => {
    const { logProbs } = plainRun(params, a === "*" ? prefix : prefix + a);
    return Math.exp(logProbs[prefix.length] / temperature);
  });
  const total = p.reduce((a, b) => a + b);
  return new Map([...letters].map((a, i) => [a, p[i] / total]));
} // prettier-ignore

const draw = (options: BabbleOptions) => babble({ weights, ...options });

describe("babble", () => {
  test("gives the log-probabilities of score, stop's among them, for proteins that stop and that are cut", async () => {
    const found = await draw({ count: 60, maxLength: 25, seed: 1, lanes: 16 });
    const scores = await score(found.map(({ sequence }) => sequence), { model }); // prettier-ignore
    found.forEach((x, i) => {
      expect(x.id).toBe(String(i + 1));
      expect(error(x.logProbs, scores[i].logProbs)).toBeLessThan(1e-5);
      expect(x.end).toBe(x.sequence.length === 25 ? "maxLength" : "stop");
    });
    expect(new Set(found.map(({ end }) => end)).size).toBe(2);
    expect(new Set(found.map(({ sequence }) => sequence)).size).toBeGreaterThan(50); // prettier-ignore
  });

  test.each([
    ["the model's probabilities", {}, amino + "*", 1],
    ["a temperature", { temperature: 0.6 }, amino + "*", 0.6],
    ["the letters allowed", { letters: "MKWY" }, "MKWY*", 1],
    ["no stop before minLength", { minLength: 5 }, amino, 1],
  ] as const)(
    "draws the letter after a prefix by %s",
    async (_, options, letters, temperature) => {
      const prefix = "MKV";
      const found = await draw({ count: 3000, lanes: 1000, prefix, maxLength: Math.max(4, "minLength" in options ? 5 : 0), seed: 7, ...options }); // prettier-ignore
      for (const { sequence } of found) expect(sequence.startsWith(prefix)).toBe(true); // prettier-ignore
      const seen = count(found.map(({ sequence }) => sequence[3] ?? "*"));
      const { statistic, limit } = chiSquare(seen, distribution(prefix, letters, temperature)); // prettier-ignore
      expect(statistic).toBeLessThan(limit);
    },
  );

  test("with topP draws from the fewest likely letters that reach it", async () => {
    const topP = 0.8;
    const p = [...distribution("M", amino + "*")].sort(([, a], [, b]) => b - a);
    let mass = 0;
    const kept = p.filter(([, x]) => (mass += x) - x < topP);
    const total = kept.reduce((sum, [, x]) => sum + x, 0);
    const found = await draw({ count: 2000, lanes: 1000, prefix: "M", maxLength: 2, topP, seed: 2 }); // prettier-ignore
    const seen = count(found.map(({ sequence }) => sequence[1] ?? "*"));
    const { statistic, limit } = chiSquare(seen, new Map(kept.map(([a, x]) => [a, x / total]))); // prettier-ignore
    expect(statistic).toBeLessThan(limit);
  });

  test("draws the same sequences for a seed, however many side by side", async () => {
    const sequences = async (options: BabbleOptions) =>
      (await draw({ maxLength: 30, seed: 3, ...options })).map((x) => x.sequence); // prettier-ignore
    const twenty = await sequences({ count: 20, lanes: 20 });
    expect(await sequences({ count: 20, lanes: 3 })).toEqual(twenty);
    expect(await sequences({ count: 4, lanes: 1 })).toEqual(twenty.slice(0, 4));
    expect(await sequences({ count: 20, lanes: 20, seed: 4 })).not.toEqual(twenty); // prettier-ignore
  });

  test("ends with the signal's reason", async () => {
    const stop = new AbortController();
    const run = async () => {
      for await (const _ of draw({
        count: 50,
        lanes: 2,
        maxLength: 20,
        signal: stop.signal,
      }))
        // prettier-ignore
        stop.abort(new Error("enough"));
    };
    await expect(run()).rejects.toThrow("enough");
  });

  test.each([
    ["a temperature of 0", { temperature: 0 }, /temperature to be a number above 0, got 0/],
    ["topP above 1", { topP: 1.5 }, /topP to be above 0 and at most 1, got 1.5/],
    ["a prefix beyond maxLength", { prefix: "MKV", maxLength: 2 }, /at most maxLength 2 residues, got 3/],
    ["a prefix with a letter that is none", { prefix: "M1" }, /babble: prefix: expected amino-acid letters, got "1"/],
    ["half a sequence", { count: 0.5 }, /count to be a positive integer, got 0.5/],
    ["letters that are none", { letters: "MX" }, /two or more different ones/],
    ["a maxLength below minLength", { minLength: 5, maxLength: 4 }, /maxLength to be an integer from minLength 5, got 4/],
  ] as const)("refuses %s", async (_, options, message) => {
    await expect(draw(options)).rejects.toThrow(message);
  }); // prettier-ignore
});

const published = path.join(process.env.UNIREP_TEST_WEIGHTS ?? "", "unirep-64.pkl"); // prettier-ignore
test("the published 64-unit weights begin with M about as often as they say", async (context) => {
  if (!process.env.UNIREP_TEST_WEIGHTS || !existsSync(published))
    context.skip("UNIREP_TEST_WEIGHTS names no folder with the published weights, which are not part of this repository"); // prettier-ignore
  const found = await babble({ weights: published, count: 500, lanes: 250, maxLength: 1 }); // prettier-ignore
  const share = found.filter(({ sequence }) => sequence === "M").length / 500;
  // p(M) after start is 0.933 of all 25 classes.
  expect(Math.abs(share - 0.935)).toBeLessThan(0.035);
});

/** @file `score`: log-probabilities of plain loops, and what is made of them. */
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { initParams } from "../../src/unirep/init.ts";
import { loadModel, type UniRep } from "../../src/unirep/load-model.ts";
import { customModel } from "../../src/unirep/model.ts";
import { mapParams } from "../../src/unirep/params.ts";
import { score } from "../../src/unirep/score.ts";
import { plainRun } from "./plain-model.ts";
import { error, testWeights } from "./test-model.ts";

// A large head makes the classes differ enough for accuracies between 0 and 1.
const config = customModel({ units: 12, layers: 2 });
const params = mapParams(
  initParams(config, { seed: 9, style: "original" }),
  (leaf, name) =>
    name.startsWith("head.")
      ? { ...leaf, data: leaf.data.map((x) => 4 * x) }
      : leaf,
);
let model: UniRep;
beforeAll(async () => {
  model = await loadModel({ weights: testWeights(config, params) });
});
afterAll(() => model.dispose());

const sequence = fc
  .array(fc.constantFrom(..."ACDEFGHIKLMNPQRSTVWY"), {
    minLength: 1,
    maxLength: 50,
  })
  .map((letters) => letters.join(""));

describe("score", () => {
  test("gives the log-probabilities of plain loops, in company as alone", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(sequence, { minLength: 1, maxLength: 30 }),
        async (sequences) => {
          const scores = await score(sequences, { model });
          scores.forEach((s, i) => {
            const plain = plainRun(params, sequences[i]);
            expect(s.length).toBe(sequences[i].length);
            expect(s.id).toBe(`${i + 1}`);
            expect(error(s.logProbs, plain.logProbs)).toBeLessThan(1e-5);
            const mean =
              -plain.logProbs.reduce((a, b) => a + b) / plain.logProbs.length;
            expect(error([s.crossEntropy], [mean])).toBeLessThan(1e-5);
            expect(Math.abs(s.perplexity / Math.exp(mean) - 1)).toBeLessThan(
              1e-5,
            );
            expect(s.accuracy).toBeCloseTo(plain.accuracy, 12);
          });
        },
      ),
      { numRuns: 15 },
    );
  });

  test("counts stop among the targets, in a sequence of one residue too", async () => {
    const { logProbs, length } = await score("M", { model });
    expect(length).toBe(1);
    expect(logProbs.length).toBe(2);
  });

  test("gives sequences of many chunks every log-probability in its place", async () => {
    const long = "ACDEFGHIKLMNPQRSTVWY".repeat(40);
    const [s] = await score([long, "MKLV"], { model });
    expect(error(s.logProbs, plainRun(params, long).logProbs)).toBeLessThan(
      1e-5,
    );
    expect(s.accuracy).toBeCloseTo(plainRun(params, long).accuracy, 12);
  });

  test("streams, and names what it refuses", async () => {
    async function* stream() {
      yield { id: "a", sequence: "MKLV" };
      await turn();
      yield { id: "b", sequence: "MK LV1" };
    }
    const ids: string[] = [];
    const run = async () => {
      for await (const { id } of score(stream(), { model })) ids.push(id);
    };
    await expect(run()).rejects.toThrow(
      'sequence 2 (b): expected amino-acid letters, got "1" at position 6',
    );
    expect(ids).toEqual(["a"]);
  });

  test("gives identical sequences equal scores that share no memory", async () => {
    const [a, b] = await score(["MKLV", "mklv"], { model });
    expect({ ...b, id: a.id }).toEqual(a);
    expect(a.logProbs.buffer).not.toBe(b.logProbs.buffer);
  });

  test("ends with the signal's reason", async () => {
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(score(["MK"], { model, signal })).rejects.toThrow("stop");
  });
});

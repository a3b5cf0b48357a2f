/** @file The network against plain loops in float64. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { initParams, initStyles } from "../../src/unirep/init.ts";
import type { UniRep } from "../../src/unirep/load-model.ts";
import { customModel } from "../../src/unirep/model.ts";
import { mapParams } from "../../src/unirep/params.ts";
import { rep } from "../../src/unirep/represent.ts";
import { score } from "../../src/unirep/score.ts";
import { plainRun } from "./plain-model.ts";
import { error, runFloat64, tinyModel, tinyParams } from "./test-model.ts";

const letter = fc.constantFrom(..."ACDEFGHIKLMNPQRSTVWYUOXBZJ");
const sequence = fc
  .array(letter, { minLength: 1, maxLength: 40 })
  .map((letters) => letters.join(""));

describe("the network in float64", () => {
  test.each(
    [
      { units: 1 },
      { units: 5, layers: 1, embedding: 3 },
      { units: 8, layers: 2 },
      { units: 6, layers: 4 },
    ].flatMap((shape) => initStyles.map((style) => ({ ...shape, style }))),
  )("equals plain loops, %j", async ({ style, ...shape }) => {
    const config = customModel(shape);
    const params = initParams(config, { seed: 11, style });
    const sequences = ["M", "MKLV", "MUXOBZJACDEFGHIKLMNPQRSTVWYW"];
    const residues = await runFloat64(config, params, "residues", sequences);
    const scores = await runFloat64(config, params, "score", sequences);
    sequences.forEach((text, i) => {
      const plain = plainRun(params, text);
      const { h, c, sum, hidden } = residues[i];
      expect(error(h, plain.hFinal)).toBeLessThan(1e-12);
      expect(error(c, plain.cFinal)).toBeLessThan(1e-12);
      const mean = sum.map((x) => x / (text.length + 1));
      expect(error(mean, plain.hAvg)).toBeLessThan(1e-12);
      expect(error(hidden ?? [], plain.hidden.flat())).toBeLessThan(1e-12);
      expect(error(scores[i].logProbs ?? [], plain.logProbs)).toBeLessThan(
        1e-12,
      );
      expect(scores[i].hits / (text.length + 1)).toBe(plain.accuracy);
    });
  });

  test("takes a column of zeros for zeros, not for NaN", async () => {
    const config = customModel({ units: 4 });
    const params = mapParams(
      initParams(config, { seed: 1, style: "original" }),
      (leaf, name) =>
        name === "layers.0.wmh"
          ? { ...leaf, data: leaf.data.map((x, i) => (i % 4 === 2 ? 0 : x)) }
          : leaf,
    );
    const [{ h }] = await runFloat64(config, params, "represent", ["MKLV"]);
    expect(error(h, plainRun(params, "MKLV").hFinal)).toBeLessThan(1e-12);
  });
});

describe("the compiled network", () => {
  let model: UniRep;
  beforeAll(async () => {
    // Rare letters are meant here.
    vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    model = await tinyModel();
  });
  afterAll(() => {
    vi.restoreAllMocks();
    return model.dispose();
  });

  test("equals plain loops in float64 to 1e-5, whatever the sequences", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(sequence, { minLength: 1, maxLength: 12 }),
        async (sequences) => {
          const reps = await rep(sequences, { model, perResidue: true });
          const scores = await score(sequences, { model });
          sequences.forEach((text, i) => {
            const plain = plainRun(tinyParams, text);
            expect(error(reps[i].hAvg, plain.hAvg)).toBeLessThan(1e-5);
            expect(error(reps[i].hFinal, plain.hFinal)).toBeLessThan(1e-5);
            expect(error(reps[i].cFinal, plain.cFinal)).toBeLessThan(1e-5);
            expect(
              error(reps[i].perResidue ?? [], plain.hidden.flat()),
            ).toBeLessThan(1e-5);
            expect(error(scores[i].logProbs, plain.logProbs)).toBeLessThan(
              1e-5,
            );
          });
        },
      ),
      { numRuns: 15 },
    );
  });
});

/** @file Sampling and design through the network itself: relaxed forward, gradients, locally balanced chains, designs. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { array, grad, numpy as np, type Array as AdArray, type Value } from "../../src/ad/index.ts"; // prettier-ignore
import {
  designSequence,
  gradientProposal,
  languageModelObjective,
  relaxations,
  representationObjective,
  sampleChains,
  type GradientProposalOptions,
  type ModelObjective,
  type RelaxedRepresentation,
} from "../../src/training/index.ts";
import { relaxedLogProb, runRelaxed } from "../../src/training/sampling/relaxed.ts"; // prettier-ignore
import { initParams } from "../../src/unirep/init.ts";
import { customModel } from "../../src/unirep/model.ts";
import { mapParams } from "../../src/unirep/params.ts";
import { plainRun } from "../unirep/plain-model.ts";
import { eagerNetwork, testWeights } from "../unirep/test-model.ts";
import { chiSquare, count, totalVariation } from "./landscape.ts";

// A large head makes the letters differ.
const config = customModel({ units: 8, layers: 2 });
const params = mapParams(initParams(config, { seed: 5, style: "original" }), (leaf, name) =>
  name.startsWith("head.") ? { ...leaf, data: leaf.data.map((x) => 6 * x) } : leaf,
); // prettier-ignore
const weights = testWeights(config, params);
const amino = "ACDEFGHIKLMNPQRSTVWY";
const vector = array(Float32Array.from({ length: 8 }, (_, i) => Math.sin(i + 1)), { shape: [8] }); // prettier-ignore
const head = ({ hAvg, hFinal, cFinal }: RelaxedRepresentation): Value =>
  np.sum(np.multiply(vector, np.add(np.add(hAvg, np.multiply(2, hFinal)), np.multiply(0.3, cFinal)))); // prettier-ignore

/** log p of a sequence and its stop, by plain loops in float64. */
const plainLogProb = (sequence: string) => plainRun(params, sequence).logProbs.reduce((a, b) => a + b); // prettier-ignore
function plainHead(sequence: string): number {
  const { hAvg, hFinal, cFinal } = plainRun(params, sequence);
  return hAvg.reduce((sum, x, i) => sum + Math.sin(i + 1) * (x + 2 * hFinal[i] + 0.3 * cFinal[i]), 0); // prettier-ignore
}

let languageModel: ModelObjective;
let topModel: ModelObjective;
beforeAll(async () => {
  languageModel = await languageModelObjective(weights);
  topModel = await representationObjective(weights, head, { name: "sines" });
});
afterAll(() => Promise.all([languageModel.dispose(), topModel.dispose()]));

const oneHot = (sequence: string, letters = amino): Value =>
  array(Float32Array.from([...sequence].flatMap((x) => [...letters].map((a) => Number(a === x)))), { shape: [sequence.length, letters.length] }); // prettier-ignore

describe("objectives", () => {
  const sequences = ["M", "MKLVAA", "ACDEFGHIKLMNPQRSTVWY"];
  const kinds = [
    ["the language model", () => languageModel, plainLogProb],
    ["a head on the representation", () => topModel, plainHead],
  ] as const;

  test.each(kinds)(
    "of %s are those of plain loops, through the engine and at one-hot rows",
    async (_, objective, plain) => {
      const scores = await objective().score(sequences);
      for (const [i, sequence] of sequences.entries()) {
        const expected = plain(sequence);
        const relaxed = (await (objective().relaxed(oneHot(sequence)) as AdArray).data())[0]; // prettier-ignore
        expect(Math.abs(scores[i] / expected - 1)).toBeLessThan(1e-5);
        expect(Math.abs(relaxed / expected - 1)).toBeLessThan(1e-5);
      }
    },
  );

  test("have the gradients of finite differences, at mixtures too", async () => {
    const network = eagerNetwork(params, "float64");
    const letters = "ACDEF";
    const shape = [3, 5];
    const p = Float64Array.from({ length: 15 }, (_, i) => 0.2 + 0.1 * Math.sin(i)); // prettier-ignore
    const values = { logProb: (x: Value) => relaxedLogProb(network, letters, x), cell: (x: Value) => np.sum(runRelaxed(network, letters, x).cFinal) }; // prettier-ignore
    for (const f of Object.values(values)) {
      const at = async (x: Float64Array) => (await (f(array(x, { shape })) as AdArray).data())[0]; // prettier-ignore
      const gradient = await (grad(f)(array(p, { shape })) as AdArray).data();
      for (let i = 0; i < 15; i++) {
        const move = (by: number) => p.map((x, k) => (k === i ? x + by : x));
        const slope = ((await at(move(1e-5))) - (await at(move(-1e-5)))) / 2e-5;
        expect(Math.abs(gradient[i] - slope)).toBeLessThan(1e-6);
      }
    }
  });
});

describe("locally balanced chains through the network", () => {
  test("draw at temperature 1 from the language model itself", async () => {
    const letters = "MKW";
    const objective = await languageModelObjective(weights, { letters });
    const proposal = gradientProposal(objective, { lanes: 100 });
    const all = [...letters].flatMap((a) => [...letters].map((b) => a + b));
    const p = all.map((x) => Math.exp(plainLogProb(x)));
    const total = p.reduce((a, b) => a + b);
    const expected = new Map(all.map((x, i) => [x, p[i] / total]));
    const seen: string[] = [];
    const starters = Array.from({ length: 100 }, (_, k) => all[k % 9]);
    for await (const event of sampleChains(starters, objective.score, {
      steps: 80,
      temperature: 1,
      proposal,
    }))
      // prettier-ignore
      if (event.type === "step" && event.step > 20 && event.step % 4 === 0)
        seen.push(...event.chains.map(({ sequence }) => sequence));
    expect(totalVariation(count(seen), expected)).toBeLessThan(0.06);
    // The landscape is no flat one, which anything would sample.
    const flat = new Map(all.map((x) => [x, 1 / 9]));
    expect(totalVariation(count(seen), flat)).toBeGreaterThan(0.1);
    await Promise.all([objective.dispose(), proposal.dispose()]);
  });

  test("propose by the softmax of half the gradient over the temperature", async () => {
    const proposal = gradientProposal(topModel, {
      positions: [2],
      letters: "KLMNPQWY",
    });
    const gradient = await (grad(topModel.relaxed)(oneHot("MKV")) as AdArray).data(); // prettier-ignore
    const temperature = 0.05;
    const others = [..."LMNPQWY"];
    const w = others.map((a) => Math.exp(gradient[20 + amino.indexOf(a)] / (2 * temperature))); // prettier-ignore
    const total = w.reduce((a, b) => a + b);
    const expected = new Map(others.map((a, i) => [`M${a}V`, w[i] / total]));
    const starters = Array.from({ length: 4000 }, () => "MKV");
    const run = sampleChains(starters, (xs) => xs.map(() => 0), { steps: 1, temperature, proposal }); // prettier-ignore
    for await (const event of run)
      if (event.type === "step") {
        const { statistic, limit } = chiSquare(count(event.proposals.map(({ sequence }) => sequence)), expected); // prettier-ignore
        expect(statistic).toBeLessThan(limit);
      }
    await proposal.dispose();
  });
});

describe("gradientProposal", () => {
  const wrong: [string, string, GradientProposalOptions, RegExp][] = [
    [
      "a starter with a letter the objective does not know",
      "MXV",
      {},
      /letters of the objective, .* got X at position 2 of MXV/,
    ],
    [
      "a starter's letter that could not come back",
      "MKV",
      { letters: "AM" },
      /among AM, got K at position 2/,
    ],
    ["no position", "MKV", { positions: [] }, /at least 1 position/],
    ["no lanes", "MKV", { lanes: 0 }, /lanes to be a positive integer, got 0/],
  ];
  test.each(wrong)("refuses %s", (_, starter, options, message) => {
    expect(() => gradientProposal(topModel, options).begin([starter])).toThrow(
      message,
    );
  });
});

describe("designSequence", () => {
  // Each residue for itself: the best sequence is known.
  const wish = "WYVTSR";
  const start = "ACDEFG";
  const fields = array(
    Float32Array.from([...wish].flatMap((x, i) => [...amino].map((a) => (a === x ? 1 + i : Math.sin(a.charCodeAt(0)))))), // prettier-ignore
    { shape: [wish.length, 20] },
  );
  const toy = {
    letters: amino,
    relaxed: (p: Value) => np.sum(np.multiply(fields, p)),
    score: (xs: readonly string[]) => xs.map((x) => [...x].filter((a, i) => a === wish[i]).length), // prettier-ignore
  };

  test.each(relaxations)(
    "%s finds the best letters and leaves fixed residues alone",
    async (relaxation) => {
      const { best, trajectory } = await designSequence(start, toy, { relaxation, fixed: [1, [5, 6]] }); // prettier-ignore
      expect(best.sequence).toBe("AYVTFG");
      expect(trajectory).toHaveLength(101);
      expect(trajectory[0]).toMatchObject({ step: 0, temperature: 1, sequence: start, score: 0 }); // prettier-ignore
      expect(trajectory[100].temperature).toBeCloseTo(0.1, 12);
      for (const { sequence, score } of trajectory) expect([score]).toEqual(toy.score([sequence])); // prettier-ignore
    },
  );

  test.each(relaxations)(
    "%s raises the score through the network, the same in equal calls",
    async (relaxation) => {
      const options = { steps: 60, relaxation };
      const first = await designSequence("MKLVAA", topModel, options);
      // Better than 300 random sequences of its length.
      const others = Array.from({ length: 300 }, (_, k) =>
        Array.from(
          { length: 6 },
          (_, i) => amino[(k * (7 * i + 3) + i * i * k) % 20],
        ).join(""),
      );
      expect(first.best.score).toBeGreaterThan(
        Math.max(...others.map(plainHead)),
      );
      expect(Math.abs(first.best.score - plainHead(first.best.sequence))).toBeLessThan(1e-5); // prettier-ignore
      if (relaxation === "straight-through")
      // It reads the discrete sequence itself.
      for (const x of first.trajectory) expect(Math.abs(x.relaxedScore - x.score)).toBeLessThan(1e-5); // prettier-ignore
      expect(await designSequence("MKLVAA", topModel, options)).toEqual(first);
    },
  );

  test("gives the start back when nothing on the way scores higher", async () => {
    const { best } = await designSequence(start, { ...toy, score: (xs) => xs.map((x) => (x === start ? 1 : 0)) }, { steps: 20 }); // prettier-ignore
    expect(best).toMatchObject({ step: 0, sequence: start });
  });

  test.each([
    ["no free position", { fixed: [[1, 6]] }, /at least one position that is not fixed, got 6 of 6 fixed/],
    ["a position outside", { fixed: [7] }, /positions from 1 to 6/],
    ["a confidence of 1", { confidence: 1 }, /confidence to be between 0 and 1, got 1/],
    ["no steps", { steps: 0 }, /steps to be a positive integer, got 0/],
  ] as const)("refuses %s", async (_, options, message) => {
    await expect(designSequence(start, toy, options)).rejects.toThrow(message);
  }); // prettier-ignore
});

/** @file What proposals propose, how often, and what they refuse. */
import { describe, expect, test } from "vitest";
import {
  sampleChains,
  siteProposal,
  type SampleOptions,
  type SiteProposalOptions,
} from "../../src/training/index.ts";
import { chiSquare, count } from "./landscape.ts";

const amino = "ACDEFGHIKLMNPQRSTVWY";

/** Proposals of one step of many chains that all stand on one starter. */
async function proposals(
  starter: string,
  options: SiteProposalOptions,
  chains = 6000,
): Promise<string[]> {
  const starters = Array.from({ length: chains }, () => starter);
  const run = sampleChains(starters, (xs) => xs.map(() => 0), { steps: 1, seed: 3, proposal: siteProposal(options) }); // prettier-ignore
  for await (const event of run)
    if (event.type === "step")
      return event.proposals.map(({ sequence }) => sequence);
  throw new Error("no step");
}

const mutations = (from: string, to: string): string[] =>
  [...to].flatMap((letter, i) => (letter === from[i] ? [] : [`${from[i]}${i + 1}${letter}`])); // prettier-ignore

function expectFrequencies(
  seen: Iterable<string>,
  expected: ReadonlyMap<string, number>,
): void {
  const { statistic, limit } = chiSquare(count(seen), expected);
  expect(statistic).toBeLessThan(limit);
}

describe("site proposals", () => {
  // Y last in the alphabet, and a starter that holds it: where a sampler that does not renormalise is off.
  const starter = "MKYLA";

  test("change one residue to one of 19 others, all alike", async () => {
    const seen = (await proposals(starter, {})).flatMap((x) => mutations(starter, x)); // prettier-ignore
    expect(seen).toHaveLength(6000);
    const names = [...starter].flatMap((own, i) =>
      [...amino].filter((a) => a !== own).map((a) => `${own}${i + 1}${a}`),
    );
    expectFrequencies(seen, new Map(names.map((x) => [x, 1 / names.length])));
  });

  test("stay in their window and follow position weights and the PWM without the letter that is there", async () => {
    const row = { M: 1, K: 2, Y: 3, L: 4 };
    const seen = await proposals(starter, {
      positions: [[2, 3], 4],
      positionWeights: [9, 1, 2, 3, 9],
      pwm: [{}, row, row, row, {}],
    });
    const expected = new Map<string, number>();
    for (const [i, share] of [
      [1, 1 / 6],
      [2, 2 / 6],
      [3, 3 / 6],
    ]) {
      // prettier-ignore
      const others = Object.entries(row).filter(([a]) => a !== starter[i]);
      const total = others.reduce((sum, [, w]) => sum + w, 0);
      for (const [a, w] of others)
        expected.set(`${starter[i]}${i + 1}${a}`, (share * w) / total);
    }
    expectFrequencies(
      seen.flatMap((x) => mutations(starter, x)),
      expected,
    );
  });

  test.each([1, 2, 5])(
    "change exactly %i residues",
    async (mutationsWanted) => {
      const seen = await proposals(
        starter,
        { mutations: mutationsWanted },
        300,
      );
      expect(new Set(seen.map((x) => mutations(starter, x).length))).toEqual(
        new Set([mutationsWanted]),
      );
    },
  );

  test("change 1 + Poisson(mean - 1) residues, all of them at most", async () => {
    const seen = await proposals(starter, { mutations: { poisson: 2.5 } });
    const counts = seen.map((x) => String(mutations(starter, x).length));
    const p = [1, 1.5, 1.5 ** 2 / 2, 1.5 ** 3 / 6].map((x) => x * Math.exp(-1.5)); // prettier-ignore
    const rest = 1 - p.reduce((a, b) => a + b);
    expectFrequencies(counts, new Map([...p, rest].map((x, k) => [String(k + 1), x]))); // prettier-ignore
  });

  test("leave the caller's PWM and weights as they are, and do not see later changes of them", async () => {
    const pwm = [
      { A: 1, C: 3 },
      { A: 2, C: 1 },
    ];
    const positionWeights = [1, 2];
    const before = JSON.stringify([pwm, positionWeights]);
    const proposal = siteProposal({ pwm, positionWeights, letters: "AC" });
    const run = async () => {
      const found: string[] = [];
      for await (const event of sampleChains(["AA"], () => [0], {
        steps: 50,
        proposal,
      }))
        // prettier-ignore
        if (event.type === "step") found.push(event.proposals[0].sequence);
      return found;
    };
    const first = await run();
    expect(JSON.stringify([pwm, positionWeights])).toBe(before);
    pwm[0].A = 100;
    positionWeights[0] = 100;
    expect(await run()).toEqual(first);
  });

  const wrong: [string, SiteProposalOptions, RegExp][] = [
    ["a position outside the sequence", { positions: [6] }, /expected positions from 1 to 5, .* got 6$/],
    ["a range the wrong way round", { positions: [[4, 2]] }, /got 4 to 2$/],
    ["no position at all", { positions: [] }, /at least 1 positions that may change, got 0/],
    ["more mutations than positions", { mutations: 3, positions: [1, 2] }, /at least 3 positions that may change, got 2/],
    ["half a mutation", { mutations: 0.5 }, /an integer from 1/],
    ["a Poisson mean below 1", { mutations: { poisson: 0.5 } }, /mean from 1 to 100/],
    ["a letter twice", { letters: "AAC" }, /two or more different ones/],
    ["a starter's letter that is not among the letters", { letters: "AC" }, /among AC, got M at position 1 of MKYLA/],
    ["negative position weights", { positionWeights: [1, -1, 1, 1, 1] }, /got -1 at position 2/],
    ["too few position weights", { positionWeights: [1] }, /each of the 5 residues of a starter, got 1/],
    ["a PWM of another length", { pwm: [{ A: 1 }] }, /pwm to have an entry for each of the 5 residues/],
    ["a PWM weight that is no number", { pwm: [{ A: NaN }] }, /got "A": NaN at position 1/],
    ["a PWM that forbids the way back", { pwm: Array.from({ length: 5 }, () => ({ A: 1, M: 1 })) }, /starter's letter K at position 2 .* a move can be undone/],
  ]; // prettier-ignore
  test.each(wrong)("refuse %s", async (_, options, message) => {
    await expect(proposals(starter, options, 1)).rejects.toThrow(message);
  });
});

describe("sampleChains refuses", () => {
  const base = { steps: 2 };
  const wrong: [string, Partial<SampleOptions>, RegExp][] = [
    ["a temperature of 0", { temperature: 0 }, /a temperature above 0, got 0 at step 1/],
    ["a schedule that reaches NaN", { temperature: (step) => (step === 2 ? NaN : 1) }, /got NaN at step 2/],
    ["half a step", { steps: 0.5 }, /steps to be an integer from 0, got 0.5/],
    ["a negative trust radius", { trustRadius: -1 }, /trustRadius to be an integer from 0/],
    ["resuming from no file", { resume: true }, /a file to resume from, got none/],
  ]; // prettier-ignore
  test.each(wrong)("%s", async (_, options, message) => {
    const run = async () => {
      for await (const _ of sampleChains(["MKV"], () => [0], { ...base, ...options })); // prettier-ignore
    };
    await expect(run()).rejects.toThrow(message);
  });

  const scores: [string, () => number[], RegExp][] = [
    ["NaN for a score", () => [NaN], /numbers or -Infinity, got NaN for MKV/],
    ["too many scores", () => [1, 2], /a score for each of 1 sequences, got 2/],
    ["a starter that is forbidden", () => [-Infinity], /a finite score of starter 1/],
  ]; // prettier-ignore
  test.each(scores)("%s", async (_, score, message) => {
    await expect(sampleChains(["MKV"], score, base).next()).rejects.toThrow(message); // prettier-ignore
  });

  test("no starters, and one with a letter that is no amino acid", async () => {
    await expect(sampleChains([], () => [], base).next()).rejects.toThrow("at least one starter"); // prettier-ignore
    await expect(sampleChains(["MK1"], () => [0], base).next()).rejects.toThrow('sequence 1: expected amino-acid letters, got "1" at position 3'); // prettier-ignore
  });
});

/** @file Chains of every kind of proposal against Boltzmann weights of a landscape that can be enumerated. */
import { describe, expect, test } from "vitest";
import { numpy as np } from "../../src/ad/index.ts";
import {
  gradientProposal,
  sampleChains,
  siteProposal,
  type Proposal,
} from "../../src/training/index.ts";
import {
  all,
  boltzmann,
  count,
  energy,
  letters,
  relaxedEnergy,
  totalVariation,
} from "./landscape.ts";

const temperature = 0.8;
const chains = 400;

/** Where chains stand every 10 steps after 50. */
async function visit(proposal: Proposal): Promise<Map<string, number>> {
  const seen: string[] = [];
  const starters = Array.from({ length: chains }, (_, k) => "A" + all[k % 27].slice(1)); // prettier-ignore
  const run = sampleChains(starters, (xs) => xs.map(energy), { steps: 250, seed: 1, temperature, proposal }); // prettier-ignore
  for await (const event of run)
    if (event.type === "step" && event.step > 50 && event.step % 10 === 0)
      seen.push(...event.chains.map(({ sequence }) => sequence));
  return count(seen);
}

const pwm = [
  { A: 5, C: 1, D: 2 },
  { A: 0.2, C: 3, D: 1 },
  { A: 1, C: 1, D: 6 },
];
const kinds: readonly [string, Proposal, readonly string[]][] = [
  ["one uniform mutation", siteProposal({ letters }), all],
  ["two mutations", siteProposal({ letters, mutations: 2 }), all],
  ["Poisson mutations", siteProposal({ letters, mutations: { poisson: 1.7 } }), all], // prettier-ignore
  ["position weights", siteProposal({ letters, positionWeights: [3, 1, 1] }), all], // prettier-ignore
  ["a window", siteProposal({ letters, positions: [[2, 3]] }), all.filter((x) => x[0] === "A")], // prettier-ignore
  ["a PWM", siteProposal({ letters, pwm }), all],
  ["a PWM, position weights and Poisson mutations", siteProposal({ letters, pwm, positionWeights: [5, 1, 2], mutations: { poisson: 2 } }), all], // prettier-ignore
  ["gradients", gradientProposal({ letters, relaxed: relaxedEnergy, facts: {} }, { lanes: chains, device: "js" }), all], // prettier-ignore
  ["gradients in a window", gradientProposal({ letters, relaxed: relaxedEnergy, facts: {} }, { lanes: chains, device: "js", positions: [2, 3] }), all.filter((x) => x[0] === "A")], // prettier-ignore
  ["gradients of another model", gradientProposal({ letters, relaxed: (p) => np.multiply(-0.7, relaxedEnergy(p)), facts: {} }, { lanes: chains, device: "js" }), all], // prettier-ignore
];

describe("chains that move by", () => {
  test.each(kinds)(
    "%s visit sequences as often as Boltzmann's weights say",
    async (_, proposal, among) => {
      const seen = await visit(proposal);
      // 8,000 independent visits differ by about 0.02 from their own law; those of slow chains by up to 0.04.
      expect(totalVariation(seen, boltzmann(temperature, among))).toBeLessThan(0.05); // prettier-ignore
    },
  );

  test.each(kinds.filter(([name]) => /PWM|another/.test(name)))(
    "%s would not without Hastings' correction",
    async (_, proposal, among) => {
      const seen = await visit({
        ...proposal,
        begin: (starters) => ({
          ...proposal.begin(starters),
          correction: (moves) => moves.map(() => 0),
        }),
      });
      expect(totalVariation(seen, boltzmann(temperature, among))).toBeGreaterThan(0.1); // prettier-ignore
    },
  );
});

/** @file Chains: acceptance, company, trust radius, schedules, and going on from a file bit for bit. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  gradientProposal,
  sampleChains,
  siteProposal,
  type Chain,
  type ProposalRecord,
  type SampleOptions,
  type ScoreSequences,
} from "../../src/training/index.ts";
import { all, energy, letters, relaxedEnergy } from "./landscape.ts";

const folder = mkdtempSync(path.join(tmpdir(), "unirep-sample-"));
afterAll(() => rmSync(folder, { recursive: true }));

const scoreAll: ScoreSequences = (xs) => xs.map(energy);
const starters = Array.from({ length: 12 }, (_, k) => all[(5 * k) % 27]);
const proposal = siteProposal({ letters, mutations: { poisson: 1.5 } });

async function play(
  from: readonly string[],
  options: SampleOptions,
  score = scoreAll,
): Promise<{ records: ProposalRecord[][]; chains: readonly Chain[]; temperatures: number[] }> {
  const records: ProposalRecord[][] = [];
  const temperatures: number[] = [];
  const run = sampleChains(from, score, options);
  for (;;) {
    const { value, done } = await run.next();
    if (done) return { records, chains: value.chains, temperatures };
    if (value.type !== "step") continue;
    records.push([...value.proposals]);
    temperatures.push(value.temperature);
  }
} // prettier-ignore

describe("a chain", () => {
  test("is the same alone, in company, and in a run that begins at its number", async () => {
    const options = { steps: 40, seed: 9, proposal, temperature: 0.5 };
    const together = await play(starters, options);
    const few = await play(starters.slice(0, 3), options);
    const alone = await play([starters[7]], { ...options, firstChain: 7 });
    expect(few.chains).toEqual(together.chains.slice(0, 3));
    expect(alone.records.flat()).toEqual(together.records.map((x) => x[7]));
    expect(new Set(together.records.map((x) => x.map(({ sequence }) => sequence).join())).size).toBeGreaterThan(20); // prettier-ignore
  });

  test("moves with the probability of Metropolis, and no gain or loss overflows", async () => {
    const loss = 0.7;
    const temperature = 0.5;
    const { records } = await play(
      Array.from({ length: 4000 }, () => "MK"),
      { steps: 1, temperature, seed: 2 },
      (xs) => xs.map((x) => (x === "MK" ? 0 : -loss)),
    );
    const p = Math.exp(-loss / temperature);
    const share = records[0].filter((x) => x.accepted).length / 4000;
    expect(Math.abs(share - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 4000)); // prettier-ignore
    for (const [change, moves] of [
      [1e300, 1],
      [-1e300, 0],
    ]) {
      // prettier-ignore
      const score: ScoreSequences = (xs) => xs.map((x) => (x === "MK" ? 0 : change)); // prettier-ignore
      const { chains } = await play(["MK"], { steps: 1, temperature: 1e-12 }, score); // prettier-ignore
      expect(chains[0].moves).toBe(moves);
    }
  });

  test("keeps to its trust radius, beyond which nothing is scored", async () => {
    const starter = "MKLVAA";
    const asked: string[] = [];
    const { records, chains } = await play(
      [starter, starter],
      { steps: 200, trustRadius: 2, temperature: 1 },
      (xs) => {
        asked.push(...xs);
        return xs.map(() => 0);
      },
    );
    const distance = (x: string) => [...x].filter((a, i) => a !== starter[i]).length; // prettier-ignore
    expect(Math.max(...asked.map(distance))).toBe(2);
    const all = records.flat();
    const outside = all.filter((x) => distance(x.sequence) > 2);
    expect(outside.length).toBeGreaterThan(50);
    for (const x of outside)
      expect(x).toMatchObject({ score: null, accepted: false, reason: "trust radius" }); // prettier-ignore
    expect(asked.length).toBe(2 + all.length - outside.length);
    for (const { sequence } of chains) expect(distance(sequence)).toBeLessThanOrEqual(2); // prettier-ignore
  });

  test("never enters what scores -Infinity, and remembers the best it stood on", async () => {
    const { records, chains } = await play(
      ["AAA"],
      { steps: 300, proposal, temperature: 1, seed: 4 },
      (xs) => xs.map((x) => (x.includes("D") ? -Infinity : energy(x))),
    );
    const seen = records.flat();
    expect(seen.some((x) => x.reason === "forbidden")).toBe(true);
    expect(seen.filter((x) => x.accepted && x.sequence.includes("D"))).toEqual([]); // prettier-ignore
    const allowed = all.filter((x) => !x.includes("D"));
    expect(chains[0].best.score).toBe(Math.max(...allowed.map(energy)));
    expect(energy(chains[0].best.sequence)).toBe(chains[0].best.score);
  });

  test.each([
    ["a constant", 0.3, [0.3, 0.3, 0.3]],
    ["a geometric schedule", { from: 4, to: 1 }, [4, 2, 1]],
    ["a function", (step: number) => 1 / step, [1, 1 / 2, 1 / 3]],
  ])("follows %s", async (_, temperature, expected) => {
    const { temperatures } = await play(["AAA"], { steps: 3, temperature });
    temperatures.forEach((x, i) => expect(x).toBeCloseTo(expected[i], 12));
  });

  test("scores every step in one call", async () => {
    const sizes: number[] = [];
    await play(starters, { steps: 5, proposal }, (xs) => {
      sizes.push(xs.length);
      return xs.map(energy);
    });
    expect(sizes).toEqual([12, 12, 12, 12, 12, 12]);
  });
});

describe("a run with a file", () => {
  const gradients = gradientProposal({ letters, relaxed: relaxedEnergy, facts: { kind: "toy" } }, { lanes: 5, device: "cpu" }); // prettier-ignore
  const kinds = [
    ["site proposals", proposal],
    ["gradients", gradients],
  ] as const;

  test.each(kinds)(
    "with %s goes on bit for bit from wherever it was cut",
    async (name, proposal) => {
      const options = { steps: 30, seed: 5, temperature: 0.5, trustRadius: 2, proposal }; // prettier-ignore
      const whole = path.join(folder, `${name}-whole.jsonl`);
      const straight = await play(starters, { ...options, file: whole });
      const bytes = readFileSync(whole);
      const first = bytes.indexOf("\n") + 1;
      const cuts = [first, first + 1, bytes.length / 3, bytes.length / 2, bytes.length - 1, bytes.length].map(Math.floor); // prettier-ignore
      for (const cut of cuts) {
        const file = path.join(folder, `${name}-${cut}.jsonl`);
        writeFileSync(file, bytes);
        truncateSync(file, cut);
        const { chains } = await play(starters, { ...options, file, resume: true }); // prettier-ignore
        expect(readFileSync(file).equals(bytes)).toBe(true);
        expect(chains).toEqual(straight.chains);
      }
    },
  );

  test("keeps every proposal with its step, chain, score and reason", async () => {
    const file = path.join(folder, "kept.jsonl");
    const { records } = await play(starters, { steps: 7, proposal, file });
    const [head, ...rest] = readFileSync(file, "utf8").trimEnd().split("\n").map((x) => JSON.parse(x) as Record<string, unknown>); // prettier-ignore
    expect(head.meta).toMatchObject({ starters, seed: 0, firstChain: 0, trustRadius: "none" }); // prettier-ignore
    expect(rest).toHaveLength(12 * 8);
    expect(rest.slice(12)).toEqual(records.flat().map((x) => ({ ...x, temperature: 0.1 }))); // prettier-ignore
    expect(rest[3]).toEqual({ step: 0, chain: 3, sequence: starters[3], score: energy(starters[3]), accepted: true, reason: "starter", temperature: null }); // prettier-ignore
  });

  test("does more steps when resumed with more, and begins when there is no file", async () => {
    const straight = await play(starters, { steps: 20, proposal });
    const file = path.join(folder, "more.jsonl");
    await play(starters, { steps: 8, proposal, file, resume: true });
    const { chains, records } = await play(starters, { steps: 20, proposal, file, resume: true }); // prettier-ignore
    expect(records).toHaveLength(12);
    expect(chains).toEqual(straight.chains);
  });

  test("is never overwritten, nor gone on with as another run", async () => {
    const file = path.join(folder, "other.jsonl");
    await play(starters, { steps: 2, proposal, file });
    const again = (options: Partial<SampleOptions>) => play(starters, { steps: 3, proposal, file, ...options }); // prettier-ignore
    await expect(again({})).rejects.toThrow(`found ${file}; resume it`);
    await expect(again({ resume: true, seed: 1 })).rejects.toThrow("seed: was 0, is 1"); // prettier-ignore
    await expect(again({ resume: true, facts: { model: "b" } })).rejects.toThrow('score: was {}, is {"model":"b"}'); // prettier-ignore
    await expect(again({ resume: true, proposal: siteProposal({ letters }) })).rejects.toThrow("proposal: was"); // prettier-ignore
  });

  test("ends with the signal's reason between two steps and can be resumed", async () => {
    const file = path.join(folder, "aborted.jsonl");
    const stop = new AbortController();
    const options = { steps: 20, proposal, file };
    const run = async () => {
      for await (const event of sampleChains(starters, scoreAll, { ...options, signal: stop.signal })) // prettier-ignore
        if (event.type === "step" && event.step === 6) stop.abort(new Error("enough")); // prettier-ignore
    };
    await expect(run()).rejects.toThrow("enough");
    const { chains, records } = await play(starters, { ...options, resume: true }); // prettier-ignore
    expect(records).toHaveLength(14);
    expect(chains).toEqual((await play(starters, { steps: 20, proposal })).chains); // prettier-ignore
  });
});

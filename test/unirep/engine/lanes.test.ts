/** @file The schedule of packed lanes: every token once and in order, and hardly a step wasted. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arrangeLanes } from "../../../src/unirep/engine/carry.ts";
import { planChunk, type Job } from "../../../src/unirep/engine/lanes.ts";
import {
  chunkSteps,
  endingsPerStep,
  fullWidth,
  lanesFor,
} from "../../../src/unirep/engine/size.ts";
import {
  models,
  type ModelConfig,
  type ModelName,
} from "../../../src/unirep/model.ts";
import {
  countedJob,
  proteinLengths,
  simulate,
  type Schedule,
} from "./simulate.ts";

const schedules = fc.record({
  lengths: fc.array(
    fc.oneof(
      fc.integer({ min: 2, max: 8 }),
      fc.integer({ min: 2, max: 90 }),
      fc.constant(11),
    ),
    { minLength: 1, maxLength: 80 },
  ),
  lanes: fc.integer({ min: 1, max: 70 }),
  steps: fc.integer({ min: 1, max: 40 }),
});

/** Reads a schedule's inputs as the network does, lane by lane, and lists the tokens each sequence was given. */
function replay({ chunks, rows }: Schedule): Map<Job, number[]> {
  const read = new Map<Job, number[]>();
  /** Which sequence the state in each lane belongs to. */
  let state: (Job | null)[] = [];
  chunks.forEach((chunk, at) => {
    const before = state;
    state = rows[at].map((row) => (row < 0 ? null : before[row]));
    expect(new Set(rows[at].filter((row) => row >= 0)).size).toBe(
      rows[at].filter((row) => row >= 0).length,
    );
    const owner = new Map<number, Job>();
    for (const { job, lane, from, count } of chunk.segments) {
      for (let k = from; k < from + count; k++) {
        expect(owner.has(k * chunk.lanes + lane)).toBe(false);
        owner.set(k * chunk.lanes + lane, job);
      }
    }
    for (let step = 0; step < chunk.steps; step++) {
      for (let lane = 0; lane < chunk.lanes; lane++) {
        const cell = step * chunk.lanes + lane;
        const job = owner.get(cell);
        if (!job) continue;
        if (chunk.keep[cell] === 0) {
          expect(read.has(job)).toBe(false);
          state[lane] = job;
          read.set(job, []);
        }
        // A state that goes on must be the sequence's own.
        expect(state[lane]).toBe(job);
        read.get(job)?.push(chunk.tokens[cell]);
      }
    }
  });
  return read;
}

/** Asks for another number of lanes at every chunk, as work that comes and goes does. */
const changing = (most: number) => (tokens: number) => 1 + (tokens % most);

/** The schedule of `Engine` for a model. */
const asEngine = (config: ModelConfig, jobs: readonly Job[]): Schedule =>
  simulate(
    jobs,
    (tokens, longest) => lanesFor(config, tokens, longest, "float32"),
    (lanes) => chunkSteps(config, lanes, "float32"),
  );

describe("the schedule", () => {
  test("gives every sequence each of its tokens once, in order, on a state that is its own", () => {
    fc.assert(
      fc.property(schedules, ({ lengths, lanes, steps }) => {
        const jobs = lengths.map(countedJob);
        const read = replay(simulate(jobs, changing(lanes), () => steps));
        expect(read.size).toBe(jobs.length);
        for (const job of jobs)
          expect(read.get(job)).toEqual(Array.from(job.tokens));
      }),
      { numRuns: 60 },
    );
  });

  test("ends every sequence once, where its last step says, in a slot of its own", () => {
    fc.assert(
      fc.property(schedules, ({ lengths, lanes, steps }) => {
        const jobs = lengths.map(countedJob);
        const ended: Job[] = [];
        for (const chunk of simulate(jobs, changing(lanes), () => steps)
          .chunks) {
          const used = new Set<number>();
          for (const {
            job,
            lane,
            from,
            offset,
            count,
            emission,
          } of chunk.segments) {
            const isLast = offset + count === job.tokens.length;
            expect(emission !== null).toBe(isLast);
            if (emission === null) {
              expect(from + count).toBe(chunk.steps);
              continue;
            }
            ended.push(job);
            if (emission === "carry") {
              expect(from + count).toBe(chunk.steps);
              continue;
            }
            expect(emission.step).toBe(from + count - 1);
            expect(emission.slot).toBeLessThan(chunk.slots);
            const at = emission.step * chunk.slots + emission.slot;
            expect(used.has(at)).toBe(false);
            used.add(at);
            expect(chunk.emit[at]).toBe(lane);
          }
          expect(chunk.slots).toBeLessThanOrEqual(endingsPerStep(chunk.lanes));
          expect(chunk.emit.every((lane) => lane < chunk.lanes)).toBe(true);
        }
        expect(ended.length).toBe(jobs.length);
        expect(new Set(ended).size).toBe(jobs.length);
      }),
      { numRuns: 60 },
    );
  });

  test("keeps within its lanes and steps, and computes at least one token a chunk", () => {
    fc.assert(
      fc.property(schedules, ({ lengths, lanes, steps }) => {
        const { chunks } = simulate(
          lengths.map(countedJob),
          changing(lanes),
          () => steps,
        );
        for (const chunk of chunks) {
          expect(chunk.lanes).toBeLessThanOrEqual(lanes);
          expect(chunk.steps).toBeGreaterThan(0);
          expect(chunk.steps).toBeLessThanOrEqual(steps);
          expect(chunk.segments.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("lets sequences that come later join between chunks", () => {
    const late = Array.from({ length: 50 }, (_, i) => countedJob(3 + (i % 17)));
    const jobs = [countedJob(400), ...late];
    let next = 0;
    const schedule = simulate(
      [jobs[0]],
      () => 8,
      () => 10,
      (line) => {
        for (let i = 0; i < 5 && next < late.length; i++)
          line.add(late, late[next++]);
      },
    );
    const read = replay(schedule);
    for (const job of jobs)
      expect(read.get(job)).toEqual(Array.from(job.tokens));
    // The long one alone takes 400 steps; nobody waited for it.
    expect(schedule.steps).toBe(400);
  });
});

describe("idle steps", () => {
  const one = (count: number, length: number) =>
    Array.from({ length: count }, () => length);
  test.each<[ModelName, string, number[], idle: number]>([
    ["64", "2,000 proteins", proteinLengths(2000, 1), 0.001],
    ["64", "300 proteins", proteinLengths(300, 2), 0.001],
    [
      "64",
      "300 proteins, one of 4,800",
      [4800, ...proteinLengths(299, 3)],
      0.001,
    ],
    ["64", "2,000 peptides", one(2000, 9), 0.001],
    ["64", "100 peptides", one(100, 9), 0.001],
    ["256", "2,000 proteins", proteinLengths(2000, 4), 0.001],
    ["256", "300 proteins", proteinLengths(300, 5), 0.001],
    ["1900", "2,000 proteins", proteinLengths(2000, 6), 0.001],
    ["1900", "300 proteins", proteinLengths(300, 7), 0.001],
    [
      "1900",
      "300 proteins, one of 4,800",
      [4800, ...proteinLengths(299, 8)],
      0.001,
    ],
    ["1900", "one protein", [300], 0],
  ])("of the %s-unit model running %s are few", (name, _, lengths, idle) => {
    const config = models[name];
    const jobs = lengths.map((length) => countedJob(length + 1));
    const { laneSteps } = asEngine(config, jobs);
    const tokens = lengths.reduce((sum, length) => sum + length + 1, 0);
    expect(laneSteps).toBeGreaterThanOrEqual(tokens);
    expect(laneSteps / tokens - 1).toBeLessThanOrEqual(idle);
  });

  test.each<[string, number[]]>([
    ["fewer sequences than lanes", one(300, 12)],
    ["a few more than lanes", one(520, 12)],
    ["several for each lane", one(2000, 12)],
    ["proteins", proteinLengths(2000, 9)],
  ])(
    "%s: the run is at most twice as long as the best there is",
    (_, lengths) => {
      const config = models["64"];
      const { steps } = asEngine(config, lengths.map(countedJob));
      const tokens = lengths.reduce((sum, length) => sum + length, 0);
      const best = Math.max(...lengths, tokens / fullWidth(config));
      expect(steps).toBeLessThanOrEqual(2 * best);
    },
  );
});

test.each<ModelName>(["64", "256", "1900"])(
  "peptides do not cut the %s-unit model's chunks short",
  (name) => {
    const config = models[name];
    const lanes = fullWidth(config);
    const jobs = Array.from({ length: 4 * lanes }, (_, i) =>
      countedJob(8 + ((i * 7) % 11)),
    );
    const { chunks, steps } = asEngine(config, jobs);
    const wanted = chunkSteps(config, lanes, "float32");
    expect(steps / chunks.length).toBeGreaterThan(Math.min(4, wanted / 2));
  },
);

describe("arrangeLanes", () => {
  const busy = (...counts: number[]) =>
    counts.map((n) => Array.from({ length: n }, () => countedJob(2)));
  test.each<[string, number[], waiting: number, most: number, rows: number[]]>([
    ["opens a lane for each that waits", [], 3, 8, [-1, -1, -1]],
    ["opens no more than there are", [], 30, 4, [-1, -1, -1, -1]],
    ["keeps places while all are busy", [1, 2, 1], 5, 3, [0, 1, 2]],
    ["refills empty lanes in place", [1, 0, 1], 1, 8, [0, 1, 2]],
    ["drops empty lanes nobody waits for", [1, 0, 1, 0], 0, 8, [0, 2]],
    ["drops the rest of the empty lanes", [0, 0, 1], 1, 8, [0, 2]],
    ["opens new ones beside the refilled", [1, 0], 3, 8, [0, 1, -1, -1]],
    ["has nothing left at the end", [0, 0], 0, 8, []],
  ])("%s", (_, counts, waiting, most, rows) => {
    const lanes = busy(...counts);
    const arranged = arrangeLanes(lanes, waiting, most);
    expect(arranged.rows).toEqual(rows);
    rows.forEach((row, i) => {
      if (row >= 0) expect(arranged.lanes[i]).toBe(lanes[row]);
      else expect(arranged.lanes[i]).toEqual([]);
    });
  });
});

test("a chunk shortened because too many sequences end at one step leaves the others in their lanes", () => {
  const lanes = Array.from({ length: 64 }, (_, i) => [
    countedJob(i < 40 ? 5 : 20),
  ]);
  const chunk = planChunk(lanes, () => null, 20, 2);
  expect(chunk.steps).toBe(5);
  expect(lanes.map(([job]) => job?.position ?? null)).toEqual(
    lanes.map((_, i) => (i < 40 ? null : 5)),
  );
});

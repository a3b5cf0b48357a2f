/** @file The schedule of packed lanes: every token once and in order, and hardly a step wasted. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arrangeLanes } from "../../../src/unirep/engine/carry.ts";
import {
  bestSteps,
  planChunks,
  type Chunk,
  type ChunkSize,
  type Job,
} from "../../../src/unirep/engine/lanes.ts";
import {
  chunkSize,
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
  size: fc.record({
    lanes: fc.integer({ min: 1, max: 70 }),
    steps: fc.integer({ min: 1, max: 40 }),
    callSteps: fc.double({ min: 0, max: 20, noNaN: true }),
    endings: fc.integer({ min: 1, max: 20 }),
  }),
});

/** Reads a schedule's inputs as the network does, lane by lane, and lists the tokens each sequence was given. */
function replay({ rounds, rows }: Schedule): Map<Job, number[]> {
  const read = new Map<Job, number[]>();
  /** Which sequence the state in each lane of the batch belongs to. */
  let state: (Job | null)[] = [];
  rounds.forEach((chunks, at) => {
    const before = state;
    state = rows[at].map((row) => (row < 0 ? null : before[row]));
    expect(new Set(rows[at].filter((row) => row >= 0)).size).toBe(
      rows[at].filter((row) => row >= 0).length,
    );
    let first = 0;
    for (const chunk of chunks) {
      expect(chunk.first).toBe(first);
      readChunk(chunk, state, read);
      first += chunk.lanes;
    }
    expect(first).toBe(rows[at].length);
  });
  return read;
}

function readChunk(
  { first, lanes, steps, keep, tokens, segments }: Chunk<Job>,
  state: (Job | null)[],
  read: Map<Job, number[]>,
): void {
  const owner = new Map<number, Job>();
  for (const { job, lane, from, count } of segments) {
    for (let k = from; k < from + count; k++) {
      expect(owner.has(k * lanes + lane)).toBe(false);
      owner.set(k * lanes + lane, job);
    }
  }
  for (let step = 0; step < steps; step++) {
    for (let lane = 0; lane < lanes; lane++) {
      const cell = step * lanes + lane;
      const job = owner.get(cell);
      if (!job) continue;
      if (keep[cell] === 0) {
        expect(read.has(job)).toBe(false);
        state[first + lane] = job;
        read.set(job, []);
      }
      // A state that goes on must be the sequence's own.
      expect(state[first + lane]).toBe(job);
      read.get(job)?.push(tokens[cell]);
    }
  }
}

/** Asks for another number of lanes at every chunk, as work that comes and goes does. */
const changing = (most: number) => (tokens: number) => 1 + (tokens % most);

/** The schedule of `Engine` for a model. */
const asEngine = (
  config: ModelConfig,
  jobs: readonly Job[],
  crews: number,
): Schedule =>
  simulate(
    jobs,
    (tokens, longest) => lanesFor(config, tokens, longest, "float32", crews),
    (lanes) => chunkSize(config, lanes, "float32", crews),
  );

describe("the schedule", () => {
  test("gives every sequence each of its tokens once, in order, on a state that is its own", () => {
    fc.assert(
      fc.property(schedules, ({ lengths, lanes, size }) => {
        const jobs = lengths.map(countedJob);
        const read = replay(simulate(jobs, changing(lanes), () => size));
        expect(read.size).toBe(jobs.length);
        for (const job of jobs)
          expect(read.get(job)).toEqual(Array.from(job.tokens));
      }),
      { numRuns: 60 },
    );
  });

  test("ends every sequence once, where its last step says, in a slot of its own", () => {
    fc.assert(
      fc.property(schedules, ({ lengths, lanes, size }) => {
        const jobs = lengths.map(countedJob);
        const ended: Job[] = [];
        const { rounds } = simulate(jobs, changing(lanes), () => size);
        for (const chunk of rounds.flat()) {
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
          expect(chunk.slots).toBeLessThanOrEqual(size.endings);
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
      fc.property(schedules, ({ lengths, lanes, size }) => {
        const { rounds } = simulate(
          lengths.map(countedJob),
          changing(lanes),
          () => size,
        );
        for (const chunks of rounds) {
          const all = chunks.reduce((n, chunk) => n + chunk.lanes, 0);
          expect(all).toBeLessThanOrEqual(lanes);
          expect(chunks.length).toBe(Math.ceil(all / size.lanes));
          for (const chunk of chunks) {
            expect(chunk.steps).toBe(chunks[0].steps);
            expect(chunk.steps).toBeGreaterThan(0);
            expect(chunk.steps).toBeLessThanOrEqual(size.steps);
          }
          expect(
            chunks.flatMap(({ segments }) => segments).length,
          ).toBeGreaterThan(0);
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
      () => ({ lanes: 8, steps: 10, callSteps: 1, endings: 2 }),
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

describe("what a run costs beside reading its tokens", () => {
  const one = (count: number, length: number) =>
    Array.from({ length: count }, () => length);
  test.each<
    [ModelName, string, crews: number, number[], idle: number, all: number]
  >([
    ["64", "2,000 proteins", 1, proteinLengths(2000, 1), 0.01, 0.03],
    ["64", "2,000 proteins", 2, proteinLengths(2000, 1), 0.01, 0.05],
    ["64", "2,000 proteins", 16, proteinLengths(2000, 1), 0.01, 0.15],
    ["64", "300 proteins", 1, proteinLengths(300, 2), 0.01, 0.1],
    ["64", "300 proteins", 2, proteinLengths(300, 2), 0.01, 0.15],
    [
      "64",
      "300 proteins, one of 4,800",
      2,
      [4800, ...proteinLengths(299, 3)],
      0.01,
      0.15,
    ],
    ["64", "2,000 peptides", 1, one(2000, 9), 0, 0.25],
    ["256", "2,000 proteins", 2, proteinLengths(2000, 4), 0.005, 0.01],
    ["256", "300 proteins", 2, proteinLengths(300, 5), 0.005, 0.02],
    ["1900", "2,000 proteins", 1, proteinLengths(2000, 6), 0.001, 0.005],
    ["1900", "300 proteins", 1, proteinLengths(300, 7), 0.001, 0.005],
    [
      "1900",
      "300 proteins, one of 4,800",
      1,
      [4800, ...proteinLengths(299, 8)],
      0.001,
      0.005,
    ],
    ["1900", "one protein", 1, [300], 0, 0.005],
  ])(
    "the %s-unit model on %s with %i crews",
    (name, _, crews, lengths, idle, all) => {
      const config = models[name];
      const jobs = lengths.map((length) => countedJob(length + 1));
      const { laneSteps, rounds } = asEngine(config, jobs, crews);
      const tokens = lengths.reduce((sum, length) => sum + length + 1, 0);
      expect(laneSteps).toBeGreaterThanOrEqual(tokens);
      expect(laneSteps / tokens - 1).toBeLessThanOrEqual(idle);
      const calls = rounds.reduce((sum, chunks) => {
        const lanes = chunks.reduce((n, chunk) => n + chunk.lanes, 0);
        const { callSteps } = chunkSize(config, lanes, "float32", crews);
        return sum + callSteps * lanes;
      }, 0);
      expect((laneSteps + calls) / tokens - 1).toBeLessThanOrEqual(all);
    },
  );

  test.each<[string, number[]]>([
    ["fewer sequences than lanes", one(300, 12)],
    ["a few more than lanes", one(520, 12)],
    ["several for each lane", one(2000, 12)],
    ["proteins", proteinLengths(2000, 9)],
  ])(
    "%s: the run is at most twice as long as the best there is",
    (_, lengths) => {
      const config = models["64"];
      const { steps } = asEngine(config, lengths.map(countedJob), 1);
      const tokens = lengths.reduce((sum, length) => sum + length, 0);
      const best = Math.max(...lengths, tokens / fullWidth(config, 1));
      expect(steps).toBeLessThanOrEqual(2 * best);
    },
  );
});

test.each<ModelName>(["64", "256", "1900"])(
  "peptides do not cut the %s-unit model's chunks short",
  (name) => {
    const config = models[name];
    const lanes = fullWidth(config, 1);
    const jobs = Array.from({ length: 4 * lanes }, (_, i) =>
      countedJob(8 + ((i * 7) % 11)),
    );
    const { rounds, steps } = asEngine(config, jobs, 1);
    const wanted = chunkSize(config, lanes, "float32", 1).steps;
    expect(steps / rounds.length).toBeGreaterThan(Math.min(4, wanted / 2));
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
  const size = { lanes: 64, steps: 20, callSteps: 100, endings: 2 };
  const [chunk] = planChunks(lanes, () => null, size);
  expect(chunk.steps).toBe(5);
  expect(lanes.map(([job]) => job?.position ?? null)).toEqual(
    lanes.map((_, i) => (i < 40 ? null : 5)),
  );
});

test("no other number of steps reads more tokens for its cost", () => {
  const size: fc.Arbitrary<Pick<ChunkSize, "steps" | "callSteps">> = fc.record({
    steps: fc.integer({ min: 1, max: 60 }),
    callSteps: fc.double({ min: 0, max: 30, noNaN: true }),
  });
  const loads = fc
    .array(fc.integer({ min: 0, max: 80 }), { minLength: 1, maxLength: 30 })
    .filter((load) => load.some((n) => n > 0));
  fc.assert(
    fc.property(loads, size, (load, { steps, callSteps }) => {
      const rate = (k: number) =>
        load.reduce((sum, n) => sum + Math.min(n, k), 0) / (k + callSteps);
      const best = bestSteps(load, { steps, callSteps });
      expect(best).toBeGreaterThan(0);
      expect(best).toBeLessThanOrEqual(steps);
      for (let k = 1; k <= steps; k++)
        expect(rate(best)).toBeGreaterThanOrEqual(rate(k) * (1 - 1e-12));
    }),
    { numRuns: 300 },
  );
});

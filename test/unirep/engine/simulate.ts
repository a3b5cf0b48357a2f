/** @file The engine's schedule without its arithmetic: which tokens each lane would read, and what idle lanes cost. */
import { arrangeLanes } from "../../../src/unirep/engine/carry.ts";
import {
  planChunks,
  type Chunk,
  type ChunkSize,
  type Job,
} from "../../../src/unirep/engine/lanes.ts";
import { WaitingLine } from "../../../src/unirep/engine/queue.ts";

export interface Schedule {
  /** The chunks that run side by side, one round after the other. */
  readonly rounds: readonly (readonly Chunk<Job>[])[];
  /** What row of the state before it each lane of each round continues. */
  readonly rows: readonly (readonly number[])[];
  /** Steps one after the other: the time of a machine that does not mind the width. */
  readonly steps: number;
  /** Steps x lanes over all chunks, of which the sequences need as many as they have tokens. */
  readonly laneSteps: number;
}

/** A job of `length` tokens, each of which says where it stands. */
export const countedJob = (length: number): Job => ({
  tokens: Uint8Array.from({ length }, (_, i) => i % 251),
  position: 0,
});

/** Runs jobs that all wait from the start, as `Engine` does; `refill` may add to the line before each chunk. */
export function simulate(
  jobs: readonly Job[],
  lanesFor: (tokens: number, longest: number) => number,
  sizeFor: (lanes: number) => ChunkSize,
  refill: (line: WaitingLine<Job>) => void = () => {},
): Schedule {
  const line = new WaitingLine<Job>();
  const caller = {};
  for (const job of jobs) line.add(caller, job);
  const rounds: Chunk<Job>[][] = [];
  const allRows: number[][] = [];
  let open: Job[][] = [];
  for (;;) {
    refill(line);
    const left = open.flat().map((job) => job.tokens.length - job.position);
    const { lanes, rows } = arrangeLanes(
      open,
      line.size,
      lanesFor(
        left.reduce((sum, n) => sum + n, line.tokens),
        Math.max(line.longest, ...left),
      ),
    );
    open = lanes;
    if (lanes.length === 0) break;
    allRows.push(rows);
    rounds.push(planChunks(lanes, () => line.take(), sizeFor(lanes.length)));
  }
  const sum = (f: (chunk: Chunk<Job>) => number) =>
    rounds.flat().reduce((total, chunk) => total + f(chunk), 0);
  return {
    rounds,
    rows: allRows,
    steps: rounds.reduce((total, [{ steps }]) => total + steps, 0),
    laneSteps: sum(({ steps, lanes }) => steps * lanes),
  };
}

/** Lengths like UniProt's: log-normal, median 300, two thirds within a factor of two. */
export function proteinLengths(count: number, seed: number): number[] {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return Array.from({ length: count }, () => {
    const normal =
      Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    return Math.round(
      Math.min(8000, Math.max(7, 300 * Math.exp(0.7 * normal))),
    );
  });
}

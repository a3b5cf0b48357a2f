/** @file The pure schedule of packed lanes: which token each lane reads at each step of the next chunk.
 *
 * A lane holds sequences end to end, so no padding is computed and no sequence waits for a longer one. When no
 * sequences are waiting, lanes fall empty one by one and the caller drops them: the batch becomes narrower.
 */

/** One sequence on its way through a lane. */
export interface Job {
  /** What the network reads: start, then the residues. */
  readonly tokens: Uint8Array;
  /** Tokens read so far. */
  position: number;
}

/** Where the state of a finished sequence is found: in an emission slot of its last step, or in the final carry. */
export type Emission =
  { readonly step: number; readonly slot: number } | "carry";

/** Steps `from`..`from + count` of one lane read the tokens from `offset` on of `job`. */
export interface Segment<J extends Job> {
  readonly job: J;
  readonly lane: number;
  readonly from: number;
  readonly offset: number;
  readonly count: number;
  /** Null while the sequence goes on in the next chunk. */
  readonly emission: Emission | null;
}

/** The inputs of one chunk, and what to read from its results. */
export interface Chunk<J extends Job> {
  readonly steps: number;
  readonly lanes: number;
  readonly slots: number;
  readonly tokens: Int32Array; // (steps, lanes)
  /** 0 where a lane starts a sequence, 1 where it goes on. */
  readonly keep: Uint8Array; // (steps, lanes)
  /** Lanes whose states are emitted at each step; unused slots name lane 0. */
  readonly emit: Int32Array; // (steps, slots)
  readonly segments: readonly Segment<J>[];
}

/** Idle steps cost as much as useful ones, a chunk of its own costs one call: up to so many idle steps are cheaper. */
const idleTolerance = 4;

/**
 * Plans the next chunk of at most `most` steps and moves its jobs on. `lanes` holds the jobs of each lane, the first
 * in progress; lanes are topped up by `take` (the next waiting job, or null), and lose the jobs the chunk ends. At
 * most `slotsPerStep` sequences end at one step, but at the last.
 */
export function planChunk<J extends Job>(
  lanes: readonly J[][],
  take: () => J | null,
  most: number,
  slotsPerStep: number,
): Chunk<J> {
  const load = lanes.map((jobs) =>
    jobs.reduce((n, job) => n + remaining(job), 0),
  );
  // Empty lanes first, then little by little, so that a line too short to fill all lanes is shared out evenly.
  for (let enough = 1; enough < 2 * most; enough *= 2) {
    lanes.forEach((jobs, lane) => {
      while (load[lane] < Math.min(enough, most)) {
        const job = take();
        if (!job) break;
        jobs.push(job);
        load[lane] += remaining(job);
      }
    });
  }
  const dry = load.some((steps) => steps < most);
  const wanted = dry
    ? Math.min(
        Math.max(...load),
        Math.max(Math.min(...load), idleTolerance),
        most,
      )
    : most;
  const { steps, slots } = limitEndings(lanes, wanted, slotsPerStep);

  const chunk = {
    steps,
    lanes: lanes.length,
    slots,
    tokens: new Int32Array(steps * lanes.length),
    keep: new Uint8Array(steps * lanes.length).fill(1),
    emit: new Int32Array(steps * slots),
  };
  const segments: Segment<J>[] = [];
  const used = new Uint16Array(steps);
  lanes.forEach((jobs, lane) => {
    for (let at = 0; at < steps && jobs.length > 0;) {
      const [job] = jobs;
      const offset = job.position;
      const count = Math.min(steps - at, remaining(job));
      if (offset === 0) chunk.keep[at * chunk.lanes + lane] = 0;
      for (let k = 0; k < count; k++)
        chunk.tokens[(at + k) * chunk.lanes + lane] = job.tokens[offset + k];
      job.position += count;
      let emission: Emission | null = null;
      if (remaining(job) === 0) {
        jobs.shift();
        const step = at + count - 1;
        if (step === steps - 1) emission = "carry";
        else {
          emission = { step, slot: used[step]++ };
          chunk.emit[step * slots + emission.slot] = lane;
        }
      }
      segments.push({ job, lane, from: at, offset, count, emission });
      at += count;
    }
  });
  return { ...chunk, segments };
}

const remaining = (job: Job): number => job.tokens.length - job.position;

/** The first step at which too many sequences end becomes the last: final states need no slots. */
function limitEndings(
  lanes: readonly (readonly Job[])[],
  wanted: number,
  slotsPerStep: number,
): { steps: number; slots: number } {
  const ends = new Uint16Array(wanted);
  for (const jobs of lanes) {
    let at = 0;
    for (const job of jobs) {
      at += remaining(job);
      if (at > wanted) break;
      ends[at - 1]++;
    }
  }
  const crowded = ends.findIndex((n) => n > slotsPerStep);
  const steps = crowded === -1 ? wanted : crowded + 1;
  return { steps, slots: Math.max(1, ...ends.subarray(0, steps - 1)) };
}

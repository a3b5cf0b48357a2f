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

/** The inputs of one call: some steps of lanes that lie next to each other, and what to read from its results. */
export interface Chunk<J extends Job> {
  readonly steps: number;
  /** Which lane of the batch is the first here; `lane` and `emit` below count from it. */
  readonly first: number;
  readonly lanes: number;
  readonly slots: number;
  readonly tokens: Int32Array; // (steps, lanes)
  /** 0 where a lane starts a sequence, 1 where it goes on. */
  readonly keep: Uint8Array; // (steps, lanes)
  /** Lanes whose states are emitted at each step; unused slots name lane 0. */
  readonly emit: Int32Array; // (steps, slots)
  readonly segments: readonly Segment<J>[];
}

/** How large the chunks of a batch are. */
export interface ChunkSize {
  /** Lanes of a chunk. */
  readonly lanes: number;
  /** Steps at most. */
  readonly steps: number;
  /** As many steps cost what a call costs by itself. */
  readonly callSteps: number;
  /**
   * Sequences of the batch that may end at one step, but at the last. Every step of a chunk has slots for as many as end
   * at its most crowded one, which are memory.
   */
  readonly endings: number;
}

/**
 * Plans the next steps of a batch, in chunks for lanes that lie next to each other, and moves the jobs on. `lanes` holds
 * the jobs of each lane, the first in progress; lanes are topped up by `take` (the next waiting job, or null), and lose
 * the jobs the chunks end.
 */
export function planChunks<J extends Job>(
  lanes: readonly J[][],
  take: () => J | null,
  size: ChunkSize,
): Chunk<J>[] {
  const most = size.steps;
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
  const steps = stepsUntilCrowded(lanes, bestSteps(load, size), size.endings);
  const chunks: Chunk<J>[] = [];
  for (let first = 0; first < lanes.length; first += size.lanes)
    chunks.push(layOut(lanes.slice(first, first + size.lanes), first, steps));
  return chunks;
}

/**
 * The number of steps that reads most tokens for its cost. With lanes of `load` tokens, more steps leave more of them
 * idle at the end, fewer make more calls; the ratio peaks where a lane ends, or at the most steps allowed.
 */
export function bestSteps(
  load: readonly number[],
  { steps: most, callSteps }: Pick<ChunkSize, "steps" | "callSteps">,
): number {
  const ascending = load.map((n) => Math.min(n, most)).sort((a, b) => a - b);
  let best = 1;
  let bestRate = 0;
  let ended = 0;
  ascending.forEach((steps, i) => {
    const tokens = ended + steps * (ascending.length - i);
    ended += steps;
    const rate = tokens / (steps + callSteps);
    // Of equal ones the longer: fewer calls.
    if (rate < bestRate || steps === 0) return;
    bestRate = rate;
    best = steps;
  });
  return best;
}

/** The chunk of `lanes`, whose first is lane `first` of the batch. */
function layOut<J extends Job>(
  lanes: readonly J[][],
  first: number,
  steps: number,
): Chunk<J> {
  const slots = Math.max(1, ...endings(lanes, steps).subarray(0, steps - 1));
  const chunk = {
    steps,
    first,
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

/** How many sequences end at each of the next `steps`. */
function endings(
  lanes: readonly (readonly Job[])[],
  steps: number,
): Uint16Array {
  const ends = new Uint16Array(steps);
  for (const jobs of lanes) {
    let at = 0;
    for (const job of jobs) {
      at += remaining(job);
      if (at > steps) break;
      ends[at - 1]++;
    }
  }
  return ends;
}

/** The first step at which too many sequences end becomes the last: final states need no slots. */
function stepsUntilCrowded(
  lanes: readonly (readonly Job[])[],
  wanted: number,
  slotsPerStep: number,
): number {
  const crowded = endings(lanes, wanted).findIndex((n) => n > slotsPerStep);
  return crowded === -1 ? wanted : crowded + 1;
}

/** @file The packed-lane engine: one loop that every caller of a model shares.
 *
 * Sequences wait in line, run in lanes chunk by chunk, and leave as they end; new ones join between chunks. Memory is
 * bounded by lanes x steps, whatever the number of sequences; the number of lanes follows the work.
 */
import {
  array,
  type Array,
  type DType,
  type Precision,
  type TypedArray,
} from "../../ad/index.ts";
import type { ModelConfig } from "../model.ts";
import type { Network } from "../network.ts";
import { arrangeCarry, arrangeLanes } from "./carry.ts";
import {
  createJob,
  type Caller,
  type EngineJob,
  type Finished,
  type Floats,
} from "./job.ts";
import { planChunk, type Chunk, type Segment } from "./lanes.ts";
import {
  compileChunk,
  type Carry,
  type ChunkInputs,
  type ChunkOutputs,
  type ProgramOptions,
  type RunChunk,
  type Task,
} from "./program.ts";
import { WaitingLine } from "./queue.ts";
import { chunkSteps, endingsPerStep, fullWidth, lanesFor } from "./size.ts";

/** Milliseconds between two chunks that callers with more sequences may take to hand them over. */
const patience = 30;

export interface EngineOptions extends ProgramOptions {
  readonly task: Task;
}

/** Runs sequences through a network; made once for a model and task, shared by all callers. */
export class Engine {
  /** Lanes of a full batch: a caller that keeps this many sequences waiting keeps the engine busy. */
  readonly lanes: number;
  /** Steps of lanes so far: those that read a token, and all. */
  readonly laneSteps = { busy: 0, all: 0 };
  readonly #config: ModelConfig;
  readonly #task: Task;
  readonly #dtype: DType;
  readonly #precision: Precision;
  readonly #runChunk: RunChunk;
  readonly #waiting = new WaitingLine<EngineJob>();
  readonly #live = new Set<EngineJob>();
  #open: EngineJob[][] = [];
  #carry: Carry<Floats> | null = null;
  #loop: Promise<void> | null = null;

  constructor(
    config: ModelConfig,
    network: Network<Array>,
    options: EngineOptions,
  ) {
    this.#config = config;
    this.#task = options.task;
    this.#precision = options.precision;
    this.#dtype = network.head.b.dtype;
    this.#runChunk = compileChunk(network, options.task, options);
    this.lanes = options.device === "js" ? 4 : fullWidth(config);
  }

  /**
   * Runs one sequence of residue tokens (L). Sequences of one `caller` start longest first; callers take turns. An
   * abort rejects at once and frees the lane when the running chunk ends.
   */
  async submit(
    residues: Uint8Array,
    caller: Caller,
    signal?: AbortSignal,
  ): Promise<Finished> {
    const { job, result } = createJob(
      residues,
      caller,
      this.#task,
      this.#config.units,
      this.#floats,
      signal,
    );
    if (!job.settled) {
      this.#live.add(job);
      this.#waiting.add(caller, job);
      this.#loop ??= this.#run();
    }
    try {
      return await result;
    } finally {
      this.#live.delete(job);
    }
  }

  /** Frees the compiled program, after the sequences in it have ended. */
  async dispose(): Promise<void> {
    await this.#loop;
    await this.#runChunk.dispose();
  }

  readonly #floats = (size: number): Floats =>
    this.#dtype === "float64" ? new Float64Array(size) : new Float32Array(size);

  async #run(): Promise<void> {
    try {
      for (;;) {
        await this.#listen();
        this.#waiting.remove((job) => job.settled);
        const live = this.#open.map((jobs) =>
          jobs.filter((job) => !job.settled),
        );
        const { lanes, rows } = arrangeLanes(
          live,
          this.#waiting.size,
          this.#wantedLanes(live),
        );
        this.#open = lanes;
        if (lanes.length === 0) break;
        this.#carry = arrangeCarry(
          this.#carry,
          rows,
          this.#config,
          this.#floats,
        );
        const most = chunkSteps(this.#config, lanes.length, this.#precision);
        await this.#step(
          planChunk(
            lanes,
            () => this.#waiting.take(),
            most,
            endingsPerStep(lanes.length),
          ),
        );
      }
    } catch (error) {
      // After a failed chunk no lane holds a known state: everything in flight fails with it.
      this.#waiting.remove(() => true);
      this.#open = [];
      for (const job of this.#live) job.reject(error);
    }
    this.#carry = null;
    this.#loop = null;
  }

  /**
   * Gives callers their turn before the next chunk is planned: they submit as results arrive and files are read, and a
   * running chunk stops them. While the line is short and more is on its way, they get as many turns as fit the time.
   */
  async #listen(): Promise<void> {
    const until = performance.now() + patience;
    do await new Promise(setImmediate);
    while (
      this.#waiting.size < this.lanes &&
      this.#callersAre("fetching") &&
      performance.now() < until
    );
  }

  #callersAre(state: "more" | "fetching"): boolean {
    for (const job of this.#live) if (job.caller[state]) return true;
    return false;
  }

  #wantedLanes(live: readonly (readonly EngineJob[])[]): number {
    // With more to come no lane will fall empty, and the sequences in line are the shorter ones: longer went first.
    if (this.#callersAre("more")) return this.lanes;
    const left = live.flat().map((job) => job.tokens.length - job.position);
    const tokens = left.reduce((sum, n) => sum + n, this.#waiting.tokens);
    const longest = Math.max(this.#waiting.longest, ...left);
    return Math.min(
      this.lanes,
      lanesFor(this.#config, tokens, longest, this.#precision),
    );
  }

  async #step(chunk: Chunk<EngineJob>): Promise<void> {
    const { units } = this.#config;
    const perLane = (data: Floats) =>
      array(data, { shape: [chunk.lanes, units] });
    const carry = this.#carry as Carry<Floats>;
    const [after, outputs] = this.#runChunk(
      {
        layers: carry.layers.map(({ h, c }) => ({
          h: perLane(h),
          c: perLane(c),
        })),
        sum: perLane(carry.sum),
      },
      chunkInputs(chunk),
    ) as [Carry<Array>, ChunkOutputs<Array>];
    this.#carry = {
      layers: await Promise.all(
        after.layers.map(async ({ h, c }) => ({
          h: await floats(h),
          c: await floats(c),
        })),
      ),
      sum: await floats(after.sum),
    };
    const { emitted, hidden, logProbs, hits } = outputs;
    const results = {
      h: await floats(emitted.h),
      c: await floats(emitted.c),
      sum: await floats(emitted.sum),
      hidden: hidden && (await floats(hidden)),
      logProbs: logProbs && (await floats(logProbs)),
      hits: hits && (await hits.data()),
    };
    this.laneSteps.all += chunk.steps * chunk.lanes;
    for (const segment of chunk.segments) {
      this.laneSteps.busy += segment.count;
      if (!segment.job.settled)
        collect(segment, chunk, this.#carry, results, units);
    }
  }
}

const floats = async (x: Array): Promise<Floats> => (await x.data()) as Floats;

function chunkInputs({
  steps,
  lanes,
  slots,
  tokens,
  keep,
  emit,
  segments,
}: Chunk<EngineJob>): ChunkInputs<Array> {
  let targets: Int32Array | null = null;
  if (segments[0].job.targets !== null) {
    targets = new Int32Array(steps * lanes);
    for (const { job, lane, from, offset, count } of segments) {
      for (let k = 0; k < count; k++)
        targets[(from + k) * lanes + lane] = (job.targets as Uint8Array)[
          offset + k
        ];
    }
  }
  const perStep = (data: TypedArray) => array(data, { shape: [steps, lanes] });
  return {
    tokens: perStep(tokens),
    keep: perStep(keep),
    emit: array(emit, { shape: [steps, slots] }),
    targets: targets && perStep(targets),
  };
}

interface Results {
  readonly h: Floats;
  readonly c: Floats;
  readonly sum: Floats;
  readonly hidden: Floats | null;
  readonly logProbs: Floats | null;
  readonly hits: TypedArray | null;
}

/** Copies what one segment produced to its job, and hands the job's result over if it ended. */
function collect(
  segment: Segment<EngineJob>,
  { lanes, slots }: Chunk<EngineJob>,
  carry: Carry<Floats>,
  results: Results,
  n: number,
): void {
  const { job, lane, from, offset, count, emission } = segment;
  for (let k = 0; k < count; k++) {
    const at = (from + k) * lanes + lane;
    if (job.hidden && results.hidden)
      job.hidden.set(
        results.hidden.subarray(at * n, (at + 1) * n),
        (offset + k) * n,
      );
    if (job.logProbs && results.logProbs)
      job.logProbs[offset + k] = results.logProbs[at];
    if (results.hits) job.hits += results.hits[at];
  }
  if (emission === null) return;
  const top = carry.layers[carry.layers.length - 1];
  const source =
    emission === "carry" ? { h: top.h, c: top.c, sum: carry.sum } : results;
  const row =
    emission === "carry" ? lane : emission.step * slots + emission.slot;
  const read = (x: Floats) => x.slice(row * n, (row + 1) * n);
  job.resolve({
    h: read(source.h),
    c: read(source.c),
    sum: read(source.sum),
    hidden: job.hidden,
    logProbs: job.logProbs,
    hits: job.hits,
  });
}

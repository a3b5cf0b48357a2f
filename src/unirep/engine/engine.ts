/** @file The packed-lane engine: one loop that every caller of a model shares.
 *
 * Sequences wait in line, run in lanes chunk by chunk, and leave as they end; new ones join between chunks. Memory is
 * bounded by lanes x steps, whatever the number of sequences; the number of lanes follows the work.
 */
import type { Array, Device, DType, Precision } from "../../ad/index.ts";
import type { ModelConfig } from "../model.ts";
import type { Network } from "../network.ts";
import { arrangeCarry, arrangeLanes, joinCarries } from "./carry.ts";
import {
  createJob,
  type Caller,
  type EngineJob,
  type Finished,
  type Floats,
} from "./job.ts";
import { planChunks, type Chunk } from "./lanes.ts";
import {
  compileChunk,
  type Carry,
  type ChunkOutputs,
  type RunChunk,
  type Task,
} from "./program.ts";
import { WaitingLine } from "./queue.ts";
import { chunkSize, crewsFor, fullWidth, lanesFor } from "./size.ts";
import { collect, inputArrays, readBack, stateArrays } from "./transfer.ts";

/** Milliseconds between two chunks that callers with more sequences may take to hand them over. */
const patience = 30;

export interface EngineOptions {
  readonly task: Task;
  readonly device: Device;
  readonly precision: Precision;
  /** Threads that compute; 0 is one a core. */
  readonly threads: number;
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
  readonly #crews: number;
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
    const { task, device, precision } = options;
    const crews = crewsFor(config, device, options.threads);
    this.#config = config;
    this.#task = task;
    this.#precision = precision;
    this.#dtype = network.head.b.dtype;
    this.#crews = crews.count;
    this.#runChunk = compileChunk(network, task, {
      device,
      precision,
      threads: crews.threads,
      workers: device === "cpu" ? crews.count : 0,
    });
    this.lanes = device === "js" ? 4 : fullWidth(config, crews.count);
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
        const size = chunkSize(
          this.#config,
          lanes.length,
          this.#precision,
          this.#crews,
        );
        await this.#step(planChunks(lanes, () => this.#waiting.take(), size));
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
      lanesFor(this.#config, tokens, longest, this.#precision, this.#crews),
    );
  }

  /** All crews take the same steps at the same time: results do not depend on which of them is faster. */
  async #step(chunks: readonly Chunk<EngineJob>[]): Promise<void> {
    const carry = this.#carry as Carry<Floats>;
    const runs = chunks.map(
      (chunk) =>
        this.#runChunk(
          stateArrays(chunk, carry, this.#config),
          inputArrays(chunk),
        ) as [Carry<Array>, ChunkOutputs<Array>],
    );
    const ended = await Promise.all(runs.map(readBack));
    this.#carry = joinCarries(
      ended.map(({ state }) => state),
      this.#floats,
    );
    chunks.forEach((chunk, i) => {
      this.laneSteps.all += chunk.steps * chunk.lanes;
      for (const segment of chunk.segments) {
        this.laneSteps.busy += segment.count;
        if (!segment.job.settled)
          collect(segment, chunk, ended[i], this.#config);
      }
    });
  }
}

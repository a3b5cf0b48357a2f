/** @file One sequence in the engine: its tokens, where its results go, and the promise its caller holds. */
import { tokens } from "../alphabet.ts";
import type { Job } from "./lanes.ts";
import type { Task } from "./program.ts";

/** Float data of a sequence; float64 on a float64 network. */
export type Floats = Float32Array | Float64Array;

/** What the engine knows of a finished sequence of L residues. */
export interface Finished {
  readonly sum: Floats; // (n) of the L + 1 top hidden states
  readonly h: Floats; // (n)
  readonly c: Floats; // (n)
  readonly hidden: Floats | null; // (L + 1, n): task `residues`
  readonly logProbs: Floats | null; // (L + 1): task `score`
  /** Targets that are the most probable class: task `score`. */
  readonly hits: number;
}

/** Who submits sequences. */
export interface Caller {
  /** More will follow those already submitted: what is in line says nothing of the work left. */
  more?: boolean;
  /** The next one is being fetched, and not held back until results are taken. */
  fetching?: boolean;
}

export interface EngineJob extends Job {
  readonly caller: Caller;
  readonly targets: Uint8Array | null;
  readonly hidden: Floats | null;
  readonly logProbs: Floats | null;
  hits: number;
  /** True once its caller has been told; what is left of it is dropped at the next chunk. */
  settled: boolean;
  resolve(result: Finished): void;
  reject(error: unknown): void;
}

/** A job for residue tokens (L) and the promise of its result, rejected with the signal's reason on abort. */
export function createJob(
  residues: Uint8Array,
  caller: Caller,
  task: Task,
  units: number,
  floats: (size: number) => Floats,
  signal: AbortSignal | undefined,
): { job: EngineJob; result: Promise<Finished> } {
  const length = residues.length + 1;
  const input = new Uint8Array(length);
  input[0] = tokens.start;
  input.set(residues, 1);
  const { promise, resolve, reject } = withResolvers<Finished>();
  const settle = (finish: () => void) => {
    if (job.settled) return;
    job.settled = true;
    signal?.removeEventListener("abort", onAbort);
    finish();
  };
  const onAbort = () => job.reject(signal?.reason);
  const job: EngineJob = {
    caller,
    tokens: input,
    position: 0,
    targets:
      task === "score"
        ? Uint8Array.from(
            { length },
            (_, i) => (residues[i] ?? tokens.stop) - 1,
          )
        : null,
    hidden: task === "residues" ? floats(length * units) : null,
    logProbs: task === "score" ? floats(length) : null,
    hits: 0,
    settled: false,
    resolve: (result) => settle(() => resolve(result)),
    reject: (error) => settle(() => reject(error)),
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  return { job, result: promise };
}

function withResolvers<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

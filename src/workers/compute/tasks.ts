/** @file The work that compute processes do: what each task takes, tells while it runs, and gives. Paths are local files. */
import type { JobModel, JobOptions, SequenceRange, TableName } from "../jobs/record.ts"; // prettier-ignore

/** Weights as a compute process loads them: kept warm by `sha256` and precision. */
export interface ModelFile {
  /** What `loadModel` takes as `weights`: a path or an id of the package. */
  readonly weights: string;
  readonly id: string;
  readonly sha256: string;
}

/** One representation or score, as the synchronous endpoint returns it. */
export interface Represented {
  readonly hAvg: Float32Array;
  readonly hFinal: Float32Array;
  readonly cFinal: Float32Array;
  /** (L + 1, n) */
  readonly perResidue?: Float32Array | undefined;
}

interface Task<Params, Value, Event = never> {
  readonly params: Params;
  readonly value: Value;
  readonly event: Event;
}

type Columns =
  | ({ readonly kind: "embed" } & JobOptions["embed"])
  | ({ readonly kind: "score" } & JobOptions["score"]);

export interface Tasks {
  /** Sequences of one request, in the batch that all requests share; results in their order. */
  represent: Task<
    { readonly model: ModelFile; readonly precision: "f32" | "int8"; readonly sequences: readonly string[]; readonly perResidue: boolean },
    readonly Represented[]
  >;
  /**
   * Reads uploaded files (FASTA, GenBank, …, gzip), checks every record, and writes one FASTA of upper-case sequences, one
   * line each, to `out`. Refuses the whole input with the first 100 problems where any record is bad.
   */
  ingest: Task<
    { readonly files: readonly { readonly path: string; readonly name: string }[]; readonly out: string; readonly maxSequences: number; readonly maxResidues: number; readonly maxLength: number },
    IngestOutcome
  >;
  /** Computes one range of a job (`file` holds its bytes alone) and writes a part to `out`. */
  range: Task<
    { readonly model: ModelFile; readonly file: string; readonly range: SequenceRange; readonly columns: Columns; readonly out: string },
    { readonly sequences: number; readonly residues: number; readonly seconds: number },
    { readonly type: "progress"; readonly residues: number }
  >;
  /** Puts the parts of a job, in order, into one table of `format` at `out` (and sidecars beside it). */
  assemble: Task<
    { readonly parts: readonly string[]; readonly columns: Columns; readonly model: JobModel; readonly format: TableName; readonly out: string },
    { readonly files: readonly string[] }
  >;
  /** Begins a study in `folder`, or brings it up to `trials` trials of its next group; see handlers/evotune.ts. */
  study: Task<
    { readonly model: ModelFile; readonly licence: string; readonly file: string; readonly folder: string; readonly options: JobOptions["evotune"]; readonly part: { readonly type: "begin" } | { readonly type: "trial"; readonly trial: number } | { readonly type: "final" } },
    { readonly lines: readonly unknown[]; readonly weights: string | null },
    StudyEvent
  >;
  /** Runs Metropolis chains; `folder` holds the file that makes them resumable. */
  sample: Task<
    { readonly model: ModelFile; readonly file: string; readonly folder: string; readonly options: JobOptions["sample"]; readonly out: string },
    { readonly summary: Readonly<Record<string, unknown>> },
    SampleTaskEvent
  >;
} // prettier-ignore

export type IngestOutcome =
  | { readonly ok: true; readonly sequences: number; readonly residues: number; readonly sha256: string; readonly ranges: readonly SequenceRange[]; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problems: readonly IngestProblem[]; readonly more: boolean }; // prettier-ignore

export interface IngestProblem {
  readonly file: string;
  readonly record: number | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly detail: string;
}

/** `save: true`: the folder is consistent now and the task waits until it has been kept. */
export type StudyEvent = { readonly event: import("../jobs/record.ts").JobEvent; readonly save: boolean }; // prettier-ignore
export type SampleTaskEvent = StudyEvent;

export type TaskName = keyof Tasks;
export type TaskParams<T extends TaskName> = Tasks[T]["params"];
export type TaskValue<T extends TaskName> = Tasks[T]["value"];
export type TaskEvent<T extends TaskName> = Tasks[T]["event"];

/** A compute process from outside; the pool (`compute/pool.ts`) gives them out. */
export interface Compute {
  /**
   * Runs a task. Events come one at a time: the task goes on when `onEvent` has resolved. An abort asks the task to stop,
   * then ends the process (SIGTERM, later SIGKILL), and rejects with the signal's reason. Bad input rejects with a
   * BadInputError; another failure, or a process that dies, with a ComputeError whose `retryable` says whether the input
   * may be innocent. Arrays of the value are views into the message that brought them: mind their `byteOffset`.
   */
  run<T extends TaskName>(
    task: T,
    params: TaskParams<T>,
    options?: RunOptions<T>,
  ): Promise<TaskValue<T>>;
}

export interface RunOptions<T extends TaskName> {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: TaskEvent<T>) => void | Promise<void>) | undefined; // prettier-ignore
}

/** What a compute process tells about itself every second. */
export interface ComputeFacts {
  readonly pid: number;
  readonly rssBytes: number;
  /** Residues computed since it began. */
  readonly residues: number;
  /** Lane-steps that held a token and all lane-steps, since it began. */
  readonly lanesBusy: number;
  readonly lanesAll: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  readonly models: readonly string[];
}

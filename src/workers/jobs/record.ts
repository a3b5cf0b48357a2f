/** @file The record of a job: what was asked, how far it is, what came of it. Kept outside the queue, for its owner. */

export const jobKinds = ["embed", "score", "evotune", "sample"] as const;
export type JobKind = (typeof jobKinds)[number];

export const jobStates = [
  "queued",
  "running",
  "cancelling",
  "succeeded",
  "failed",
  "cancelled",
] as const;
export type JobState = (typeof jobStates)[number];

export const isEnded = (state: JobState): boolean =>
  state === "succeeded" || state === "failed" || state === "cancelled";

/** Sequences of a job: one FASTA of checked, upper-case proteins in storage, cut into ranges of whole records. */
export interface JobInput {
  /** Storage key. */
  readonly key: string;
  readonly sequences: number;
  readonly residues: number;
  /** SHA-256 of that FASTA, in hexadecimal. */
  readonly sha256: string;
  readonly ranges: readonly SequenceRange[];
  /** What its owner should know of it: letters that the weights have seen seldom or never. */
  readonly warnings: readonly string[];
}

export interface SequenceRange {
  /** Bytes `start` to before `end` of the FASTA. */
  readonly start: number;
  readonly end: number;
  /** Number of the first record, from 0. */
  readonly first: number;
  readonly sequences: number;
  readonly residues: number;
}

/** The weights a job runs with, fixed when it is submitted. */
export interface JobModel {
  readonly id: string;
  /** SHA-256 of the parameters (`hashParams`). */
  readonly sha256: string;
  readonly licence: string;
  readonly units: number;
}

export const tableNames = ["npz", "npy", "h5", "parquet", "csv", "jsonl"] as const; // prettier-ignore
export type TableName = (typeof tableNames)[number];

/** What each kind of job was asked to do; the API's schemas check the values. */
export interface JobOptions {
  readonly embed: {
    readonly precision: "f32" | "int8";
    readonly layers: readonly ("h_avg" | "h_final" | "c_final")[];
    readonly perResidue: boolean;
    /** Format the result is made in at once; others are made when asked for. */
    readonly format: TableName;
  };
  readonly score: {
    readonly precision: "f32" | "int8";
    readonly perResidue: boolean;
    readonly format: TableName;
  };
  readonly evotune: {
    readonly trials: number;
    readonly folds: number;
    /** Trials at the same time. */
    readonly parallel: number;
    readonly epochs: { readonly low: number; readonly high: number };
    /** A list or a range to search, or one rate. */
    readonly learningRate: number | { readonly low: number; readonly high: number };
    readonly seed: number;
    /** Id the tuned model gets. */
    readonly modelName: string;
  };
  readonly sample: {
    readonly steps: number;
    readonly chains: number;
    readonly temperature: number;
    readonly trustRadius: number | null;
    readonly seed: number;
  };
} // prettier-ignore

export interface JobProgress {
  /** Units of work: residues for embed and score, training steps for evotune, chain steps for sample. */
  readonly done: number;
  readonly total: number;
}

export interface JobResult {
  /** Storage key of what the job made first; other formats lie beside it. */
  readonly key: string;
  readonly format: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Facts for the reader: sequences, seconds, hash of the weights, chosen setting, id of a tuned model. */
  readonly summary: Readonly<Record<string, unknown>>;
}

export interface JobFailure {
  /** One sentence, as problem+json's `detail`. */
  readonly detail: string;
  /** Whether the input is at fault, so that no repetition can help. */
  readonly badInput: boolean;
}

export interface JobRecord<K extends JobKind = JobKind> {
  readonly id: string;
  readonly kind: K;
  /** Id of the API key it belongs to. */
  readonly owner: string;
  readonly name: string | null;
  readonly state: JobState;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly model: JobModel;
  readonly input: JobInput;
  readonly options: JobOptions[K];
  readonly progress: JobProgress;
  readonly result: JobResult | null;
  readonly failure: JobFailure | null;
}

/**
 * Events of a job's log, as the API streams them; every state change is one. Steps and epochs of a trial count within its
 * fold, from 1; the validation of epoch 0 is that of the weights training begins with; trial null is the final fit.
 */
export type JobEvent =
  | { readonly type: "state"; readonly state: JobState }
  | { readonly type: "progress"; readonly done: number; readonly total: number; readonly residuesPerSecond: number | null; readonly etaSeconds: number | null }
  | { readonly type: "step"; readonly trial: number | null; readonly fold?: number; readonly step: number; readonly epoch: number; readonly loss: number; readonly learningRate: number }
  | { readonly type: "validation"; readonly trial: number | null; readonly fold?: number; readonly epoch: number; readonly crossEntropy: number; readonly perplexity: number }
  | { readonly type: "trial"; readonly trial: number; readonly setting: Readonly<Record<string, unknown>>; readonly outcome: string | null; readonly value: number | null }
  | { readonly type: "checkpoint"; readonly step: number }
  | { readonly type: "accepted"; readonly step: number; readonly best: number }; // prettier-ignore

declare module "../store/store.ts" {
  interface Documents {
    job: JobRecord;
  }
}

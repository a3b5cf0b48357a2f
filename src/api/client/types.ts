/** @file What the client takes and gives, by the API's names in camelCase. */
import type { z } from "zod";
import type { JobEvent, JobKind, JobState } from "../../workers/index.ts";
import type { JobResource } from "../schemas/jobs.ts";
import type { ModelResource } from "../schemas/models.ts";
import type { submissionFields } from "../schemas/submissions.ts";
import type { FromWire } from "../wire.ts";

export type Job = FromWire<JobResource>;
export type Model = FromWire<ModelResource>;
export type { JobEvent, JobKind, JobState };

export interface SequenceRecord {
  readonly id: string;
  readonly sequence: string;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Options of a job, by its kind. */
export type JobSettings<K extends JobKind> = FromWire<
  z.input<(typeof submissionFields)[K]>
>;

/**
 * Sequences of a job: one, several, or files (FASTA, GenBank, SnapGene; gzip allowed) as blobs or a stream. A stream is
 * read once, so that a submission from one is not repeated when it fails; Node's `fs.openAsBlob` makes a file repeatable.
 */
export type SubmissionInput =
  | string
  | readonly string[]
  | readonly SequenceRecord[]
  | Blob
  | readonly Blob[]
  | ReadableStream<Uint8Array>;

export interface SubmitOptions extends CallOptions {
  /** Name of a blob without one, or of a stream; its extension tells the format. "sequences.fasta" by default. */
  readonly fileName?: string | undefined;
  /** For a submission that a restarted program shall find again; by default a new one. */
  readonly idempotencyKey?: string | undefined;
}

/** An event of a job, or the job as it is: first, after events were missed, and at the end. */
export type WatchedEvent = JobEvent | { readonly type: "snapshot"; readonly job: Job }; // prettier-ignore

export interface WaitOptions extends CallOptions {
  readonly onEvent?: ((event: WatchedEvent) => void) | undefined;
}

export type ResultFormat =
  "npz" | "npy" | "ids" | "h5" | "parquet" | "csv" | "jsonl" | "safetensors" | "report" | "study"; // prettier-ignore

export interface EmbedOptions extends CallOptions {
  readonly model?: string | undefined;
  readonly precision?: "f32" | "int8" | undefined;
  /** By default h_avg alone. */
  readonly layers?: readonly ("h_avg" | "h_final" | "c_final")[] | undefined;
  readonly perResidue?: boolean | undefined;
}

/** Representations of N sequences by a model of n units. */
export interface Embeddings {
  readonly model: { readonly id: string; readonly sha256: string; readonly licence: string; readonly units: number }; // prettier-ignore
  readonly ids: readonly string[];
  /** Residues of each sequence. */
  readonly lengths: readonly number[];
  /** (N, n) row-major, for each layer asked for. */
  readonly layers: Readonly<Partial<Record<"h_avg" | "h_final" | "c_final", Float32Array>>>; // prettier-ignore
  /** (L + 1, n) row-major for each sequence, the start token first; none unless asked for. */
  readonly perResidue: readonly Float32Array[];
}

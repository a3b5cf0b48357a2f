/** @file Jobs as the API sees them: submit, watch, cancel, and fetch what came of it. */
import type { Page, StoredEvent } from "../store/store.ts";
import type { ModelRecord } from "../models/catalogue.ts";
import type { StoredFile } from "../storage/storage.ts";
import type { JobInput, JobKind, JobOptions, JobRecord, JobState, TableName } from "./record.ts"; // prettier-ignore

export interface JobRequest<K extends JobKind = JobKind> {
  /** Chosen by the caller, so that a repeated submission finds the first: a UUID. */
  readonly id: string;
  readonly kind: K;
  readonly owner: string;
  readonly name: string | null;
  readonly model: ModelRecord;
  readonly options: JobOptions[K];
  /** Its file already lies in storage, under `jobs/<id>/`. */
  readonly input: JobInput;
}

export interface QueueDepth {
  readonly waiting: number;
  readonly active: number;
}

/** No function tells a job of another owner from one that does not exist: both are null. */
export interface Jobs {
  /** Records the job and queues it. Rejects, leaving neither, where the queue is away; an id that is known gives its job. */
  submit<K extends JobKind>(request: JobRequest<K>): Promise<JobRecord<K>>;
  get(id: string, owner: string): Promise<JobRecord | null>;
  /** Newest first. A page may be shorter than `limit`, even empty, with more to come: only `next` tells. */
  list(
    owner: string,
    options: {
      readonly limit: number;
      readonly cursor?: string | undefined;
      readonly state?: JobState | undefined;
      readonly kind?: JobKind | undefined;
    },
  ): Promise<Page<JobRecord>>;
  /**
   * Cancels a job wherever it is: at once where it only waits, else it is `cancelling` until its workers have let go. An
   * ended job stays as it is. Returns the record after it.
   */
  cancel(id: string, owner: string): Promise<JobRecord | null>;
  /** Events of the job's log after `after`, oldest first. */
  events(
    id: string,
    after: string | null,
    limit: number,
  ): Promise<StoredEvent[]>;
  /** The result table in another format, made where it is not there yet; the key of a file in storage. */
  table(
    job: JobRecord,
    format: TableName,
    signal?: AbortSignal,
  ): Promise<{ readonly key: string } & Pick<StoredFile, "bytes">>;
  depth(): Promise<Readonly<Record<JobKind, QueueDepth>>>;
}

/** @file One activation of a piece of work: what a handler is given, and what it may answer. */
import type { Compute } from "../compute/tasks.ts";
import type { JobEvent, JobKind, JobRecord } from "../jobs/record.ts";
import type { Service } from "../service.ts";

/**
 * A job's work is a unit `main` and whatever units it asks for (`range-3`, `trial-2`). What units have come to is kept in
 * the store, so that queues only say what to do next: a queue that has lost everything is filled again from the records.
 */
export interface Work<K extends JobKind = JobKind> {
  readonly service: Service;
  readonly compute: Compute;
  /** The record as the activation began. */
  readonly job: JobRecord<K>;
  /** Name of this unit within its job. */
  readonly unit: string;
  /** Higher than that of every earlier activation of this unit: in the name of every file it writes. */
  readonly fence: number;
  /** An empty folder on this machine's disk, removed when the activation ends. */
  readonly folder: string;
  /** Aborts with a `Stop` as reason: cancelled, shutdown, or the lock was lost. */
  readonly signal: AbortSignal;
  /** Appends to the job's log; progress and steps at most four times a second, the latest wins. */
  tell(event: JobEvent): Promise<void>;
  /** What units of this job have come to, of those that ended well. */
  results(): Promise<ReadonlyMap<string, unknown>>;
  /** Keeps a value of this unit across activations (a snapshot's key); a StaleFenceError where a later one has begun. */
  keep(value: unknown): Promise<void>;
  /** What `keep` kept last, or null. */
  kept(): Promise<unknown>;
}

/** What an activation answers: the unit has ended (its result is small: storage keys and numbers), or waits for others. */
export type Answer =
  | { readonly type: "done"; readonly result: unknown }
  | { readonly type: "children"; readonly units: readonly string[] };

export type Handler<K extends JobKind = JobKind> = (
  work: Work<K>,
) => Promise<Answer>;

/** Handlers of a job kind: of its `main` unit, whose result is the job's `JobResult`, and of the units it asks for. */
export interface Handlers<K extends JobKind = JobKind> {
  readonly main: Handler<K>;
  /** Called for every unit but `main`. */
  readonly unit: Handler<K>;
}

/** Why a signal aborted. */
export class Stop extends Error {
  override readonly name = "Stop";
  readonly why: "cancelled" | "shutdown" | "lock lost";
  constructor(why: Stop["why"]) {
    super(`work: stopped: ${why}`);
    this.why = why;
  }
}

/** Work that no repetition can mend: the input or the options are at fault. */
export class BadInputError extends Error {
  override readonly name = "BadInputError";
}

/** A later activation of the same unit has begun; what this one did must not count. */
export class StaleFenceError extends Error {
  override readonly name = "StaleFenceError";
}

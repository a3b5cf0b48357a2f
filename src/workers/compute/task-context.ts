/** @file What a task has at hand inside a compute process. */
import type { UniRep } from "../../unirep/index.ts";
import type { ModelFile, Represented, TaskEvent, TaskName, TaskParams, TaskValue } from "./tasks.ts"; // prettier-ignore

export interface TaskContext<T extends TaskName> {
  readonly signal: AbortSignal;
  /** Tells the parent process; resolves when it has dealt with the event, so that a task can wait until it is kept. */
  tell(event: TaskEvent<T>): Promise<void>;
  /** A loaded model, kept warm; the least recently used one is freed when there are too many. */
  model(file: ModelFile, precision: "f32" | "int8"): Promise<UniRep>;
  readonly cache: ResultCache;
  /** Threads this process may use; 0: one a core. */
  readonly threads: number;
  /** Counts residues for the facts that the process tells. */
  computed(residues: number): void;
}

/** Results of sequences seen before, bounded in bytes; per-residue states are not kept. */
export interface ResultCache {
  get(model: UniRep, sequence: string): Represented | undefined;
  set(model: UniRep, sequence: string, value: Represented): void;
}

export type RunTask<T extends TaskName> = (
  params: TaskParams<T>,
  context: TaskContext<T>,
) => Promise<TaskValue<T>>;

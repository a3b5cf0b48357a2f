/** @file What the service and a compute process say to each other, and how an error crosses between them. */
import { BadInputError } from "../handlers/work.ts";
import { ComputeError } from "./compute-error.ts";
import type { ComputeFacts, TaskName, TaskParams } from "./tasks.ts";

/** What a compute process is started with. */
export interface ProcessSettings {
  /** 0: one a core. */
  readonly threads: number;
  readonly warmModels: number;
  /** Bytes of results kept; 0: none. */
  readonly cacheBytes: number;
}

export interface StartMessage<T extends TaskName = TaskName> {
  readonly type: "start";
  readonly id: number;
  readonly task: T;
  readonly params: TaskParams<T>;
}

export type ToProcess =
  | StartMessage
  | { readonly type: "abort"; readonly id: number }
  /** `refused`: why the service could not deal with the event, or null. */
  | { readonly type: "ack"; readonly id: number; readonly event: number; readonly refused: string | null }; // prettier-ignore

export type FromProcess =
  | { readonly type: "event"; readonly id: number; readonly event: number; readonly value: unknown }
  | { readonly type: "done"; readonly id: number; readonly value: unknown; readonly facts: ComputeFacts }
  | { readonly type: "failed"; readonly id: number; readonly failure: Failure; readonly facts: ComputeFacts }
  | { readonly type: "facts"; readonly facts: ComputeFacts }; // prettier-ignore

export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly badInput: boolean;
  readonly retryable: boolean;
}

/** Errors that say what is wrong with sequences; tasks make all else that the user is to mend a BadInputError. */
const badInputs = new Set(["BadInputError", "LetterError", "SequenceError"]);

/** Of wrong arguments and wrong code: the same call throws them again. */
const certain = [TypeError, RangeError, ReferenceError, SyntaxError];

export function describeFailure(error: unknown): Failure {
  const { name, message } = error instanceof Error ? error : new Error(String(error)); // prettier-ignore
  const badInput = badInputs.has(name) && !isSystemError(error);
  const retryable = !badInput && !certain.some((type) => error instanceof type);
  return { name, message, badInput, retryable };
}

/** A file that cannot be read is no fault of what it holds. */
const isSystemError = (error: unknown): boolean =>
  error instanceof Error &&
  error.cause instanceof Error &&
  "syscall" in error.cause;

export function failureError(failure: Failure): BadInputError | ComputeError {
  const { name, message, badInput, retryable } = failure;
  if (badInput) return new BadInputError(message);
  return new ComputeError(message, { retryable, thrown: name });
}

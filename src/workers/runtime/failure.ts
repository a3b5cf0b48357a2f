/** @file What an error of a handler means: whether another activation may mend it, and how the job tells it. */
import { ComputeError } from "../compute/compute-error.ts";
import { BadInputError } from "../handlers/work.ts";
import type { JobFailure } from "../jobs/record.ts";
import { MissingFileError } from "../storage/storage.ts";

/** Network, storage and processes may do better the next time; the same values make the same RangeError again. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof ComputeError) return error.retryable;
  return !(
    error instanceof BadInputError ||
    error instanceof RangeError ||
    error instanceof MissingFileError
  );
}

export const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0];

export const failureOf = (error: unknown): JobFailure => ({
  detail: messageOf(error),
  badInput: error instanceof BadInputError || error instanceof RangeError,
});

/** The failure of work that ended badly each time it was begun. */
export const poisoned = (
  unit: string,
  ended: number,
  trouble: string | null,
): JobFailure => ({
  detail: `job: expected its unit ${unit} to end well, got ${ended} starts that did not, the last ${trouble === null ? "with its worker gone" : `with "${trouble}"`}`,
  badInput: false,
});

/** Milliseconds before the next start. */
export const backoff = (starts: number): number =>
  Math.min(1000 * 2 ** (starts - 1), 60_000);

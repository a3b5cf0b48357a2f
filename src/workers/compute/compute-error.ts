/** @file The error of work that a compute process did not finish. */

/** A task failed, or its process died. What the input is to blame for is a BadInputError instead. */
export class ComputeError extends Error {
  override readonly name = "ComputeError";
  /** False where the same task would fail again. */
  readonly retryable: boolean;
  /** Name of the error that the task threw; null where its process ended. */
  readonly thrown: string | null;

  constructor(
    message: string,
    {
      retryable,
      thrown = null,
    }: { retryable: boolean; thrown?: string | null },
  ) {
    super(message);
    this.retryable = retryable;
    this.thrown = thrown;
  }
}

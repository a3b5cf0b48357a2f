/** @file The error of a training whose loss or gradient stopped being a number. */

export class NotFiniteError extends Error {
  override readonly name = "NotFiniteError";
  /** The step that was not taken, from 1. */
  readonly step: number;

  constructor(step: number, message: string) {
    super(message);
    this.step = step;
  }
}

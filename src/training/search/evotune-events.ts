/** @file What `evotune` tells while it runs, and what it ends with. */
import type { FitEvent, FitResult, StepEvent } from "../fit-events.ts";
import type { ChosenLine, Line } from "./study-lines.ts";

/** A step of a fold of a trial that this process trains. */
export interface TrialStepEvent extends Omit<StepEvent, "type"> {
  readonly type: "trial step";
  readonly trial: number;
  readonly fold: number;
}

/** An event of the final fit on all sequences. */
export interface FinalFitEvent {
  readonly type: "final fit";
  readonly event: FitEvent;
}

/** Every line of the study as it is written, by whichever process; those of a resumed study come first. */
export type EvotuneEvent = Line | TrialStepEvent | FinalFitEvent;

export interface EvotuneResult extends Pick<FitResult, "best" | "final"> {
  readonly chosen: ChosenLine;
}

/** @file What `fit` tells while it runs, and what it ends with. */
import type { Weights } from "../unirep/index.ts";
import type { Evaluation } from "./evaluate.ts";

export interface StartEvent {
  readonly type: "start";
  /** Steps already done, 0 unless the run goes on from a checkpoint. */
  readonly step: number;
  /** About as many as there will be: lanes run out at different times at the end. */
  readonly totalSteps: number;
  readonly sequences: number;
  readonly residues: number;
  readonly validationSequences: number;
}

export interface StepEvent {
  readonly type: "step";
  /** Steps done, this one included. */
  readonly step: number;
  /** Passes over the data, with the part of the one under way. */
  readonly epoch: number;
  /** Mean cross-entropy of the step's tokens, in nats. */
  readonly loss: number;
  /** Length of the step's gradient before it is clipped; the last steps' is shorter by the tokens they lack. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly tokens: number;
  readonly residuesPerSecond: number;
}

export interface ValidationEvent extends Evaluation {
  readonly type: "validation";
  readonly step: number;
  readonly epoch: number;
  /** The lowest cross-entropy of the run so far. */
  readonly best: boolean;
}

export interface CheckpointEvent {
  readonly type: "checkpoint";
  readonly step: number;
  readonly file: string;
}

export type FitEvent =
  StartEvent | StepEvent | ValidationEvent | CheckpointEvent;

/** Why a run ended. */
export type FitEnd = "epochs" | "early stop";

export interface FitResult {
  readonly end: FitEnd;
  readonly steps: number;
  readonly epochs: number;
  /** Parameters after the last step. */
  readonly final: Weights;
  /** Those of the lowest validation cross-entropy; the final ones where nothing is held out. */
  readonly best: Weights;
  readonly bestValidation: Evaluation | null;
}

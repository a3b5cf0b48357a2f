/** @file A course: the batches a training run goes through and the step it takes on each, whatever its objective. */
import type { Value } from "../ad/index.ts";
import type { ModelConfig } from "../unirep/index.ts";
import type { Part } from "./groups.ts";
import type { ParamsOptimizer } from "./optimizer.ts";
import type { StepOutcome, TrainState } from "./train-step.ts";
import type { Position } from "./windows.ts";

/** What a course trains. */
export interface CourseModel {
  readonly config: ModelConfig;
  readonly optimizer: ParamsOptimizer;
  readonly frozen: Part<Value>;
}

export interface Batch {
  /** Tokens with something to predict: residues and stops. */
  readonly tokens: number;
  readonly residues: number;
  /** Takes step `i`, counted from 0; the arrays of `state` are used up by it. */
  run(i: Value, state: TrainState): StepOutcome;
  /** What the batch holds, as JSON: it is kept when a step fails. */
  contents(): unknown;
}

export interface Course {
  /** About as many as there will be. */
  readonly totalSteps: number;
  /** Where the next batch begins; the same position gives the same batches. */
  readonly position: Position;
  /** Passes over the data, with the part of the one under way. */
  readonly epoch: number;
  /** Passes that are complete; validation follows each. */
  readonly epochsDone: number;
  /** The next batch; null when there is none left. */
  take(): Batch | null;
  /** Frees the compiled step. */
  dispose(): Promise<void>;
}

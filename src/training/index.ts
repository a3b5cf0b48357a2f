/** @file Training's public face: fit, its events and options. */
export { fit } from "./fit.ts";
export type {
  CheckpointEvent,
  FitEnd,
  FitEvent,
  FitResult,
  StartEvent,
  StepEvent,
  ValidationEvent,
} from "./fit-events.ts";
export type { FitOptions } from "./fit-options.ts";
export type { FreezableGroup } from "./groups.ts";
export {
  createEvaluator,
  type Evaluation,
  type Evaluator,
} from "./evaluate.ts";
export { readHistory, type HistoryLine } from "./history.ts";
export * from "./sampling/index.ts";
export { evotune } from "./evotune.ts";
export type {
  EvotuneEvent,
  EvotuneResult,
  FinalFitEvent,
  TrialStepEvent,
} from "./search/evotune-events.ts";
export type {
  EvotuneOptions,
  SearchOptions,
} from "./search/evotune-options.ts";
export type { Range } from "./search/space.ts";
export { NotFiniteError } from "./not-finite-error.ts";
export { sparkline } from "./report-blocks.ts";
export { writeReport, type ReportInput } from "./report.ts";
export {
  AAEmbedding,
  mLSTM,
  mLSTMAvgHidden,
  mLSTMFusion,
  mLSTMHiddenStates,
} from "./layers.ts";
export { fromLayerParams, toLayerParams, tokenBatch, type LayerParams } from "./layers-params.ts"; // prettier-ignore
export * from "./top-model/index.ts";
export { fitJoint } from "./joint.ts";
export type {
  FitJointOptions,
  FitJointResult,
  JointEvent,
  JointStartEvent,
  JointStepEvent,
  JointValidation,
  JointValidationEvent,
} from "./joint-options.ts";

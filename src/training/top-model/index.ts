/** @file Top models: fitted, saved, applied, exported. */
export {
  fitTopModel,
  type FitTopModelOptions,
  type HeldOut,
  type TopModelChoices,
  type TopModelFit,
} from "./fit-top-model.ts";
export type { Inputs } from "./features.ts";
export type { Matrix } from "./matrix.ts";
export type { ClassMetrics, Metrics, ValueMetrics } from "./metrics.ts";
export type { MlpOptions } from "./mlp.ts";
export {
  featureKinds,
  topModelKinds,
  type DenseParams,
  type FeatureKind,
  type Labels,
  type TopModel,
  type TopModelBase,
  type TopModelKind,
  type TopModelParams,
} from "./types.ts";
export { baseWeights } from "./base-weights.ts";
export { exportTopModel } from "./export.ts";
export { loadTopModel, saveTopModel } from "./file.ts";
export {
  predict,
  type ClassPrediction,
  type PredictOptions,
  type Prediction,
  type ValuePrediction,
} from "./predict.ts";

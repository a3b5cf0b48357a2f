/** @file Optimizers as pure functions on trees (jax.example_libraries.optimizers), schedules and clipping. */
export {
  adagrad,
  adam,
  adamW,
  adamax,
  momentum,
  nesterov,
  rmsprop,
  rmspropMomentum,
  sgd,
  type AdamWOptions,
} from "./methods.ts";
export {
  constant,
  exponentialDecay,
  inverseTimeDecay,
  piecewiseConstant,
  polynomialDecay,
  warmupCosine,
} from "./schedules.ts";
export { clipGrads, l2Norm } from "./clip.ts";
export type { Optimizer, OptimizerState, Schedule } from "./optimizer.ts";

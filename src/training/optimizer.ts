/** @file How parameters move: Adam or AdamW along a clipped gradient, with warm-up and cosine decay of the step size. */
import {
  numpy as np,
  optimizers,
  type ArrayLike,
  type Value,
} from "../ad/index.ts";
import { mapParams, namedParams, type UniRepParams } from "../unirep/index.ts";
import { decays, groupOf, type FreezableGroup, type Part } from "./groups.ts";

export interface OptimizerOptions {
  /** `adam`, or `adamW`: weight decay apart from the gradient, on matrices only. */
  readonly optimizer: "adam" | "adamW";
  /** Step size at its highest. */
  readonly learningRate: number;
  /** Steps in which the step size grows from zero. */
  readonly warmupSteps: number;
  /** After warm-up `constant`, or down to a tenth along half a `cosine` at the last step. */
  readonly schedule: "constant" | "cosine";
  /** AdamW's decay, times the step size. */
  readonly weightDecay: number;
  /** Longest gradient, over all parameters that move; a longer one is scaled down. */
  readonly clipNorm: number;
  readonly frozen: readonly FreezableGroup[];
}

/** What an optimizer remembers: the parameters that move, in two groups, and their moments. */
export interface OptimizerState<T = Value> {
  readonly decayed: optimizers.OptimizerState<Part<T>>;
  readonly plain: optimizers.OptimizerState<Part<T>>;
}

export interface Moving<T = Value> {
  readonly decayed: Part<T>;
  readonly plain: Part<T>;
}

export interface ParamsOptimizer {
  /** The leaves that stay as they are; the others' places are empty. */
  frozen<T>(params: UniRepParams<T>): Part<T>;
  init(params: UniRepParams<Value>): OptimizerState;
  /** What moves, as the gradient sees it. */
  moving(state: OptimizerState): Moving;
  /** All parameters again. */
  merge(moving: Moving, frozen: Part<Value>): UniRepParams<Value>;
  update(
    i: Value,
    gradient: Moving,
    state: OptimizerState,
  ): { state: OptimizerState; norm: Value };
  /** Step size of step i, from 0. */
  learningRate(i: Value): ArrayLike;
}

/** The optimizer of `options` for a training of `totalSteps` steps; AdamW's decay is for parameters that `decaying` names. */
export function createOptimizer(
  options: OptimizerOptions,
  totalSteps: number,
  decaying: (name: string) => boolean = decays,
): ParamsOptimizer {
  const { learningRate, warmupSteps, schedule, clipNorm } = options;
  // The first step is step 1 of the warm-up: at step 0 nothing would move.
  const cosine = optimizers.warmupCosine(learningRate, warmupSteps, totalSteps, learningRate / 10); // prettier-ignore
  const rate: optimizers.Schedule = (i) =>
    schedule === "cosine"
      ? cosine(np.add(i, 1))
      : np.multiply(
          learningRate,
          np.minimum(1, np.divide(np.add(i, 1), Math.max(1, warmupSteps))),
        );
  const weightDecay = options.optimizer === "adamW" ? options.weightDecay : 0;
  const methods = {
    decayed: optimizers.adamW(rate, { weightDecay }),
    plain: optimizers.adam(rate),
  };
  const isFrozen = (name: string) => options.frozen.includes(groupOf(name));
  const only = <T>(
    params: UniRepParams<T>,
    keep: (name: string) => boolean,
  ): Part<T> => mapParams(params, (leaf, name) => (keep(name) ? leaf : null));
  return {
    frozen: (params) => only(params, isFrozen),
    init: (params) => ({
      decayed: methods.decayed.init(
        only(params, (name) => !isFrozen(name) && decaying(name)),
      ),
      plain: methods.plain.init(
        only(params, (name) => !isFrozen(name) && !decaying(name)),
      ),
    }),
    moving: (state) => ({
      decayed: state.decayed.params,
      plain: state.plain.params,
    }),
    merge({ decayed, plain }, frozen) {
      const [second, third] = [plain, frozen].map(
        (part) => new Map(namedParams(part)),
      );
      return mapParams(
        decayed,
        (leaf, name) => (leaf ?? second.get(name) ?? third.get(name)) as Value,
      );
    },
    update(i, gradient, state) {
      const norm = optimizers.l2Norm(gradient);
      const clipped = optimizers.clipGrads(gradient, clipNorm);
      return {
        norm,
        state: {
          decayed: methods.decayed.update(i, clipped.decayed, state.decayed),
          plain: methods.plain.update(i, clipped.plain, state.plain),
        },
      };
    },
    learningRate: rate,
  };
}

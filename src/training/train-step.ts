/** @file One compiled training step: gradient over one or more windows, clipping, and the move along it. */
import {
  jit,
  numpy as np,
  scan,
  tree,
  valueAndGrad,
  type Device,
  type Jitted,
  type Value,
} from "../ad/index.ts";
import type { Part } from "./groups.ts";
import { scoreWindow, type Carry, type WindowArrays } from "./objective.ts";
import type { Moving, OptimizerState, ParamsOptimizer } from "./optimizer.ts";

/** What a step changes. */
export interface TrainState<T = Value> {
  readonly optimizer: OptimizerState<T>;
  readonly carry: Carry<T>;
}

export interface StepOutcome<T = Value> {
  readonly state: TrainState<T>;
  /** Mean cross-entropy of the tokens that count, in nats. () */
  readonly loss: T;
  /** Length of the gradient before it is clipped. () */
  readonly norm: T;
  readonly learningRate: T;
  /** Whether loss and gradient were finite; if not, `state` is the one before the step. () bool */
  readonly finite: T;
}

/** (i, state, frozen, windows (accumulate, steps, lanes) each) -> outcome */
export type TrainStep = Jitted<
  [i: Value, state: TrainState, frozen: Part<Value>, windows: WindowArrays],
  StepOutcome
>;

export interface StepOptions {
  readonly device: Device;
  readonly threads: number;
  /** Keeps every so many states only for the gradient. */
  readonly checkpoint: boolean;
}

/**
 * The step of an optimizer. Windows of one step follow each other in time, each beginning in the states the last one
 * ended in; their gradients are summed and divided by the number of tokens that fit in all of them: every token of a
 * run weighs the same, in two windows of half the lanes as in one, and in the last steps, where few lanes are left, as in
 * a full one. (Divided by their own number, the 39 last steps of unirep-ts-64, down to 12 tokens, undid an epoch.)
 */
export function compileTrainStep(
  optimizer: ParamsOptimizer,
  { device, threads, checkpoint }: StepOptions,
): TrainStep {
  const total = (
    moving: Moving,
    frozen: Part<Value>,
    carry: Carry,
    window: WindowArrays,
  ): [Value, Carry] => {
    const params = optimizer.merge(moving, frozen);
    const scored = scoreWindow(params, carry, window, checkpoint);
    return [scored.total, scored.carry];
  };
  const step = (
    i: Value,
    state: TrainState,
    frozen: Part<Value>,
    windows: WindowArrays,
  ): StepOutcome => {
    const moving = optimizer.moving(state.optimizer);
    const zeros = tree.map((x: Value) => np.zerosLike(x), moving) as Moving;
    const [[gradient, sum, carry]] = scan(
      (
        [sums, sum, carry]: [Moving, Value, Carry],
        window: WindowArrays,
      ): [[Moving, Value, Carry], null] => {
        const [[value, next], grads] = valueAndGrad(total, { hasAux: true })(
          moving,
          frozen,
          carry,
          window,
        ) as unknown as [[Value, Carry], Moving];
        const added = tree.map(np.add, sums, grads) as Moving;
        return [[added, np.add(sum, value), next], null];
      },
      [zeros, np.zeros([], windows.mask.dtype), state.carry] as [
        Moving,
        Value,
        Carry,
      ],
      windows,
    );
    const fitting = windows.mask.size;
    return moveAlong(optimizer, i, state, {
      loss: np.divide(sum, np.maximum(np.sum(windows.mask), 1)),
      gradient: tree.map(
        (g: Value) => np.divide(g, fitting),
        gradient,
      ) as Moving,
      carry,
    });
  };
  return jit(step, { device, threads, donateArgnums: [1] });
}

/**
 * The end of every step: parameters move along the gradient of the loss. A loss, gradient or result that is not finite
 * leaves the state as it was.
 */
export function moveAlong(
  optimizer: ParamsOptimizer,
  i: Value,
  before: TrainState,
  { loss, gradient, carry }: { loss: Value; gradient: Moving; carry: Carry },
): StepOutcome {
  const { norm, state } = optimizer.update(i, gradient, before.optimizer);
  const finite = tree
    .leaves([loss, norm, optimizer.moving(state)])
    .map((x) => np.all(np.isfinite(x as Value)))
    .reduce((a, b) => np.logicalAnd(a, b));
  return {
    state: tree.map(
      (after: Value, before: Value) => np.where(finite, after, before),
      { optimizer: state, carry },
      before,
    ) as TrainState,
    loss,
    norm,
    learningRate: np.asarray(optimizer.learningRate(i)),
    finite,
  };
}

/** @file What an optimizer is: three pure functions on trees, so that a whole training step can be jitted. */
import { add, multiply } from "../numpy/index.ts";
import type { Value } from "../tracer.ts";
import { map } from "../tree.ts";
import { asValue, type ArrayLike } from "../value.ts";

/** State of an optimizer: the parameters and, for each, what the method remembers. All leaves are arrays. */
export interface OptimizerState<P> {
  readonly params: P;
  readonly [slot: string]: P;
}

/** The triple of jax.example_libraries.optimizers. */
export interface Optimizer {
  /** The state that begins at `params`. */
  readonly init: <P>(params: P) => OptimizerState<P>;
  /** The state after step `i` (from 0) along `grads`, a tree like the parameters. */
  readonly update: <P>(
    i: ArrayLike,
    grads: P,
    state: OptimizerState<P>,
  ) => OptimizerState<P>;
  readonly getParams: <P>(state: OptimizerState<P>) => P;
}

/** Step size at step i. */
export type Schedule = (i: Value) => ArrayLike;

/** What a method keeps for one parameter. */
export type Slots = Readonly<Record<string, Value>>;

/** A method for one array: slots at the start, and parameter and slots after a step. */
export interface Method {
  init(x: Value): Slots;
  step(x: Value, g: Value, slots: Slots, i: Value): { x: Value } & Slots;
}

/** The triple of a method that treats every array by itself. */
export function optimizer(method: Method): Optimizer {
  return {
    init(params) {
      const slots = Object.keys(method.init(asValue("optimizer", 0)));
      const state = { params };
      return Object.assign(
        state,
        Object.fromEntries(
          slots.map((slot) => [
            slot,
            map(
              (x: ArrayLike) => method.init(asValue("optimizer", x))[slot],
              params,
            ),
          ]),
        ),
      ) as never;
    },
    update(i, grads, state) {
      const { params, ...rest } = state;
      const slots = Object.keys(rest);
      const step = asValue("optimizer", i);
      const stepped = map(
        (x: ArrayLike, g: ArrayLike, ...values: Value[]) =>
          new Stepped(
            method.step(
              asValue("optimizer", x),
              asValue("optimizer", g),
              Object.fromEntries(slots.map((slot, k) => [slot, values[k]])),
              step,
            ),
          ),
        params,
        grads,
        ...slots.map((slot) => rest[slot]),
      );
      const pick = (slot: string) =>
        map((leaf: Stepped) => leaf.values[slot], stepped);
      return Object.fromEntries([
        ["params", pick("x")],
        ...slots.map((slot) => [slot, pick(slot)] as const),
      ]) as never;
    },
    getParams: (state) => state.params,
  };
}

/** A leaf that carries several arrays: an instance, so that trees do not look inside. */
class Stepped {
  constructor(readonly values: Slots) {}
}

/** `a x + b y`, the moving average every method is made of. */
export const blend = (
  a: ArrayLike,
  x: ArrayLike,
  b: ArrayLike,
  y: ArrayLike,
): Value => add(multiply(a, x), multiply(b, y));

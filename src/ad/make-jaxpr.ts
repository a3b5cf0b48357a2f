/** @file `makeJaxpr` and `evalShape`: what a function does and what it returns, without running it. */
import type { DType } from "./dtype.ts";
import type { ClosedJaxpr } from "./jaxpr/jaxpr.ts";
import type { ArrayType, Shape } from "./shape.ts";
import { FlatFunction } from "./transforms/flat.ts";
import { traceToJaxpr } from "./transforms/trace.ts";
import { flatten } from "./tree.ts";
import { asValue, type ArrayLike } from "./value.ts";

/** The shape and dtype of an array that need not exist (jax.ShapeDtypeStruct). */
export class ShapeDtypeStruct implements ArrayType {
  constructor(
    readonly shape: Shape,
    readonly dtype: DType = "float32",
  ) {}
}

/** A tree like `T` whose arrays may be given by their types alone. */
export type Abstract<T> = T extends ArrayLike
  ? ArrayLike | ShapeDtypeStruct
  : T extends object
    ? { [K in keyof T]: Abstract<T[K]> }
    : T;

function trace<A extends readonly unknown[], R>(
  who: string,
  f: (...args: A) => R,
  args: Abstract<A>,
): { closed: ClosedJaxpr; flat: FlatFunction<A, R> } {
  const [leaves, def] = flatten(args);
  const types = leaves.map((leaf) =>
    leaf instanceof ShapeDtypeStruct ? leaf : asValue(who, leaf).type,
  );
  const flat = new FlatFunction(who, f, def);
  return { closed: traceToJaxpr(flat.run, types), flat };
}

/** The jaxpr of `f` at arguments of the given types (jax.make_jaxpr). */
export const makeJaxpr =
  <A extends readonly unknown[]>(f: (...args: A) => unknown) =>
  (...args: Abstract<A> & readonly unknown[]): ClosedJaxpr =>
    trace("makeJaxpr", f, args).closed;

/** The types of the results of `f` at arguments of the given types (jax.eval_shape). */
export function evalShape<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  ...args: Abstract<A> & readonly unknown[]
): unknown {
  const { closed, flat } = trace("evalShape", f, args);
  return flat.build(
    closed.jaxpr.outputs.map(
      ({ type }) => new ShapeDtypeStruct(type.shape, type.dtype),
    ),
  );
}

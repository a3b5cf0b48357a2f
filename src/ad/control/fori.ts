/** @file `foriLoop`: a loop over a range of integers, differentiable in reverse where the range is known. */
import type { DType } from "../dtype.ts";
import { add, lt } from "../primitives/elementwise.ts";
import { fill, iota } from "../primitives/fill.ts";
import { showType } from "../shape.ts";
import { Value } from "../tracer.ts";
import type { Arrays } from "../transforms/types.ts";
import { unflatten } from "../tree.ts";
import { scalar, type ArrayLike } from "../value.ts";
import { initialCarry, keptLeaves, type ArrayLikes } from "./agree.ts";
import { scan } from "./scan.ts";
import { whileLoop } from "./while.ts";

const who = "foriLoop";

/**
 * `carry = body(i, carry)` for i from `lower` up to, not including, `upper` (jax.lax.fori_loop). Between two numbers it
 * is a scan, so reverse mode goes through it; a bound that is an integer array makes it a `whileLoop`.
 */
export function foriLoop<C>(
  lower: ArrayLike,
  upper: ArrayLike,
  body: (i: Value, carry: Arrays<C>) => ArrayLikes<C>,
  init: C,
): Arrays<C> {
  const dtype = integerType(lower, upper);
  const step = (carry: Arrays<C>) => body(scalar(0, dtype), carry);
  const [carry, def] = initialCarry(who, step, init);
  const types = carry.map((x) => x.type);
  const after = (i: Value, leaves: readonly Value[]) =>
    keptLeaves(who, body(i, unflatten(def, leaves) as Arrays<C>), def, types);

  if (typeof lower === "number" && typeof upper === "number") {
    const type = { shape: [Math.max(0, upper - lower)], dtype } as const;
    const indices = add(iota(type.shape, 0, dtype), fill(lower, type));
    const [out] = scan(
      (leaves: Value[], i: Value) => [after(i, leaves), null],
      carry,
      indices,
    );
    return unflatten(def, out) as Arrays<C>;
  }
  const [first, end] = [lower, upper].map((bound) =>
    bound instanceof Value ? bound : scalar(bound, dtype),
  );
  const { leaves: out } = whileLoop(
    ({ i }) => lt(i, end),
    ({ i, leaves }) => ({
      i: add(i, fill(1, i.type)),
      leaves: after(i, leaves),
    }),
    { i: first, leaves: carry },
  );
  return unflatten(def, out) as Arrays<C>;
}

/** The dtype of the index; numbers take that of the array beside them. */
function integerType(lower: ArrayLike, upper: ArrayLike): DType {
  const bounds = [lower, upper];
  const show = (x: ArrayLike) =>
    x instanceof Value ? showType(x.type) : String(x);
  const dtypes = bounds.flatMap((x) => (x instanceof Value ? [x.dtype] : []));
  const fits = bounds.every((x) =>
    x instanceof Value
      ? x.ndim === 0 &&
        (x.dtype === "int32" || x.dtype === "uint32") &&
        x.dtype === dtypes[0]
      : Number.isInteger(x),
  );
  if (!fits)
    throw new TypeError(
      `${who}: expected bounds that are integers, or integer scalars of one dtype, got ${show(lower)} and ${show(upper)}`,
    );
  return dtypes[0] ?? "int32";
}

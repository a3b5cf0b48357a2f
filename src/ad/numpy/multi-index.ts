/** @file One index into the flattened array for an index along each axis, and back. */
import { fill } from "../primitives/fill.ts";
import { range, showShape, type Shape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import {
  add,
  clip,
  divmod,
  greater,
  less,
  multiply,
  remainder,
  where,
} from "./elementwise.ts";
import { promote } from "./promote.ts";

/**
 * Row-major indices of the elements with the given index along each axis of a shape. Out of range: an error, for which
 * the elements must be known, or as `mode` says (jax.numpy.ravel_multi_index).
 */
export function ravelMultiIndex(
  indices: readonly ArrayLike[],
  shape: Shape,
  { mode = "raise" }: { readonly mode?: "raise" | "wrap" | "clip" } = {},
): Value {
  if (indices.length !== shape.length || shape.length === 0)
    throw new TypeError(
      `ravelMultiIndex: expected an index array for each axis of ${showShape(shape)}, got ${indices.length}`,
    );
  const arrays = promote("ravelMultiIndex", indices);
  return arrays
    .map((i, axis) => {
      const n = shape[axis];
      if (mode === "wrap") return remainder(i, n);
      if (mode === "clip") return clip(i, 0, n - 1);
      const bad = i.dataSync().find((k) => k < 0 || k >= n);
      if (bad !== undefined)
        throw new RangeError(
          `ravelMultiIndex: expected an index in 0..${n - 1} at axis ${axis}, got ${bad}`,
        );
      return i;
    })
    .reduce((total, i, axis) => add(multiply(total, shape[axis]), i));
}

/** The index along each axis of a shape of the elements with the given row-major indices, which are moved inside (jax.numpy.unravel_index). */
export function unravelIndex(indices: ArrayLike, shape: Shape): Value[] {
  let rest = asValue("unravelIndex", indices);
  const places = new Array<Value>(shape.length);
  for (const axis of range(shape.length).reverse())
    [rest, places[axis]] = divmod(rest, fill(shape[axis], rest.type));
  // What is left counts whole arrays: 0 inside, -1 for an index from the end.
  const [above, below] = [greater(rest, 0), less(rest, -1)];
  return places.map((place, axis) =>
    where(above, shape[axis] - 1, where(below, 0, place)),
  );
}

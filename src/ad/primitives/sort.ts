/** @file Sorting: `argsort`, a constant permutation; elements move along an axis by it, and their tangents with them. */
import { definePrimitive } from "../primitive.ts";
import { constant } from "../rules/constant.ts";
import { sameShape, showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { gather } from "./gather.ts";
import { sliceAxis } from "./slicing.ts";
import { batchToFront, moveAxis } from "./structural.ts";

type Order = { readonly axis: number; readonly descending: boolean };

const argsortP = definePrimitive<Order>("argsort", {
  type(keys, { axis }) {
    for (const key of keys) {
      if (!sameShape(key.shape, keys[0].shape) || !(axis in key.shape))
        throw new TypeError(
          `argsort: expected keys of one shape that has axis ${axis}, got ${keys.map(showType).join(" and ")}`,
        );
    }
    return [{ shape: keys[0].shape, dtype: "int32" }];
  },
  // Moving a key a little does not change the order, but where two are equal, and there no derivative exists.
  diff: constant(),
  batch: (self, size, keys, axes, { axis, descending }) => [
    self.bind(
      keys.map((key, i) => batchToFront(key, axes[i], size)),
      { axis: axis + 1, descending },
    ),
    [0],
  ],
  lower: (b, keys, [out], { axis, descending }) => [
    b.emit({ kind: "argsort", keys, axis, descending }, out),
  ],
});

/**
 * The permutation (int32, shaped like the keys) that sorts every line along an axis (non-negative) by the first key,
 * ties by the next one, and what ties in all of them by position. NaN is above every number, -0 equals 0.
 */
export const argsort = (
  keys: readonly Value[],
  axis: number,
  descending = false,
): Value => argsortP.bind(keys, { axis, descending })[0];

/** x (..., n, ...), indices (..., k, ...) -> x[..., indices[..., j, ...], ...]: elements by their position along an axis. */
export function pickAlong(x: Value, indices: Value, axis: number): Value {
  const last = x.ndim - 1;
  const rows = gather(
    moveAxis(x, axis, last),
    moveAxis(indices, axis, last),
    last,
  );
  return moveAxis(rows, last, axis);
}

/** The operands, all moved along an axis by the order of the first `keys` of them (lax.sort). */
export function sort(
  operands: readonly Value[],
  axis: number,
  keys = 1,
): Value[] {
  const order = argsort(operands.slice(0, keys), axis);
  return operands.map((x) => pickAlong(x, order, axis));
}

/** The `k` greatest elements along an axis, greatest first, and their indices (int32); of equals the first come first. */
export function topK(x: Value, k: number, axis: number): [Value, Value] {
  const indices = sliceAxis(argsort([x], axis, true), axis, 0, k);
  return [pickAlong(x, indices, axis), indices];
}

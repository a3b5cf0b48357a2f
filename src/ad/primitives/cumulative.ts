/** @file Running sums along an axis; the other cumulative functions are compositions. */
import { definePrimitive } from "../primitive.ts";
import { linear } from "../rules/diff.ts";
import { showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { batchToFront } from "./structural.ts";

type Direction = { readonly axis: number; readonly reverse: boolean };

const cumsumP = definePrimitive<Direction>("cumsum", {
  type([x], { axis }) {
    if (x.dtype === "bool" || !(axis in x.shape))
      throw new TypeError(
        `cumsum: expected a number dtype and an axis of ${showType(x)}, got axis ${axis}`,
      );
    return [x];
  },
  diff: linear((ct, _args, { axis, reverse }) => [cumsum(ct, axis, !reverse)]),
  batch: (self, size, [x], [at], { axis, reverse }) => [
    self.bind([batchToFront(x, at, size)], { axis: axis + 1, reverse }),
    [0],
  ],
  lower: (b, [input], [out], { axis, reverse }) => [
    b.emit({ kind: "cumsum", input, axis, reverse }, out),
  ],
});

/** The sum of each element and those before it (after it where `reverse`) along an axis (non-negative). */
export const cumsum = (x: Value, axis: number, reverse = false): Value =>
  cumsumP.bind([x], { axis, reverse })[0];

/** @file Reductions that are not linear: max and argmax. (`sum` lives with its transpose, broadcast.) */
import { definePrimitive } from "../primitive.ts";
import { constant } from "../rules/constant.ts";
import { partials } from "../rules/diff.ts";
import { range, showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { convert, div, eq, mul } from "./elementwise.ts";
import { batchToFront, broadcast, sum } from "./structural.ts";

const reduceMaxP = definePrimitive<{ axes: readonly number[] }>("reduceMax", {
  type([x], { axes }) {
    if (axes.some((i) => x.shape[i] === 0))
      throw new TypeError(
        `reduceMax: no maximum over an empty axis of ${showShape(x.shape)}`,
      );
    return [
      { shape: x.shape.filter((_, i) => !axes.includes(i)), dtype: x.dtype },
    ];
  },
  // Ties share the tangent evenly: the mean of dx over the positions that hold the maximum.
  diff: {
    ...partials(),
    jvp(self, [x], [dx], params) {
      const [y] = self.bind([x], params);
      if (!dx) return [[y], [[]]];
      const kept = range(x.ndim).filter((i) => !params.axes.includes(i));
      const hit = convert(eq(x, broadcast(y, x.shape, kept)), x.dtype);
      return [
        [y],
        [[div(sum(mul(dx, hit), params.axes), sum(hit, params.axes))]],
      ];
    },
  },
  batch: (self, size, [x], [axis], { axes }) => [
    self.bind([batchToFront(x, axis, size)], { axes: axes.map((i) => i + 1) }),
    [0],
  ],
  lower: (b, [input], [out], { axes }) => [
    b.emit({ kind: "reduce", op: "max", input, axes }, out),
  ],
});

/** Maximum over the given axes (non-negative), which disappear. */
export const reduceMax = (x: Value, axes: readonly number[]): Value =>
  axes.length ? reduceMaxP.bind([x], { axes })[0] : x;

const argmaxP = definePrimitive<{ axis: number }>("argmax", {
  type([x], { axis }) {
    if (x.shape[axis] === 0)
      throw new TypeError(
        `argmax: no maximum over the empty axis ${axis} of ${showShape(x.shape)}`,
      );
    return [{ shape: x.shape.filter((_, i) => i !== axis), dtype: "int32" }];
  },
  diff: constant(),
  batch: (self, size, [x], [at], { axis }) => [
    self.bind([batchToFront(x, at, size)], { axis: axis + 1 }),
    [0],
  ],
  lower: (b, [input], [out], { axis }) => [
    b.emit({ kind: "argmax", input, axis }, out),
  ],
});

/** Index (int32) of the first maximum along an axis (non-negative), which disappears. */
export const argmax = (x: Value, axis: number): Value =>
  argmaxP.bind([x], { axis })[0];

/** @file Reductions that are not linear: product, maximum, minimum. (`sum` lives with its transpose, broadcast.) */
import type { ReduceOp } from "../lowering/kernel.ts";
import {
  definePrimitive,
  type Differentiation,
  type Primitive,
} from "../primitive.ts";
import { constant } from "../rules/constant.ts";
import { partials } from "../rules/diff.ts";
import {
  range,
  showShape,
  showType,
  sizeOf,
  type ArrayType,
} from "../shape.ts";
import type { Value } from "../tracer.ts";
import { add, convert, div, eq, mul } from "./elementwise.ts";
import { concatenate, sliceAxis } from "./slicing.ts";
import {
  batchToFront,
  broadcast,
  reshape,
  sum,
  transpose,
} from "./structural.ts";

type Axes = { axes: readonly number[] };

const keptAxes = (rank: number, axes: readonly number[]) =>
  range(rank).filter((i) => !axes.includes(i));

const define = (
  name: string,
  op: ReduceOp,
  diff: Differentiation<Axes>,
  check: (x: ArrayType, axes: readonly number[]) => void,
): Primitive<Axes> =>
  definePrimitive<Axes>(name, {
    type([x], { axes }) {
      check(x, axes);
      const kept = keptAxes(x.shape.length, axes);
      return [{ shape: kept.map((i) => x.shape[i]), dtype: x.dtype }];
    },
    diff,
    batch: (self, size, [x], [axis], { axes }) => [
      self.bind([batchToFront(x, axis, size)], {
        axes: axes.map((i) => i + 1),
      }),
      [0],
    ],
    lower: (b, [input], [out], { axes }) => [
      b.emit({ kind: "reduce", op, input, axes }, out),
    ],
  });

const notEmpty =
  (name: string, word: string) =>
  (x: ArrayType, axes: readonly number[]): void => {
    if (axes.some((i) => x.shape[i] === 0))
      throw new TypeError(
        `${name}: no ${word} over an empty axis of ${showShape(x.shape)}`,
      );
  };

/** Ties share the tangent evenly: the mean of dx over the positions that hold the extreme value. */
const tiesShare: Differentiation<Axes> = {
  ...partials(),
  jvp(self, [x], [dx], { axes }) {
    const [y] = self.bind([x], { axes });
    if (!dx) return [[y], [[]]];
    const spread = broadcast(y, x.shape, keptAxes(x.ndim, axes));
    const hit = convert(eq(x, spread), x.dtype);
    return [[y], [[div(sum(mul(dx, hit), axes), sum(hit, axes))]]];
  },
};

const extreme = (name: string, op: "max" | "min", word: string) => {
  const p = define(name, op, tiesShare, notEmpty(name, word));
  return (x: Value, axes: readonly number[]): Value =>
    axes.length ? p.bind([x], { axes })[0] : x;
};

/** Maximum over the given axes (non-negative), which disappear. */
export const reduceMax = extreme("reduceMax", "max", "maximum");
/** Minimum over the given axes (non-negative), which disappear. */
export const reduceMin = extreme("reduceMin", "min", "minimum");

/** The reduced axes as one last axis. */
const lined = (x: Value, axes: readonly number[]): Value => {
  const kept = keptAxes(x.ndim, axes);
  return reshape(transpose(x, [...kept, ...axes]), [
    ...kept.map((i) => x.shape[i]),
    sizeOf(axes.map((i) => x.shape[i])),
  ]);
};

/** Products of halves, and of their halves: no division, so that zeros among the factors do no harm to the derivative. */
function productTangent(x: Value, dx: Value): Value {
  const axis = x.ndim - 1;
  let [line, tangent] = [x, dx];
  for (let n = x.shape[axis]; n > 1; n = Math.ceil(n / 2)) {
    const half = n >> 1;
    const parts = (v: Value) =>
      [
        sliceAxis(v, axis, 0, half),
        sliceAxis(v, axis, half, 2 * half),
      ] as const;
    const [[a, b], [da, db]] = [parts(line), parts(tangent)];
    const withOdd = (paired: Value, v: Value) =>
      n % 2 === 0
        ? paired
        : concatenate([paired, sliceAxis(v, axis, n - 1, n)], axis);
    line = withOdd(mul(a, b), line);
    tangent = withOdd(add(mul(da, b), mul(a, db)), tangent);
  }
  return sum(tangent, [axis]);
}

const reduceProdP = define(
  "reduceProd",
  "prod",
  {
    ...partials(),
    jvp: (self, [x], [dx], { axes }) => [
      self.bind([x], { axes }),
      [dx ? [productTangent(lined(x, axes), lined(dx, axes))] : []],
    ],
  },
  (x) => {
    if (x.dtype === "bool")
      throw new TypeError(
        `reduceProd: expected a number dtype, got ${showType(x)}`,
      );
  },
);

/** Product over the given axes (non-negative), which disappear; over an empty axis 1. */
export const reduceProd = (x: Value, axes: readonly number[]): Value =>
  axes.length ? reduceProdP.bind([x], { axes })[0] : x;

const arg = (kind: "argmax" | "argmin", word: string) => {
  const p = definePrimitive<{ axis: number }>(kind, {
    type([x], { axis }) {
      notEmpty(kind, word)(x, [axis]);
      return [{ shape: x.shape.filter((_, i) => i !== axis), dtype: "int32" }];
    },
    diff: constant(),
    batch: (self, size, [x], [at], { axis }) => [
      self.bind([batchToFront(x, at, size)], { axis: axis + 1 }),
      [0],
    ],
    lower: (b, [input], [out], { axis }) => [
      b.emit({ kind, input, axis }, out),
    ],
  });
  return (x: Value, axis: number): Value => p.bind([x], { axis })[0];
};

/** Index (int32) of the first maximum along an axis (non-negative), which disappears. */
export const argmax = arg("argmax", "maximum");
/** Index (int32) of the first minimum along an axis (non-negative), which disappears. */
export const argmin = arg("argmin", "minimum");

/** @file Primitives that rearrange whole axes, each beside its transpose: reshape, transpose, broadcast + sum. */
import { definePrimitive, type BatchAxis } from "../primitive.ts";
import { linear } from "../rules/diff.ts";
import {
  moveAxisOrder,
  range,
  sameShape,
  showShape,
  showType,
  sizeOf,
  type Shape,
} from "../shape.ts";
import type { Value } from "../tracer.ts";

const reshapeP = definePrimitive<{ shape: Shape }>("reshape", {
  type([x], { shape }) {
    if (sizeOf(x.shape) !== sizeOf(shape)) {
      throw new TypeError(
        `reshape: ${showShape(x.shape)} has ${sizeOf(x.shape)} elements, ${showShape(shape)} ${sizeOf(shape)}`,
      );
    }
    return [{ shape, dtype: x.dtype }];
  },
  diff: linear((ct, [x]) => [reshape(ct, x.type.shape)]),
  batch: (self, size, [x], [axis], { shape }) => [
    self.bind([batchToFront(x, axis, size)], { shape: [size, ...shape] }),
    [0],
  ],
  lower: (b, [input], [out]) => [b.emit({ kind: "reshape", input }, out)],
});

/** The elements of `x` in row-major order under another shape of the same size. */
export const reshape = (x: Value, shape: Shape): Value =>
  sameShape(x.shape, shape) ? x : reshapeP.bind([x], { shape })[0];

const transposeP = definePrimitive<{ order: readonly number[] }>("transpose", {
  type([x], { order }) {
    if (
      [...order].sort((a, b) => a - b).join() !== range(x.shape.length).join()
    ) {
      throw new TypeError(
        `transpose: expected a permutation of the axes of ${showShape(x.shape)}, got (${order.join()})`,
      );
    }
    return [{ shape: order.map((i) => x.shape[i]), dtype: x.dtype }];
  },
  diff: linear((ct, _args, { order }) => [transpose(ct, inverse(order))]),
  // The batch axis keeps its place; the others are permuted around it.
  batch: (self, _size, [x], [axis], { order }) => {
    const at = axis as number;
    return [
      self.bind([x], {
        order: [at, ...order.map((i) => (i < at ? i : i + 1))],
      }),
      [0],
    ];
  },
  lower: (b, [input], [out], { order }) => [
    b.emit({ kind: "transpose", input, order }, out),
  ],
});

const inverse = (order: readonly number[]): number[] =>
  range(order.length).map((i) => order.indexOf(i));

/** Axis i of the result is axis `order[i]` of `x`; by default the axes are reversed. */
export const transpose = (
  x: Value,
  order: readonly number[] = range(x.ndim).reverse(),
): Value =>
  order.every((axis, i) => axis === i) && order.length === x.ndim
    ? x
    : transposeP.bind([x], { order })[0];

const broadcastP = definePrimitive<{ shape: Shape; axes: readonly number[] }>(
  "broadcast",
  {
    type([x], { shape, axes }) {
      if (
        axes.length !== x.shape.length ||
        axes.some(
          (to, i) => shape[to] !== x.shape[i] || (i > 0 && to <= axes[i - 1]),
        )
      ) {
        throw new TypeError(
          `broadcast: axes (${axes.join()}) do not place ${showShape(x.shape)} in ${showShape(shape)}`,
        );
      }
      return [{ shape, dtype: x.dtype }];
    },
    diff: linear((ct, _args, { shape, axes }) => [
      sum(
        ct,
        range(shape.length).filter((i) => !axes.includes(i)),
      ),
    ]),
    batch: (self, size, [x], [axis], { shape, axes }) => [
      self.bind([batchToFront(x, axis, size)], {
        shape: [size, ...shape],
        axes: [0, ...axes.map((i) => i + 1)],
      }),
      [0],
    ],
    lower: (b, [input], [out], { axes }) => [
      b.emit({ kind: "broadcast", input, axes }, out),
    ],
  },
);

/** Axis i of `x` becomes axis `axes[i]` (increasing) of `shape`; `x` repeats along the other axes. */
export const broadcast = (
  x: Value,
  shape: Shape,
  axes: readonly number[],
): Value =>
  sameShape(x.shape, shape) ? x : broadcastP.bind([x], { shape, axes })[0];

const sumP = definePrimitive<{ axes: readonly number[] }>("sum", {
  type([x], { axes }) {
    if (x.dtype === "bool")
      throw new TypeError(`sum: expected a number dtype, got ${showType(x)}`);
    return [
      { shape: x.shape.filter((_, i) => !axes.includes(i)), dtype: x.dtype },
    ];
  },
  diff: linear((ct, [x], { axes }) => [
    broadcast(
      ct,
      x.type.shape,
      range(x.type.shape.length).filter((i) => !axes.includes(i)),
    ),
  ]),
  batch: (self, size, [x], [axis], { axes }) => [
    self.bind([batchToFront(x, axis, size)], { axes: axes.map((i) => i + 1) }),
    [0],
  ],
  lower: (b, [input], [out], { axes }) => [
    b.emit({ kind: "reduce", op: "sum", input, axes }, out),
  ],
});

/** Sum over the given axes (non-negative), which disappear. */
export const sum = (x: Value, axes: readonly number[]): Value =>
  axes.length ? sumP.bind([x], { axes })[0] : x;

/** `x` with axis `from` moved to position `to`. */
export const moveAxis = (x: Value, from: number, to: number): Value =>
  transpose(x, moveAxisOrder(x.ndim, from, to));

/** `x` with its batch axis first; an operand without one is repeated `size` times. */
export const batchToFront = (x: Value, axis: BatchAxis, size: number): Value =>
  axis === null
    ? broadcast(
        x,
        [size, ...x.shape],
        range(x.ndim).map((i) => i + 1),
      )
    : moveAxis(x, axis, 0);

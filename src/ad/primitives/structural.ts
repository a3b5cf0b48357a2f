/** @file Primitives that move elements, each beside its transpose: reshape, transpose, broadcast + sum, slice + pad, concatenate. */
import { Unknown, definePrimitive, type BatchAxis } from "../primitive.ts";
import { linear } from "../rules/diff.ts";
import {
  insertAxis,
  moveAxisOrder,
  range,
  sameShape,
  showShape,
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
  type: ([x], { axes }) => [
    { shape: x.shape.filter((_, i) => !axes.includes(i)), dtype: x.dtype },
  ],
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

type Bounds = { start: readonly number[]; limit: readonly number[] };

const sliceP = definePrimitive<Bounds>("slice", {
  type([x], { start, limit }) {
    if (
      x.shape.some(
        (n, i) => !(start[i] >= 0 && start[i] <= limit[i] && limit[i] <= n),
      )
    ) {
      throw new RangeError(
        `slice: [${start.join()}] to [${limit.join()}] is not inside ${showShape(x.shape)}`,
      );
    }
    return [{ shape: limit.map((n, i) => n - start[i]), dtype: x.dtype }];
  },
  diff: linear((ct, [x], { start, limit }) => [
    pad(
      ct,
      start,
      x.type.shape.map((n, i) => n - limit[i]),
    ),
  ]),
  batch: (self, size, [x], [axis], { start, limit }) => {
    const at = axis as number;
    return [
      self.bind([x], {
        start: insertAxis(start, at, 0),
        limit: insertAxis(limit, at, size),
      }),
      [at],
    ];
  },
  lower: (b, [input], [out], { start, limit }) => [
    b.emit({ kind: "slice", input, start, limit }, out),
  ],
});

/** The block of `x` from `start` up to, not including, `limit`. */
export const slice = (
  x: Value,
  start: readonly number[],
  limit: readonly number[],
): Value => sliceP.bind([x], { start, limit })[0];

/** The rows `from`..`to` of `x` along one axis. */
export const sliceAxis = (
  x: Value,
  axis: number,
  from: number,
  to: number,
): Value =>
  slice(
    x,
    x.shape.map((_, i) => (i === axis ? from : 0)),
    x.shape.map((n, i) => (i === axis ? to : n)),
  );

const padP = definePrimitive<{
  low: readonly number[];
  high: readonly number[];
}>("pad", {
  type: ([x], { low, high }) => [
    { shape: x.shape.map((n, i) => low[i] + n + high[i]), dtype: x.dtype },
  ],
  diff: linear((ct, [x], { low }) => [
    slice(
      ct,
      low,
      x.type.shape.map((n, i) => low[i] + n),
    ),
  ]),
  batch: (self, _size, [x], [axis], { low, high }) => {
    const at = axis as number;
    return [
      self.bind([x], {
        low: insertAxis(low, at, 0),
        high: insertAxis(high, at, 0),
      }),
      [at],
    ];
  },
  lower: (b, [input], [out], { low, high }) => [
    b.emit({ kind: "pad", input, low, high }, out),
  ],
});

/** `x` with zeros added before (`low`) and after (`high`) along every axis. */
export const pad = (
  x: Value,
  low: readonly number[],
  high: readonly number[],
): Value => padP.bind([x], { low, high })[0];

const concatenateP = definePrimitive<{ axis: number }>("concatenate", {
  type(xs, { axis }) {
    const [first] = xs;
    for (const x of xs) {
      if (
        x.dtype !== first.dtype ||
        x.shape.length !== first.shape.length ||
        x.shape.some((n, i) => i !== axis && n !== first.shape[i])
      ) {
        throw new TypeError(
          `concatenate: shapes ${xs.map((t) => showShape(t.shape)).join(" and ")} differ beside axis ${axis}`,
        );
      }
    }
    const total = xs.reduce((n, x) => n + x.shape[axis], 0);
    return [
      {
        shape: first.shape.map((n, i) => (i === axis ? total : n)),
        dtype: first.dtype,
      },
    ];
  },
  diff: linear((ct, args, { axis }) => {
    let from = 0;
    return args.map((x) => {
      const part = [from, (from += x.type.shape[axis])] as const;
      return x instanceof Unknown ? sliceAxis(ct, axis, ...part) : null;
    });
  }),
  batch: (self, size, args, axes, { axis }) => [
    self.bind(
      args.map((x, i) => batchToFront(x, axes[i], size)),
      { axis: axis + 1 },
    ),
    [0],
  ],
  lower: (b, inputs, [out], { axis }) => [
    b.emit({ kind: "concatenate", inputs, axis }, out),
  ],
});

/** The operands joined along an axis (non-negative); all other sizes are equal. */
export const concatenate = (xs: readonly Value[], axis: number): Value =>
  xs.length === 1 ? xs[0] : concatenateP.bind(xs, { axis })[0];

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

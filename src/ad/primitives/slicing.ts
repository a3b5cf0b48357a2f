/** @file Primitives that cut and join blocks, each beside its transpose: slice + pad, concatenate. */
import { Unknown, definePrimitive } from "../primitive.ts";
import { linear } from "../rules/diff.ts";
import { insertAxis, showShape, showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { batchToFront, reshape } from "./structural.ts";

interface Bounds {
  readonly start: readonly number[];
  readonly limit: readonly number[];
  /** Positive steps; absent where every one is 1. */
  readonly stride?: readonly number[];
}

const sliceP = definePrimitive<Bounds>("slice", {
  type([x], { start, limit, stride }) {
    if (
      start.length !== x.shape.length ||
      limit.length !== x.shape.length ||
      x.shape.some(
        (n, i) => !(start[i] >= 0 && start[i] <= limit[i] && limit[i] <= n),
      )
    ) {
      throw new RangeError(
        `slice: [${start.join()}] to [${limit.join()}] is not inside ${showShape(x.shape)}`,
      );
    }
    if (stride?.some((n) => n < 1) || (stride ?? start).length !== start.length)
      throw new RangeError(
        `slice: expected a positive step for each axis of ${showShape(x.shape)}, got [${stride?.join()}]`,
      );
    const shape = limit.map((n, i) =>
      Math.ceil((n - start[i]) / (stride?.[i] ?? 1)),
    );
    return [{ shape, dtype: x.dtype }];
  },
  diff: linear((ct, [x], { start, stride }) => {
    const spaced = stride ? spread(ct, stride) : ct;
    const rest = x.type.shape.map((n, i) => n - start[i] - spaced.shape[i]);
    return [padCrop(spaced, start, rest)];
  }),
  batch: (self, size, [x], [axis], { start, limit, stride }) => {
    const at = axis as number;
    return [
      self.bind([x], {
        start: insertAxis(start, at, 0),
        limit: insertAxis(limit, at, size),
        ...(stride ? { stride: insertAxis(stride, at, 1) } : {}),
      }),
      [at],
    ];
  },
  lower: (b, [input], [out], bounds) => [
    b.emit({ kind: "slice", input, ...bounds }, out),
  ],
});

/** The block of `x` from `start` up to, not including, `limit`, every `stride`-th element of it. */
export const slice = (
  x: Value,
  start: readonly number[],
  limit: readonly number[],
  stride?: readonly number[],
): Value =>
  sliceP.bind(
    [x],
    stride?.some((n) => n !== 1) ? { start, limit, stride } : { start, limit },
  )[0];

/** `x` with its elements `steps` apart, zeros between them; after the last come `steps - 1` zeros too. */
function spread(x: Value, steps: readonly number[]): Value {
  const pairs = x.shape.flatMap((n) => [n, 1]);
  const high = steps.flatMap((step) => [0, step - 1]);
  return reshape(
    pad(
      reshape(x, pairs),
      high.map(() => 0),
      high,
    ),
    x.shape.map((n, i) => n * steps[i]),
  );
}

/** `pad` whose widths may be negative: that many elements are cut off instead. */
export function padCrop(
  x: Value,
  low: readonly number[],
  high: readonly number[],
): Value {
  const cut = (widths: readonly number[]) => widths.map((n) => Math.max(0, -n));
  const grow = (widths: readonly number[]) => widths.map((n) => Math.max(0, n));
  const grown = [...low, ...high].some((n) => n > 0)
    ? pad(x, grow(low), grow(high))
    : x;
  const limit = cut(high).map((n, i) => grown.shape[i] - n);
  return [...low, ...high].some((n) => n < 0)
    ? slice(grown, cut(low), limit)
    : grown;
}

/** `x` with `interior` zeros between neighbours along every axis. */
export function dilate(x: Value, interior: readonly number[]): Value {
  if (interior.every((n) => n === 0)) return x;
  const spaced = spread(
    x,
    interior.map((n) => n + 1),
  );
  // No element, no gap after it; of an empty axis nothing is cut.
  return padCrop(
    spaced,
    interior.map(() => 0),
    interior.map((n, i) => (x.shape[i] === 0 ? 0 : -n)),
  );
}

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
  type([x], { low, high }) {
    for (const widths of [low, high]) {
      if (widths.length !== x.shape.length || widths.some((n) => !(n >= 0))) {
        throw new RangeError(
          `pad: expected a non-negative width for each axis of ${showShape(x.shape)}, got [${low.join()}] and [${high.join()}]`,
        );
      }
    }
    return [
      { shape: x.shape.map((n, i) => low[i] + n + high[i]), dtype: x.dtype },
    ];
  },
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
          `concatenate: expected one dtype and equal sizes beside axis ${axis}, got ${xs.map(showType).join(" and ")}`,
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

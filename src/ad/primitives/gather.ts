/** @file Rows by index: `gather` and its transpose `scatterAdd`. */
import type { ScatterOp } from "../lowering/kernel.ts";
import { Unknown, definePrimitive, type Rules } from "../primitive.ts";
import { linear } from "../rules/diff.ts";
import {
  sameShape,
  showShape,
  showType,
  type ArrayType,
  type Shape,
} from "../shape.ts";
import type { Value } from "../tracer.ts";
import { batchToFront } from "./structural.ts";

/** Leading axes that operand and indices share, position by position. */
export interface Batched {
  readonly batch: number;
}

function checkIndices(name: string, indices: ArrayType): void {
  if (indices.dtype !== "int32")
    throw new TypeError(
      `${name}: expected int32 indices, got ${showType(indices)}`,
    );
}

const gatherP = definePrimitive<Batched>("gather", {
  type([x, indices], { batch }) {
    checkIndices("gather", indices);
    if (
      x.shape.length <= batch ||
      !sameShape(x.shape.slice(0, batch), indices.shape.slice(0, batch))
    ) {
      throw new TypeError(
        `gather: ${showType(x)} and indices ${showType(indices)} do not share ${batch} leading axes`,
      );
    }
    return [
      {
        shape: [...indices.shape, ...x.shape.slice(batch + 1)],
        dtype: x.dtype,
      },
    ];
  },
  diff: linear(
    (ct, [x, indices], { batch }) => [
      scatterAdd(indices as Value, ct, x.type.shape[batch], batch),
      null,
    ],
    [0],
  ),
  batch(self, size, [x, indices], [xAxis, iAxis], { batch }) {
    // A table the whole batch shares is indexed by one more axis of indices.
    if (xAxis === null && batch === 0)
      return [
        self.bind([x, batchToFront(indices, iAxis, size)], { batch }),
        [0],
      ];
    return [
      self.bind(
        [batchToFront(x, xAxis, size), batchToFront(indices, iAxis, size)],
        { batch: batch + 1 },
      ),
      [0],
    ];
  },
  lower: (b, [input, indices], [out], { batch }) => [
    b.emit({ kind: "gather", input, indices, batch }, out),
  ],
});

/**
 * x (B..., N, R...), indices (B..., I...) -> (B..., I..., R...): rows of `x` along axis `batch`. Indices lie in
 * -N..N-1; a negative one counts from the end.
 */
export const gather = (x: Value, indices: Value, batch = 0): Value =>
  gatherP.bind([x, indices], { batch })[0];

export type ScatterParams = Batched & { readonly rows: number };

/** What all scatters share: (indices, updates) -> rows. */
export const scatterRules = (name: string, op: ScatterOp) =>
  ({
    type([indices, updates], { rows, batch }) {
      checkIndices(name, indices);
      if (updates.dtype === "bool")
        throw new TypeError(
          `${name}: expected updates of a number dtype, got ${showType(updates)}`,
        );
      const rank = indices.shape.length;
      if (!sameShape(indices.shape, updates.shape.slice(0, rank))) {
        throw new TypeError(
          `${name}: updates ${showShape(updates.shape)} do not begin with the indices' ${showShape(indices.shape)}`,
        );
      }
      const shape: Shape = [
        ...indices.shape.slice(0, batch),
        rows,
        ...updates.shape.slice(rank),
      ];
      return [{ shape, dtype: updates.dtype }];
    },
    batch: (self, size, args, axes, { rows, batch }) => [
      self.bind(
        args.map((x, i) => batchToFront(x, axes[i], size)),
        { rows, batch: batch + 1 },
      ),
      [0],
    ],
    lower: (b, [indices, updates], [out], { batch }) => [
      b.emit({ kind: "scatter", op, indices, updates, batch }, out),
    ],
  }) satisfies Partial<Rules<ScatterParams>>;

const scatterAddP = definePrimitive<ScatterParams>("scatterAdd", {
  ...scatterRules("scatterAdd", "add"),
  diff: linear(
    (ct, [indices, updates], { batch }) => [
      null,
      updates instanceof Unknown ? gather(ct, indices as Value, batch) : null,
    ],
    [1],
  ),
});

/** (B..., I...), (B..., I..., R...) -> (B..., rows, R...): zeros to which each update is added at its index. */
export const scatterAdd = (
  indices: Value,
  updates: Value,
  rows: number,
  batch = 0,
): Value => scatterAddP.bind([indices, updates], { rows, batch })[0];

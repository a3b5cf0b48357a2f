/** @file The general dot product: contraction over any axes, batched over any axes (lax.dot_general). */
import { dotShape, freeAxes, type DotDims } from "../lowering/kernel.ts";
import { definePrimitive, type BatchAxis } from "../primitive.ts";
import { bilinear } from "../rules/diff.ts";
import { range, showShape, showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { batchToFront, transpose } from "./structural.ts";

const dotP = definePrimitive<DotDims>("dot", {
  type([lhs, rhs], dims) {
    if (lhs.dtype !== rhs.dtype)
      throw new TypeError(
        `dot: expected operands of one dtype, got ${showType(lhs)} and ${showType(rhs)}`,
      );
    if (lhs.dtype === "bool")
      throw new TypeError(
        `dot: expected operands of a number dtype, got ${showType(lhs)} and ${showType(rhs)}`,
      );
    for (const [word, axes] of [
      ["contracting", dims.contract],
      ["batch", dims.batch],
    ] as const) {
      axes[0].forEach((i, k) => {
        const j = axes[1][k];
        if (lhs.shape[i] !== rhs.shape[j]) {
          throw new TypeError(
            `dot: ${word} sizes differ, lhs ${showShape(lhs.shape)} axis ${i} is ${lhs.shape[i]}, rhs ${showShape(rhs.shape)} axis ${j} is ${rhs.shape[j]}`,
          );
        }
      });
    }
    return [{ shape: dotShape(lhs.shape, rhs.shape, dims), dtype: lhs.dtype }];
  },
  diff: bilinear(
    (ct, y, x, dims) => pullBack(ct, y, x.type.shape.length, dims, 0),
    (ct, x, y, dims) => pullBack(ct, x, y.type.shape.length, dims, 1),
  ),
  batch(self, size, [x, y], axes, { contract, batch }) {
    const shift = (list: readonly number[], at: BatchAxis) =>
      list.map((i) => (at !== null && i >= at ? i + 1 : i));
    if (axes[0] !== null && axes[1] !== null) {
      const up = (pair: DotDims["batch"]) =>
        [pair[0].map((i) => i + 1), pair[1].map((i) => i + 1)] as const;
      const [lb, rb] = up(batch);
      const dims = {
        contract: up(contract),
        batch: [
          [0, ...lb],
          [0, ...rb],
        ] as const,
      };
      return [
        self.bind(
          [batchToFront(x, axes[0], size), batchToFront(y, axes[1], size)],
          dims,
        ),
        [0],
      ];
    }
    // One operand has the batch axis: it is one more free axis of that operand.
    const dims: DotDims = {
      contract: [shift(contract[0], axes[0]), shift(contract[1], axes[1])],
      batch: [shift(batch[0], axes[0]), shift(batch[1], axes[1])],
    };
    const free = ([x, y] as const).map((v, side) =>
      freeAxes(v.ndim, dims.contract[side], dims.batch[side]),
    );
    const at =
      axes[0] !== null
        ? free[0].indexOf(axes[0])
        : free[0].length + free[1].indexOf(axes[1] as number);
    return [self.bind([x, y], dims), [batch[0].length + at]];
  },
  lower: (b, [lhs, rhs], [out], dims) => [
    b.emit({ kind: "dot", lhs, rhs, dims }, out),
  ],
});

/**
 * Cotangent of operand `side` (of rank `rank`): the cotangent of the result contracted with the other operand
 * over that operand's free axes, its axes then put in the order of the operand.
 */
function pullBack(
  ct: Value,
  other: Value,
  rank: number,
  { contract, batch }: DotDims,
  side: 0 | 1,
): Value {
  const otherSide = side === 0 ? 1 : 0;
  const otherFree = freeAxes(other.ndim, contract[otherSide], batch[otherSide]);
  const ownFree = freeAxes(rank, contract[side], batch[side]);
  const batchCount = batch[0].length;
  // The result's axes are batch, lhs free, rhs free.
  const otherStart = batchCount + (side === 0 ? ownFree.length : 0);
  const out = dot(ct, other, {
    contract: [range(otherFree.length).map((i) => otherStart + i), otherFree],
    batch: [range(batchCount), batch[otherSide]],
  });
  // `out` has axes: batch, own free, and the other's contracted axes in increasing order.
  const paired = range(contract[0].length).sort(
    (i, j) => contract[otherSide][i] - contract[otherSide][j],
  );
  const where = [
    ...batch[side],
    ...ownFree,
    ...paired.map((k) => contract[side][k]),
  ];
  return transpose(
    out,
    range(rank).map((axis) => where.indexOf(axis)),
  );
}

/** Contraction of `x` and `y`; the result's axes are batch, the rest of `x`, the rest of `y`. */
export const dot = (x: Value, y: Value, dims: DotDims): Value =>
  dotP.bind([x, y], dims)[0];

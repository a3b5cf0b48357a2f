/** @file Products with transposed operands or a transposed result, as products that read the operands as they lie. */
import type { Eqn, Var } from "../jaxpr/jaxpr.ts";
import { freeAxes, type DotDims } from "../lowering/kernel.ts";
import { dot } from "../primitives/dot.ts";
import { range } from "../shape.ts";
import { write, type Define, type Replacement } from "./rewrite.ts";

const isSorted = (list: readonly number[]) =>
  list.every((x, i) => i === 0 || list[i - 1] < x);

/** The operand behind a transpose, if its free axes are still in order there, and the axes' places in it. */
function behind(v: Var, side: 0 | 1, dims: DotDims, define: Define) {
  const eqn = define(v);
  if (eqn?.primitive.name !== "transpose") return null;
  const { order } = eqn.params as { order: readonly number[] };
  const free = freeAxes(order.length, dims.contract[side], dims.batch[side]);
  if (!isSorted(free.map((axis) => order[axis]))) return null;
  const at = (list: readonly number[]) => list.map((axis) => order[axis]);
  return {
    from: eqn.inputs[0],
    contract: at(dims.contract[side]),
    batch: at(dims.batch[side]),
  };
}

/** `dot` of transposed operands without the transposes; a transposed `dot` with its operands swapped. */
export function foldDot(
  eqn: Eqn,
  define: Define,
  uses: ReadonlyMap<Var, number>,
): Replacement | null {
  const { name } = eqn.primitive;
  if (name === "transpose") return swap(eqn, define, uses);
  if (name !== "dot") return null;
  const dims = eqn.params as DotDims;
  const [lhs, rhs] = eqn.inputs;
  const left = behind(lhs, 0, dims, define);
  const right = behind(rhs, 1, dims, define);
  if (!left && !right) return null;
  const folded: DotDims = {
    contract: [
      left?.contract ?? dims.contract[0],
      right?.contract ?? dims.contract[1],
    ],
    batch: [left?.batch ?? dims.batch[0], right?.batch ?? dims.batch[1]],
  };
  return write([left?.from ?? lhs, right?.from ?? rhs], ([x, y]) => [
    dot(x, y, folded),
  ]);
}

/** A transpose that exchanges the free axes of the two sides is the product with its operands exchanged. */
function swap(
  eqn: Eqn,
  define: Define,
  uses: ReadonlyMap<Var, number>,
): Replacement | null {
  const product = define(eqn.inputs[0]);
  if (product?.primitive.name !== "dot" || (uses.get(eqn.inputs[0]) ?? 0) > 1)
    return null;
  const { contract, batch } = product.params as DotDims;
  const [lhs, rhs] = product.inputs;
  const left = freeAxes(lhs.type.shape.length, contract[0], batch[0]).length;
  const right = freeAxes(rhs.type.shape.length, contract[1], batch[1]).length;
  const shared = batch[0].length;
  const exchanged = [
    ...range(shared),
    ...range(right).map((i) => shared + left + i),
    ...range(left).map((i) => shared + i),
  ];
  const { order } = eqn.params as { order: readonly number[] };
  if (!order.every((axis, i) => axis === exchanged[i])) return null;
  return write([rhs, lhs], ([x, y]) => [
    dot(x, y, {
      contract: [contract[1], contract[0]],
      batch: [batch[1], batch[0]],
    }),
  ]);
}

/** @file Products and look-ups. */
import { dot } from "../primitives/dot.ts";
import { gather } from "../primitives/gather.ts";
import { moveAxis, transpose } from "../primitives/structural.ts";
import { broadcastShapes, normalizeAxis, range, showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { broadcastTo } from "./elementwise.ts";

/** NumPy's matmul: vectors, matrices, and stacks of matrices whose leading axes broadcast. */
export function matmul(x: Value, y: Value): Value {
  if (x.ndim === 0 || y.ndim === 0) {
    throw new TypeError(
      `matmul: expected at least one axis in each operand, got ${showShape(x.shape)} and ${showShape(y.shape)}`,
    );
  }
  if (y.ndim <= 2)
    return dot(x, y, { contract: [[x.ndim - 1], [0]], batch: [[], []] });
  const lead = broadcastShapes("matmul", [
    x.shape.slice(0, -2),
    y.shape.slice(0, -2),
  ]);
  const axes = range(lead.length);
  const lhs =
    x.ndim === 1
      ? broadcastTo(x, [...lead, x.shape[0]])
      : broadcastTo(x, [...lead, ...x.shape.slice(-2)]);
  const rhs = broadcastTo(y, [...lead, ...y.shape.slice(-2)]);
  return dot(lhs, rhs, {
    contract: [[lhs.ndim - 1], [rhs.ndim - 2]],
    batch: [axes, axes],
  });
}

/** Rows of `x` along an axis; negative indices count from the end, others out of range are an error. */
export function take(x: Value, indices: Value, axis = 0): Value {
  const at = normalizeAxis("take", axis, x.ndim);
  const rows = gather(moveAxis(x, at, 0), indices);
  // Put the axes of the indices where the axis was: before them come the first `at` axes of x.
  const [i, rest] = [indices.ndim, x.ndim - 1];
  const axes = range(i + rest);
  return transpose(rows, [
    ...axes.slice(i, i + at),
    ...axes.slice(0, i),
    ...axes.slice(i + at),
  ]);
}

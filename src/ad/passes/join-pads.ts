/** @file Blocks padded to one shape and added up, as the gradient of a split is made: one concatenation. */
import type { Eqn, Var } from "../jaxpr/jaxpr.ts";
import { concatenate, pad } from "../primitives/slicing.ts";
import { write, type Define, type Replacement } from "./rewrite.ts";

interface Block {
  readonly from: Var;
  readonly axis: number;
  readonly low: number;
  readonly high: number;
}

/** A variable that is zero outside of a range of one axis, and what lies in that range. */
function blockOf(v: Var, define: Define): Block | null {
  const eqn = define(v);
  if (eqn?.primitive.name !== "pad") return null;
  const { low, high } = eqn.params as { low: number[]; high: number[] };
  const padded = low.flatMap((n, i) => (n + high[i] > 0 ? [i] : []));
  if (padded.length !== 1) return null;
  const [axis] = padded;
  return { from: eqn.inputs[0], axis, low: low[axis], high: high[axis] };
}

/** The sum of two blocks that touch. */
export function joinPads(eqn: Eqn, define: Define): Replacement | null {
  const blocks = eqn.inputs.map((v) => blockOf(v, define));
  const [a, b] = blocks as [Block, Block];
  if (blocks.includes(null) || a.axis !== b.axis) return null;
  const { axis } = a;
  const size = eqn.outputs[0].type.shape[axis];
  const [first, second] = a.low <= b.low ? [a, b] : [b, a];
  if (size - first.high !== second.low) return null;
  const at = (n: number) =>
    eqn.outputs[0].type.shape.map((_, i) => (i === axis ? n : 0));
  return write([first.from, second.from], (parts) => {
    const joined = concatenate(parts, axis);
    return [
      first.low + second.high > 0
        ? pad(joined, at(first.low), at(second.high))
        : joined,
    ];
  });
}

/** A concatenation of concatenations along the same axis. */
export function joinParts(eqn: Eqn, define: Define): Replacement | null {
  const { axis } = eqn.params as { axis: number };
  const parts = eqn.inputs.map((v): readonly Var[] => {
    const inner = define(v);
    return inner?.primitive.name === "concatenate" &&
      (inner.params as { axis: number }).axis === axis
      ? inner.inputs
      : [v];
  });
  return parts.every((list) => list.length === 1)
    ? null
    : write(parts.flat(), (values) => [concatenate(values, axis)]);
}

/** @file Algebra that needs no numbers: neutral elements, inverses, rearrangements of rearrangements, arrays of one number.
 *
 * Floats keep their NaN and infinities, so x * 0 stays; x + 0 is x, which can differ in the sign of a zero.
 */
import { isFloat, type DType } from "../dtype.ts";
import type { Eqn, Jaxpr, Var } from "../jaxpr/jaxpr.ts";
import { neg } from "../primitives/elementwise.ts";
import {
  broadcast,
  reshape,
  sum,
  transpose,
} from "../primitives/structural.ts";
import { range, sameShape, type Shape } from "../shape.ts";
import { foldDot } from "./fold-dot.ts";
import { fillLike, fillValue, foldFills } from "./fills.ts";
import { joinPads, joinParts } from "./join-pads.ts";
import {
  alias,
  countUses,
  everywhere,
  inline,
  rewrite,
  write,
  type Define,
  type Replacement,
} from "./rewrite.ts";

type Rule = (eqn: Eqn, define: Define) => Replacement | null;

/** The operand that stays when the other one is a fill of `value`. */
const without = (eqn: Eqn, define: Define, value: number): Var | null => {
  const [x, y] = eqn.inputs;
  if (fillValue(y, define) === value) return x;
  return fillValue(x, define) === value ? y : null;
};
const maybe = (v: Var | null): Replacement | null => v && alias(v);

/** The operand of the equation of the given name that makes `v`. */
const operandOf = (v: Var, name: string, define: Define): Var | null => {
  const eqn = define(v);
  return eqn?.primitive.name === name ? eqn.inputs[0] : null;
};

const paramsOf = <P>(v: Var, define: Define): P =>
  (define(v) as Eqn).params as P;

/** Converting to `wide` and on loses nothing of `dtype`. */
const holds = (wide: DType, dtype: DType): boolean =>
  dtype === "bool" ? wide !== "bool" : wide === "float64";

const inlined: Rule = (eqn) =>
  inline((eqn.params as { jaxpr: Jaxpr }).jaxpr, eqn.inputs);

const extreme =
  (neutral: number): Rule =>
  (eqn, define) =>
    isFloat(eqn.outputs[0].type.dtype)
      ? maybe(without(eqn, define, neutral))
      : null;

const rules: Readonly<Record<string, Rule>> = {
  add: (eqn, define) => maybe(without(eqn, define, 0)) ?? joinPads(eqn, define),
  concatenate: joinParts,
  sub: (eqn, define) =>
    fillValue(eqn.inputs[1], define) === 0 ? alias(eqn.inputs[0]) : null,
  mul(eqn, define) {
    const x = without(eqn, define, 1);
    if (x) return alias(x);
    const [out] = eqn.outputs;
    if (!isFloat(out.type.dtype) && without(eqn, define, 0) !== null)
      return fillLike(out, 0);
    const negated = without(eqn, define, -1);
    return negated && isFloat(out.type.dtype)
      ? write([negated], ([v]) => [neg(v)])
      : null;
  },
  div: (eqn, define) =>
    fillValue(eqn.inputs[1], define) === 1 ? alias(eqn.inputs[0]) : null,
  neg: (eqn, define) => maybe(operandOf(eqn.inputs[0], "neg", define)),
  max: extreme(-Infinity),
  min: extreme(Infinity),
  select(eqn, define) {
    const [p, x, y] = eqn.inputs;
    if (x === y) return alias(x);
    const chosen = fillValue(p, define);
    if (chosen !== null) return alias(chosen === 0 ? y : x);
    const [a, b] = [fillValue(x, define), fillValue(y, define)];
    return a !== null && Object.is(a, b) ? alias(x) : null;
  },
  convert(eqn, define) {
    const [x] = eqn.inputs;
    const [{ type }] = eqn.outputs;
    if (type.dtype === x.type.dtype) return alias(x);
    const from = operandOf(x, "convert", define);
    return from?.type.dtype === type.dtype && holds(x.type.dtype, type.dtype)
      ? alias(from)
      : null;
  },
  reshape(eqn, define) {
    const [x] = eqn.inputs;
    const { shape } = eqn.outputs[0].type;
    if (sameShape(x.type.shape, shape)) return alias(x);
    const from = operandOf(x, "reshape", define);
    return from && write([from], ([v]) => [reshape(v, shape)]);
  },
  transpose(eqn, define) {
    const [x] = eqn.inputs;
    const { order } = eqn.params as { order: readonly number[] };
    if (order.every((axis, i) => axis === i)) return alias(x);
    const from = operandOf(x, "transpose", define);
    if (!from) return null;
    const inner = paramsOf<{ order: readonly number[] }>(x, define).order;
    const both = order.map((axis) => inner[axis]);
    return write([from], ([v]) => [transpose(v, both)]);
  },
  broadcast(eqn, define) {
    const [x] = eqn.inputs;
    const { shape, axes } = eqn.params as { shape: Shape; axes: number[] };
    if (sameShape(x.type.shape, shape)) return alias(x);
    const from = operandOf(x, "broadcast", define);
    if (!from) return null;
    const inner = paramsOf<{ axes: number[] }>(x, define).axes;
    const both = inner.map((axis) => axes[axis]);
    return write([from], ([v]) => [broadcast(v, shape, both)]);
  },
  sum(eqn, define) {
    const [x] = eqn.inputs;
    const from = operandOf(x, "sum", define);
    if (!from) return null;
    const gone = paramsOf<{ axes: number[] }>(x, define).axes;
    const kept = range(from.type.shape.length).filter((i) => !gone.includes(i));
    const { axes } = eqn.params as { axes: number[] };
    const all = [...gone, ...axes.map((i) => kept[i])].sort((a, b) => a - b);
    return write([from], ([v]) => [sum(v, all)]);
  },
  slice(eqn) {
    const [x] = eqn.inputs;
    return sameShape(x.type.shape, eqn.outputs[0].type.shape) ? alias(x) : null;
  },
  // Derivatives have been taken by now: what only they asked for is gone.
  stopGradient: (eqn) => alias(eqn.inputs[0]),
  customJvp: inlined,
  customVjp: inlined,
};

/** One sweep; rewritten equations meet the rules again in the next. */
export const simplify = everywhere((jaxpr) => {
  const uses = countUses(jaxpr.eqns, jaxpr.outputs);
  return rewrite(
    jaxpr,
    (eqn, define) =>
      foldFills(eqn, define) ??
      rules[eqn.primitive.name]?.(eqn, define) ??
      foldDot(eqn, define, uses),
  );
});

/** @file How special functions are written: float64 arithmetic of arrays with numbers, polynomials as one kernel. */
import { isFloat } from "../dtype.ts";
import { composed } from "../lowering/compose.ts";
import { ir, type Expr } from "../lowering/kernel.ts";
import { definePrimitive, type Differentiation } from "../primitive.ts";
import { elementwise } from "../rules/batch.ts";
import { partials } from "../rules/diff.ts";
import { sameType, showType, type ArrayType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { jvp } from "../transforms/jvp.ts";
import * as p from "./elementwise.ts";
import { fill } from "./fill.ts";

export type Operand = Value | number;

/** Both operands as arrays: a number takes the type of the array beside it. */
const pair =
  (f: (x: Value, y: Value) => Value) =>
  (x: Operand, y: Operand): Value => {
    if (typeof x !== "number")
      return f(x, typeof y === "number" ? fill(y, x.type) : y);
    if (typeof y === "number")
      throw new TypeError("special: expected an array among the operands");
    return f(fill(x, y.type), y);
  };

export const plus = pair(p.add);
export const minus = pair(p.sub);
export const times = pair(p.mul);
export const over = pair(p.div);
export const less = pair(p.lt);
export const atMost = pair(p.le);
export const same = pair(p.eq);
export const atLeast = pair(p.max);
export const noMore = pair(p.min);

/** `x` where `test`, else `y`; one of the two may be a number. */
export const choose = (test: Value, x: Operand, y: Operand): Value =>
  pair((a, b) => p.select(test, a, b))(x, y);

/** The first value whose test holds, else `otherwise`. */
export const cases = (
  list: readonly (readonly [test: Value, value: Operand])[],
  otherwise: Value,
): Value =>
  list.reduceRight(
    (rest, [test, value]) => choose(test, value, rest),
    otherwise,
  );

interface Polynomial {
  readonly coefs: readonly number[];
}

const slope = (coefs: readonly number[]): Differentiation<Polynomial> =>
  partials((dx, _y, x) => p.mul(dx, polynomial(x, derived(coefs))));

const polynomialP = definePrimitive<Polynomial>("polynomial", {
  type([x], { coefs }) {
    if (!isFloat(x.dtype) || coefs.length === 0)
      throw new TypeError(
        `polynomial: expected a float dtype and coefficients, got ${showType(x)} and ${coefs.length} coefficients`,
      );
    return [x];
  },
  diff: {
    jvp: (self, primals, tangents, { coefs }) =>
      slope(coefs).jvp(self, primals, tangents, { coefs }),
    transpose: (self, cotangents, args, { coefs }) =>
      slope(coefs).transpose(self, cotangents, args, { coefs }),
  },
  batch: elementwise,
  lower: (b, inputs, [out], { coefs }) => [
    b.emit({ kind: "map", inputs, expr: horner(coefs, out) }, out),
  ],
});

/** c0 + x (c1 + x (c2 + ...)), one expression and so one kernel. */
function horner(coefs: readonly number[], { dtype }: ArrayType): Expr {
  const last = ir.const(coefs[coefs.length - 1], dtype);
  return coefs
    .slice(0, -1)
    .reduceRight<Expr>(
      (sum, c) =>
        ir.binary(
          "add",
          ir.const(c, dtype),
          ir.binary("mul", ir.arg(0, dtype), sum),
        ),
      last,
    );
}

const derived = (coefs: readonly number[]): number[] =>
  coefs.length === 1 ? [0] : coefs.slice(1).map((c, i) => c * (i + 1));

/**
 * c0 + c1 x + c2 x^2 + ..., by Horner's rule. No coefficient may be nearer to 0 than float32's least: ONNX Runtime
 * takes the addition of such a float64 for that of 0.
 */
export const polynomial = (x: Value, coefs: readonly number[]): Value =>
  polynomialP.bind([x], { coefs })[0];

function sameFloats(
  name: string,
  arity: number,
  inputs: readonly ArrayType[],
): ArrayType {
  if (
    inputs.length !== arity ||
    !inputs.every((t) => isFloat(t.dtype) && sameType(t, inputs[0]))
  )
    throw new TypeError(
      `${name}: expected ${arity} of one shape and float dtype, got ${inputs.map(showType).join(" and ")}`,
    );
  return inputs[0];
}

const inFloat64 = (
  f: (...xs: Value[]) => Value,
  xs: readonly Value[],
): Value[] => [
  p.convert(f(...xs.map((x) => p.convert(x, "float64"))), xs[0].dtype),
];

type NoParams = Record<string, never>;

/**
 * An elementwise primitive of floats computed by `f` in float64 at every dtype: what cancels within a special function
 * costs more digits than float32 has.
 */
export function special(
  name: string,
  arity: number,
  f: (...xs: Value[]) => Value,
  diff: Differentiation<NoParams>,
): (...xs: Value[]) => Value {
  const self = definePrimitive<NoParams>(name, {
    type: (inputs) => [sameFloats(name, arity, inputs)],
    diff,
    batch: elementwise,
    lower: composed((xs) => inFloat64(f, xs)),
  });
  return (...xs) => self.bind(xs, {})[0];
}

/** How many derivatives in each operand of a family. */
interface Orders {
  readonly orders: readonly number[];
}
type Formula = (...xs: Value[]) => Value;

/**
 * As `special`, with a derivative in operand i by the formula `slopes[i]` or, where there is none in closed form, by
 * differentiating `f` itself: then the derivative is the same primitive at a higher order.
 */
export function specialFamily(
  name: string,
  f: Formula,
  slopes: readonly (Formula | null)[],
): Formula {
  const self = definePrimitive<Orders>(name, {
    type: (inputs) => [sameFloats(name, slopes.length, inputs)],
    diff: {
      jvp(own, xs, tangents, { orders }) {
        const terms = slopes.flatMap((slope, i) => {
          const dx = tangents[i];
          if (dx === null) return [];
          const partial = slope
            ? derivative(slope, orders)(...xs)
            : own.bind(xs, { orders: raised(orders, i) })[0];
          return [p.mul(dx, partial)];
        });
        return [own.bind(xs, { orders }), [terms]];
      },
      transpose: (own, cotangents, args, params) =>
        partials<Orders>().transpose(own, cotangents, args, params),
    },
    batch: elementwise,
    lower: composed((xs, { orders }) => inFloat64(derivative(f, orders), xs)),
  });
  const orders = slopes.map(() => 0);
  return (...xs) => self.bind(xs, { orders })[0];
}

const raised = (orders: readonly number[], at: number): number[] =>
  orders.map((n, i) => (i === at ? n + 1 : n));

/** `f` differentiated forwards `orders[i]` times in operand i. */
function derivative(f: Formula, orders: readonly number[]): Formula {
  const at = orders.findIndex((n) => n > 0);
  if (at < 0) return f;
  const before = derivative(
    f,
    orders.map((n, i) => (i === at ? n - 1 : n)),
  );
  return (...xs) =>
    jvp(
      (x: Value) => before(...xs.map((old, i) => (i === at ? x : old))),
      [xs[at]],
      [fill(1, xs[at].type)],
    )[1];
}

/** @file Mathematical functions: trigonometric, hyperbolic, powers, rounding, and the error functions. */
import { isFloat } from "../dtype.ts";
import { composed } from "../lowering/compose.ts";
import { ir, type Expr } from "../lowering/kernel.ts";
import { definePrimitive } from "../primitive.ts";
import { elementwise } from "../rules/batch.ts";
import { constant } from "../rules/constant.ts";
import { partials } from "../rules/diff.ts";
import { showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import {
  add,
  div,
  eq,
  exp,
  le,
  log,
  logistic,
  max,
  mul,
  neg,
  select,
  sqrt,
  sub,
} from "./elementwise.ts";
import { fill } from "./fill.ts";
import { binary, define, equalTypes, unary } from "./pointwise.ts";

const like = (x: Value, value: number) => fill(value, x.type);
const square = (x: Value) => mul(x, x);
/** 1 - x^2, which loses no digits near 1 and -1 in this form. */
const oneMinusSquare = (x: Value) =>
  mul(sub(like(x, 1), x), add(like(x, 1), x));

export const sin = unary(
  "sin",
  "float",
  partials((dx, _y, x) => mul(dx, cos(x))),
);
export const cos = unary(
  "cos",
  "float",
  partials((dx, _y, x) => neg(mul(dx, sin(x)))),
);
export const tan = unary(
  "tan",
  "float",
  partials((dx, y) => mul(dx, add(like(y, 1), square(y)))),
);
export const asin = unary(
  "asin",
  "float",
  partials((dx, _y, x) => div(dx, sqrt(oneMinusSquare(x)))),
);
export const acos = unary(
  "acos",
  "float",
  partials((dx, _y, x) => neg(div(dx, sqrt(oneMinusSquare(x))))),
);
export const atan = unary(
  "atan",
  "float",
  partials((dx, _y, x) => div(dx, add(like(x, 1), square(x)))),
);
/** The angle of the point (x, y), given y first: between -pi and pi. */
export const atan2 = binary(
  "atan2",
  "float",
  partials(
    (dy, _out, y, x) => mul(dy, div(x, add(square(x), square(y)))),
    (dx, _out, y, x) => neg(mul(dx, div(y, add(square(x), square(y))))),
  ),
);

export const sinh = unary(
  "sinh",
  "float",
  partials((dx, _y, x) => mul(dx, cosh(x))),
);
export const cosh = unary(
  "cosh",
  "float",
  partials((dx, _y, x) => mul(dx, sinh(x))),
);
export const asinh = unary(
  "asinh",
  "float",
  partials((dx, _y, x) => div(dx, sqrt(add(square(x), like(x, 1))))),
);
/** Its derivative is written as two roots, whose product overflows later than the root of the product. */
export const acosh = unary(
  "acosh",
  "float",
  partials((dx, _y, x) => {
    const [below, above] = [sub(x, like(x, 1)), add(x, like(x, 1))];
    return div(dx, mul(sqrt(below), sqrt(above)));
  }),
);
export const atanh = unary(
  "atanh",
  "float",
  partials((dx, _y, x) => div(dx, oneMinusSquare(x))),
);

/** log(1 + x), exact for small x. */
export const log1p = unary(
  "log1p",
  "float",
  partials((dx, _y, x) => div(dx, add(like(x, 1), x))),
);
/** e^x - 1, exact for small x. */
export const expm1 = unary(
  "expm1",
  "float",
  partials((dx, y) => mul(dx, add(y, like(y, 1)))),
);
export const cbrt = unary(
  "cbrt",
  "float",
  partials((dx, y) => div(dx, mul(like(y, 3), square(y)))),
);

/** 2 / sqrt(pi) e^(-x^2) dx */
const bell = (dx: Value, x: Value): Value =>
  mul(dx, mul(like(x, 2 / Math.sqrt(Math.PI)), exp(neg(square(x)))));
export const erf = unary(
  "erf",
  "float",
  partials((dx, _y, x) => bell(dx, x)),
);
/** 1 - erf(x), accurate where that difference is small. */
export const erfc = unary(
  "erfc",
  "float",
  partials((dx, _y, x) => neg(bell(dx, x))),
);

export const floor = unary("floor", "float", constant());
export const ceil = unary("ceil", "float", constant());
/** To the nearest integer, halves to the even one. */
export const round = unary("round", "float", constant());
export const sign = unary("sign", "number", constant());
/** |x|, whose derivative at 0 is 1, as in JAX. */
export const abs = unary(
  "abs",
  "number",
  partials((dx, _y, x) => select(le(like(x, 0), x), dx, neg(dx))),
);

/** x - y trunc(x / y), with the sign of x; of integers with y = 0, x. */
export const rem = binary(
  "rem",
  "number",
  partials(
    (dx) => dx,
    (dy, _out, x, y) => {
      const ratio = div(x, y);
      return neg(mul(dy, mul(sign(ratio), floor(abs(ratio)))));
    },
  ),
);

/**
 * x^y; integers wrap. Where a factor is 0 the product in its derivative is 0 too: in x at y = 0, and in y at x = 0
 * with y >= 0, so that neither is NaN.
 */
export const pow = binary(
  "pow",
  "number",
  partials(
    (dx, _out, x, y) => {
      const flat = eq(y, like(y, 0));
      const exponent = select(flat, like(y, 1), sub(y, like(y, 1)));
      return mul(dx, mul(y, pow(x, exponent)));
    },
    (dy, out, x) => {
      const base = select(eq(x, like(x, 0)), like(x, 1), x);
      return mul(dy, mul(log(base), out));
    },
  ),
);

/** x^n as products, each power of two once. */
function product(x: Expr, n: number): Expr {
  if (n === 0) return ir.const(1, x.dtype);
  if (n < 0) return ir.binary("div", ir.const(1, x.dtype), product(x, -n));
  let power: Expr | null = null;
  for (
    let [square, rest] = [x, n];
    ;
    square = ir.binary("mul", square, square)
  ) {
    if (rest % 2 === 1)
      power = power === null ? square : ir.binary("mul", power, square);
    rest = Math.floor(rest / 2);
    if (rest === 0) return power as Expr;
  }
}

const integerPowP = definePrimitive<{ y: number }>("integerPow", {
  type([x], { y }) {
    if (
      !Number.isInteger(y) ||
      x.dtype === "bool" ||
      (y < 0 && !isFloat(x.dtype))
    )
      throw new TypeError(
        `integerPow: expected a number to an integer power, not negative for integers, got ${showType(x)} to the power ${y}`,
      );
    return [x];
  },
  diff: {
    ...partials<{ y: number }>(),
    jvp(self, [x], [dx], { y }) {
      const out = self.bind([x], { y });
      if (!dx || y === 0) return [out, [[]]];
      const slope = mul(like(x, y), integerPow(x, y - 1));
      return [out, [[mul(dx, slope)]]];
    },
  },
  batch: elementwise,
  lower: (b, inputs, [out], { y }) => [
    b.emit(
      { kind: "map", inputs, expr: product(ir.arg(0, out.dtype), y) },
      out,
    ),
  ],
});
/** x^y for an integer y known in advance, by multiplication alone. */
export const integerPow = (x: Value, y: number): Value =>
  y === 1 ? x : integerPowP.bind([x], { y })[0];

/** The larger operand plus what the smaller adds to it. Two equal infinities have no difference: it counts as 0. */
const logAddExpP = define(
  "logAddExp",
  partials(
    (dx, _out, x, y) => mul(dx, logistic(difference(x, y))),
    (dy, _out, x, y) => mul(dy, logistic(difference(y, x))),
  ),
  (inputs) => {
    equalTypes("logAddExp", inputs);
    if (!isFloat(inputs[0].dtype))
      throw new TypeError(
        `logAddExp: expected a float dtype, got ${inputs[0].dtype}`,
      );
    return [inputs[0]];
  },
  composed(([x, y]) => [
    add(max(x, y), log1p(exp(neg(abs(difference(x, y)))))),
  ]),
);
function difference(x: Value, y: Value): Value {
  const d = sub(x, y);
  return select(eq(d, d), d, like(d, 0));
}
/** log(e^x + e^y) without overflow. */
export const logAddExp = (x: Value, y: Value): Value =>
  logAddExpP.bind([x, y], {})[0];

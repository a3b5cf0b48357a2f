/** @file Functions as scalar expressions of simpler ones, for a backend that has no kernel for them at some dtype. */
import { erf, erfc } from "./erf.ts";
import {
  add,
  apply,
  div,
  eq,
  like,
  lt,
  mul,
  odd,
  polynomial,
  select,
  sub,
} from "./forms.ts";
import { ir, type BinaryOp, type Expr, type UnaryOp } from "./expr.ts";

/** Ranges and coefficients of SunPro's s_atan.c (fdlibm 5.3): the angle subtracted, in two parts, up to each bound. */
const atanRanges = [
  { below: 0.4375, high: 0, low: 0 },
  { below: 0.6875, high: 4.63647609000806093515e-1, low: 2.26987774529616870924e-17 },
  { below: 1.1875, high: 7.85398163397448278999e-1, low: 3.06161699786838301793e-17 },
  { below: 2.4375, high: 9.82793723247329054082e-1, low: 1.39033110312309984516e-17 },
  { below: Infinity, high: 1.57079632679489655800, low: 6.12323399573676603587e-17 },
] as const; // prettier-ignore
const atanSeries = [
  3.33333333333329318027e-1, -1.99999999998764832476e-1, 1.42857142725034663711e-1, -1.11111104054623557880e-1,
  9.09088713343650656196e-2, -7.69187620504482999495e-2, 6.66107313738753120669e-2, -5.83357013379057348645e-2,
  4.97687799461593236017e-2, -3.65315727442169155270e-2, 1.62858201153657823623e-2,
]; // prettier-ignore

function atan(x: Expr): Expr {
  const c = (value: number) => like(x, value);
  const a = apply("abs", x);
  const byRange = (choices: readonly Expr[]) =>
    choices.reduceRight((rest, choice, i) =>
      select(lt(a, c(atanRanges[i].below)), choice, rest),
    );
  const top = byRange([a, sub(add(a, a), c(1)), sub(a, c(1)), sub(a, c(1.5)), c(-1)]); // prettier-ignore
  const bottom = byRange([c(1), add(c(2), a), add(a, c(1)), add(c(1), mul(c(1.5), a)), a]); // prettier-ignore
  const t = div(top, bottom);
  const z = mul(t, t);
  const bend = mul(t, mul(z, polynomial(z, atanSeries)));
  const high = byRange(atanRanges.map((range) => c(range.high)));
  const low = byRange(atanRanges.map((range) => c(range.low)));
  return odd(x, sub(high, sub(sub(bend, low), t)));
}

/** The angle of (x, y), by quadrant; a zero counts by its sign, and two infinities as equals. */
function atan2(y: Expr, x: Expr): Expr {
  const c = (value: number) => like(x, value);
  const [v, u] = [apply("abs", y), apply("abs", x)];
  const both = (value: number) =>
    ir.binary("and", eq(v, c(value)), eq(u, c(value)));
  const slope = select(both(0), c(0), select(both(Infinity), c(1), div(v, u)));
  const negative = (w: Expr) => lt(select(eq(w, c(0)), div(c(1), w), w), c(0));
  const angle = apply("atan", slope);
  const half = select(negative(x), sub(c(Math.PI), angle), angle);
  return select(negative(y), apply("neg", half), half);
}

/** Below 1/2 the digits that 1 + x loses are put back by W. Kahan's quotient. */
function log1p(x: Expr): Expr {
  const one = like(x, 1);
  const u = add(one, x);
  const grown = sub(u, one);
  const careful = select(eq(u, one), x, mul(apply("log", u), div(x, grown)));
  return select(lt(apply("abs", x), like(x, 0.5)), careful, apply("log", u));
}

/** 2 t / (1 - t) with t = tanh(x / 2) where e^x - 1 would lose digits. */
function expm1(x: Expr): Expr {
  const one = like(x, 1);
  const t = apply("tanh", mul(x, like(x, 0.5)));
  return select(
    lt(apply("abs", x), one),
    div(add(t, t), sub(one, t)),
    sub(apply("exp", x), one),
  );
}

/** e^|x| / 2 in two factors, neither of which overflows before the product does. */
function halfExp(x: Expr): Expr {
  const root = apply("exp", mul(apply("abs", x), like(x, 0.5)));
  return mul(mul(root, like(x, 0.5)), root);
}

function sinh(x: Expr): Expr {
  const one = like(x, 1);
  const t = apply("expm1", apply("abs", x));
  const near = mul(add(t, div(t, add(t, one))), like(x, 0.5));
  return odd(x, select(lt(apply("abs", x), like(x, 20)), near, halfExp(x)));
}

const cosh = (x: Expr): Expr =>
  add(
    halfExp(x),
    mul(like(x, 0.5), apply("exp", apply("neg", apply("abs", x)))),
  );

/** log(2 x): what asinh and acosh are where the square of x would overflow. */
const farLog = (x: Expr): Expr => add(apply("log", x), like(x, Math.LN2));
const far = 2 ** 28;

function asinh(x: Expr): Expr {
  const one = like(x, 1);
  const a = apply("abs", x);
  const square = mul(a, a);
  const t = add(a, div(square, add(one, apply("sqrt", add(square, one)))));
  return odd(x, select(lt(a, like(x, far)), apply("log1p", t), farLog(a)));
}

function acosh(x: Expr): Expr {
  const t = sub(x, like(x, 1));
  const root = apply("sqrt", mul(t, add(t, like(x, 2))));
  return select(
    lt(x, like(x, 1)),
    like(x, NaN),
    select(lt(x, like(x, far)), apply("log1p", add(t, root)), farLog(x)),
  );
}

function atanh(x: Expr): Expr {
  const a = apply("abs", x);
  const ratio = div(add(a, a), sub(like(x, 1), a));
  return odd(x, mul(like(x, 0.5), apply("log1p", ratio)));
}

/** A power near the root, then one step of Newton's; zeros and infinities are their own roots. */
function cbrt(x: Expr): Expr {
  const a = apply("abs", x);
  const y = ir.binary("pow", a, like(x, 1 / 3));
  const better = sub(y, div(sub(y, div(a, mul(y, y))), like(x, 3)));
  return select(eq(add(x, x), x), x, odd(x, better));
}

/** x^y of integers for y >= 0, wrapped: a square for each of the bits of y. */
function integerPow(x: Expr, y: Expr): Expr {
  const c = (value: number) => like(x, value);
  let [power, square, rest] = [c(1), x, y];
  for (let bit = 0; bit < 32; bit++) {
    const half = div(rest, c(2));
    const isOdd = lt(add(half, half), rest);
    power = select(isOdd, mul(power, square), power);
    [square, rest] = [mul(square, square), half];
  }
  return power;
}

/** The sign's bits move in from the left, which is the complement of a logical shift of the complement. */
function shiftRightArithmetic(x: Expr, y: Expr): Expr {
  const [signed, count] = [ir.convert(x, "int32"), ir.convert(y, "int32")];
  const shifted = (v: Expr) => ir.binary("shiftRightLogical", v, count);
  const filled = select(
    lt(signed, like(signed, 0)),
    apply("not", shifted(apply("not", signed))),
    shifted(signed),
  );
  return ir.convert(filled, x.dtype);
}

const one =
  (f: (x: Expr) => Expr) =>
  ([x]: readonly Expr[]) =>
    f(x);
const two =
  (f: (x: Expr, y: Expr) => Expr) =>
  ([x, y]: readonly Expr[]) =>
    f(x, y);

const forms: Partial<
  Record<UnaryOp | BinaryOp, (args: readonly Expr[]) => Expr>
> = {
  erf: one(erf),
  erfc: one(erfc),
  logistic: one((x) =>
    div(like(x, 1), add(like(x, 1), apply("exp", apply("neg", x)))),
  ),
  tan: one((x) => div(apply("sin", x), apply("cos", x))),
  atan: one(atan),
  asin: one((x) => {
    const [below, above] = [sub(like(x, 1), x), add(like(x, 1), x)];
    const cosine = apply("sqrt", mul(below, above));
    const half = apply("atan", div(x, add(like(x, 1), cosine)));
    return add(half, half);
  }),
  acos: one((x) => {
    const [below, above] = [sub(like(x, 1), x), add(like(x, 1), x)];
    const half = apply("atan", apply("sqrt", div(below, above)));
    return add(half, half);
  }),
  atan2: two(atan2),
  log1p: one(log1p),
  expm1: one(expm1),
  sinh: one(sinh),
  cosh: one(cosh),
  asinh: one(asinh),
  acosh: one(acosh),
  atanh: one(atanh),
  cbrt: one(cbrt),
  pow: two(integerPow),
  shiftRightArithmetic: two(shiftRightArithmetic),
};

/** `expr` in terms of other operations; what those need in turn is left to the caller. */
export function expand(expr: Expr): Expr {
  const form =
    "args" in expr ? forms[expr.op as UnaryOp | BinaryOp] : undefined;
  if (!form || !("args" in expr))
    throw new Error(
      `expand: ${expr.op} of ${expr.dtype} has no form in other operations`,
    );
  return form(expr.args);
}

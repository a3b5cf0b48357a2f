/** @file Exponential integrals Ei and E_n, and Spence's dilogarithm. */
import { isFloat } from "../dtype.ts";
import { composed } from "../lowering/compose.ts";
import { definePrimitive } from "../primitive.ts";
import { elementwise } from "../rules/batch.ts";
import { partials } from "../rules/diff.ts";
import { sameShape, showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import {
  add,
  and,
  div,
  convert,
  eq,
  exp,
  log,
  max,
  min,
  mul,
  neg,
  or,
  select,
  sqrt,
  sub,
} from "./elementwise.ts";
import { fill, zeros } from "./fill.ts";
import { expm1, log1p } from "./math.ts";
import {
  atLeast,
  cases,
  choose,
  less,
  minus,
  noMore,
  over,
  plus,
  polynomial,
  same,
  special,
  times,
} from "./special-arith.ts";
import { depth } from "./special-incomplete-gamma.ts";
import {
  bernoulliEven,
  eulerGamma,
  factorialOf,
  upTo,
} from "./special-numbers.ts";
import { integral } from "./special-quadrature.ts";

/** The sum of x^k / (k k!) over k > 0, without its first x, in x / unit, which keeps coefficients above float32's least. */
const entire = (terms: number, unit: number) =>
  upTo(terms).map((i) => unit ** i / ((i + 1) * factorialOf(i + 1)));
const far = 40;
const [shortSum, longSum] = [entire(24, 1), entire(125, far)];

/** E_1 for 0 < x < 2 (DLMF 6.6.2). */
const nearZero = (x: Value): Value =>
  neg(sub(plus(log(x), eulerGamma), mul(x, polynomial(neg(x), shortSum))));

/** E_n(x) e^x, for x >= 2 or for n >= 2: the integral of e^(-x t) (1 + t)^-n over t > 0, with 1 + t = e^v. */
function scaledTail(n: Value, x: Value): Value {
  // The exponent is at most -(n - 1 + x) v - x v^2 / 2 and at most -x (e^v - 1): there is nothing to add beyond.
  const slope = add(minus(n, 1), x);
  const end = min(
    over(
      2 * depth,
      add(slope, sqrt(add(mul(slope, slope), times(x, 2 * depth)))),
    ),
    log1p(over(depth, x)),
  );
  return integral(end, (v) =>
    exp(neg(add(mul(minus(n, 1), v), mul(x, expm1(v))))),
  );
}

/** The exponential integral E_n(x), for whole n >= 0 (int32) and x >= 0. */
const expnP = definePrimitive<Record<string, never>>("expn", {
  type([n, x]) {
    if (
      n.dtype !== "int32" ||
      !isFloat(x.dtype) ||
      !sameShape(n.shape, x.shape)
    )
      throw new TypeError(
        `expn: expected an int32 order and a float of its shape, got ${showType(n)} and ${showType(x)}`,
      );
    return [x];
  },
  // E_0 has no E_-1 in this family: its slope is -(1 + 1/x) E_0.
  diff: partials(
    (_dn, _y, _n, x) => zeros(x.type),
    (dx, y, n, x) => {
      const below = expn(max(minus(n, 1), zeros(n.type)), x);
      const atZero = mul(plus(over(1, x), 1), y);
      return neg(mul(dx, select(eq(n, zeros(n.type)), atZero, below)));
    },
  ),
  batch: elementwise,
  lower: composed(([n, x]) => [
    convert(expnOf(convert(n, "float64"), convert(x, "float64")), x.dtype),
  ]),
});
export const expn = (n: Value, x: Value): Value => expnP.bind([n, x], {})[0];

function expnOf(n: Value, x: Value): Value {
  const simple = and(same(n, 1), less(x, 2));
  const usable = and(less(0, x), less(x, Infinity));
  const inside = choose(usable, x, 1);
  const tail = scaledTail(atLeast(n, 1), choose(simple, 2, inside));
  return cases(
    [
      [or(less(n, 0), less(x, 0)), NaN],
      [same(x, 0), choose(less(1, n), over(1, minus(n, 1)), Infinity)],
      [same(x, Infinity), 0],
      [same(n, 0), div(exp(neg(inside)), inside)],
      [simple, nearZero(inside)],
      [usable, mul(tail, exp(neg(inside)))],
    ],
    x,
  );
}

/** Whole powers of 1/x times factorials: Ei(x) x e^-x at infinity (DLMF 6.12.2). */
const atInfinity = upTo(40).map(factorialOf);

/** Ei(x), the principal value of the integral of e^t / t below x. */
export const expi = special(
  "expi",
  1,
  (x) => {
    const size = choose(less(x, 0), neg(x), x);
    const inner = noMore(size, far);
    const near = plus(
      add(log(inner), mul(inner, polynomial(times(inner, 1 / far), longSum))),
      eulerGamma,
    );
    const outer = atLeast(size, far);
    const expansion = mul(
      div(exp(outer), outer),
      polynomial(over(1, outer), atInfinity),
    );
    const order = fill(1, x.type);
    const below = choose(
      less(size, 2),
      nearZero(inner),
      mul(
        exp(neg(size)),
        scaledTail(order, choose(same(size, Infinity), 2, atLeast(size, 2))),
      ),
    );
    return cases(
      [
        [same(x, Infinity), Infinity],
        [less(x, 0), neg(below)],
        [less(x, far), near],
      ],
      expansion,
    );
  },
  partials((dx, _y, x) => mul(dx, div(exp(x), x))),
);

/** Li2(1 - e^-u) = u - u^2/4 + sum of B_2k u^(2k + 1) / (2k + 1)!, for |u| up to log 2. */
const debye = [
  1,
  ...bernoulliEven.slice(0, 11).map((b, i) => b / factorialOf(2 * i + 3)),
];
function nearOne(x: Value): Value {
  const u = neg(log(x));
  const squared = mul(u, u);
  return sub(mul(u, polynomial(squared, debye)), times(squared, 0.25));
}

/** Spence's integral of -log t / (t - 1) from 1 to x, which is Li2(1 - x); by 1/x above 2 and by 1 - x below a half. */
export const spence = special(
  "spence",
  1,
  (x) => {
    const large = less(2, x);
    const y = choose(large, over(1, x), x);
    const small = less(y, 0.5);
    const direct = nearOne(choose(small, minus(1, y), y));
    const product = choose(same(y, 0), 0, mul(log(y), log1p(neg(y))));
    const below = minus(minus(Math.PI ** 2 / 6, product), direct);
    const value = choose(small, below, direct);
    const logX = log(x);
    return cases(
      [
        [less(x, 0), NaN],
        [large, neg(add(value, times(mul(logX, logX), 0.5)))],
      ],
      value,
    );
  },
  partials((dx, _y, x) => {
    const isOne = same(x, 1);
    const slope = div(log(x), minus(1, choose(isOne, 2, x)));
    return mul(dx, choose(isOne, spenceSlopeAtOne(x), slope));
  }),
);

/** log x / (1 - x) around 1 to the first order, so that its own derivative is right there. */
const spenceSlopeAtOne = (x: Value): Value => plus(times(minus(x, 1), 0.5), -1);

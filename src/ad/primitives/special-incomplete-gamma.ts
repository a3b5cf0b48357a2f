/** @file The incomplete gamma functions P and Q, their density, and their slope in the order. */
import { partials } from "../rules/diff.ts";
import type { Value } from "../tracer.ts";
import { and, div, exp, log, mul, neg, or, sqrt, sub } from "./elementwise.ts";
import { expm1, log1p } from "./math.ts";
import {
  cases,
  choose,
  less,
  minus,
  over,
  plus,
  same,
  special,
  specialFamily,
  times,
} from "./special-arith.ts";
import {
  digamma,
  logGammaOnePlus,
  logGammaPositive,
  stirlingCorrection,
} from "./special-gamma.ts";
import { halfLogTwoPi } from "./special-numbers.ts";
import { integral, series } from "./special-quadrature.ts";
import { fill } from "./fill.ts";

/** Integrands are dropped where they fall below e^-depth of their start. */
export const depth = 38;

/** log(1 + off), where `whole` is 1 + off: whichever of the two has more digits is read. */
export const logOnePlus = (off: Value, whole: Value): Value =>
  choose(less(off, -0.5), log(whole), log1p(off));

/** x^a e^-x / Gamma(a + 1); around a large a its logarithm is small beside its terms, which are therefore joined. */
export function gammaTerm(a: Value, x: Value): Value {
  const large = choose(less(a, 10), 10, a);
  const off = div(sub(x, large), large);
  const joined = minus(
    mul(large, minus(logOnePlus(off, div(x, large)), off)),
    plus(plus(times(log(large), 0.5), halfLogTwoPi), stirlingCorrection(large)),
  );
  const plain = minus(
    minus(mul(a, log(x)), x),
    plus(logGammaPositive(a), log(a)),
  );
  return exp(choose(less(a, 10), plain, joined));
}

/**
 * The tail beyond x, or below x where x < a - 1, over its first term: the integral of e^-+u (1 +- u/x)^(a - 1) over
 * u > 0 (DLMF 8.6.7 and 8.6.3 with t = x +- u), which has its largest value at u = 0.
 */
function tailOverTerm(a: Value, x: Value, lower: Value): Value {
  const sign = choose(lower, -1, fill(1, x.type));
  const b = minus(a, 1);
  // Beyond the root of a lower bound on the fall of the logarithm there is nothing to add.
  const slope = mul(sign, minus(x, b));
  const bend = plus(times(slope, 4 / 3), b);
  const half = minus(slope, (2 * depth) / 3);
  const above = over(
    2 * depth,
    plus(half, sqrt(plus(mul(half, half), times(bend, 2 * depth)))),
  );
  const below = over(
    2 * depth,
    plus(slope, sqrt(plus(mul(slope, slope), times(b, 2 * depth)))),
  );
  const end = mul(x, choose(lower, choose(less(below, 1), below, 1), above));
  return integral(end, (u) =>
    exp(minus(mul(b, log1p(div(mul(sign, u), x))), mul(sign, u))),
  );
}

/** P and Q of a > 0 and 0 < x < infinity, each to all its digits. */
function both(a: Value, x: Value): [p: Value, q: Value] {
  const one = fill(1, x.type);
  const bySeries = less(x, 2);
  const small = and(bySeries, less(a, 1));
  const lower = or(bySeries, less(x, minus(a, 1)));
  const summed = or(bySeries, and(lower, less(a, 20)));
  const [as, xs] = [choose(summed, a, one), choose(summed, x, one)];
  // DLMF 8.7.1: 1 + x/(a + 1) + x^2/((a + 1)(a + 2)) + ...
  const terms = plus(
    series(one, 60, (term, k) => {
      const next = mul(term, div(xs, plus(as, k)));
      return [next, next];
    }),
    1,
  );
  const [at, xt] = [choose(summed, 2, a), choose(summed, 2, x)];
  const ratio = div(
    mul(tailOverTerm(at, xt, and(lower, less(xt, minus(at, 1)))), at),
    xt,
  );
  const part = mul(gammaTerm(a, x), choose(summed, terms, ratio));
  const rest = choose(small, smallUpper(a, x, small), minus(1, part));
  return [choose(lower, part, minus(1, part)), choose(lower, rest, part)];
}

/** Q at a < 1, x < 2, where 1 - P has no digits left: 1 - x^a / Gamma(1 + a), less the alternating rest (DLMF 8.7.3). */
function smallUpper(a: Value, x: Value, wanted: Value): Value {
  const one = fill(1, x.type);
  const [as, xs] = [choose(wanted, a, 0.5), choose(wanted, x, one)];
  const half = less(as, 0.5);
  const logGamma = choose(
    half,
    logGammaOnePlus(choose(half, as, 0)),
    logGammaPositive(plus(as, 1)),
  );
  const exponent = minus(mul(as, log(xs)), logGamma);
  const rest = series(one, 30, (term, k) => {
    const next = neg(div(mul(term, xs), k));
    return [next, div(mul(as, next), plus(as, k))];
  });
  return neg(plus(expm1(exponent), mul(exp(exponent), rest)));
}

const atEdges =
  (which: 0 | 1, atZero: number) =>
  (a: Value, x: Value): Value => {
    const inside = and(
      and(less(0, a), less(a, Infinity)),
      and(less(0, x), less(x, Infinity)),
    );
    const value = both(choose(inside, a, 1), choose(inside, x, 1))[which];
    const outside = cases(
      [
        [or(less(a, 0), less(x, 0)), NaN],
        [and(same(a, 0), same(x, 0)), NaN],
        [and(same(a, Infinity), same(x, Infinity)), NaN],
        [or(same(x, Infinity), same(a, 0)), 1 - atZero],
        [or(same(x, 0), same(a, Infinity)), atZero],
      ],
      plus(a, x),
    );
    return choose(inside, value, outside);
  };

/** What t^(a - 1) times `factor` is at t = 0. */
export const atSingular = (a: Value, factor: Value): Value =>
  cases(
    [
      [less(a, 1), Infinity],
      [less(1, a), 0],
    ],
    factor,
  );

/** The density x^(a - 1) e^-x / Gamma(a): the slope of P in x. */
const gammaDensity: (...xs: Value[]) => Value = special(
  "gammaDensity",
  2,
  (a, x) =>
    choose(
      same(x, 0),
      atSingular(a, fill(1, a.type)),
      div(mul(gammaTerm(a, x), a), x),
    ),
  partials(
    (da, y, a, x) => mul(da, mul(y, sub(log(x), digamma(a)))),
    (dx, y, a, x) => mul(dx, mul(y, minus(div(minus(a, 1), x), 1))),
  ),
);

/** P(a, x): the part of the gamma function's integral below x. */
export const gammainc = specialFamily("gammainc", atEdges(0, 0), [
  null,
  gammaDensity,
]);

/** Q(a, x) = 1 - P(a, x), computed without the difference. */
export const gammaincc = specialFamily("gammaincc", atEdges(1, 1), [
  null,
  (a, x) => neg(gammaDensity(a, x)),
]);

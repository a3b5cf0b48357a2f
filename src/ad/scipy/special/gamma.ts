/** @file The gamma function and its family (jax.scipy.special). */
import { promoteFloats, toFloat } from "../../numpy/promote.ts";
import { and, exp, log, mul, neg, sub } from "../../primitives/elementwise.ts";
import { fill } from "../../primitives/fill.ts";
import { floor } from "../../primitives/math.ts";
import {
  cases,
  choose,
  less,
  minus,
  over,
  plus,
  same,
  times,
} from "../../primitives/special-arith.ts";
import * as p from "../../primitives/special-gamma.ts";
import * as incompleteBeta from "../../primitives/special-incomplete-beta.ts";
import * as incompleteGamma from "../../primitives/special-incomplete-gamma.ts";
import {
  bernoulliEven,
  factorialOf,
  hurwitz,
  upTo,
} from "../../primitives/special-numbers.ts";
import { array } from "../../array.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";

/** log|Gamma(x)|; infinite at 0, -1, -2, ... (jax.scipy.special.gammaln). */
export const gammaln = (x: ArrayLike): Value => p.lgamma(toFloat("gammaln", x));

/** The sign of Gamma(x): NaN at -1, -2, ..., and at 0 the sign of the zero (jax.scipy.special.gammasgn). */
export function gammasgn(x: ArrayLike): Value {
  const value = toFloat("gammasgn", x);
  const whole = floor(value);
  const negative = less(value, 0);
  const odd = less(times(floor(times(whole, 0.5)), 2), whole);
  const below = choose(odd, -1, fill(1, value.type));
  return cases(
    [
      [negative, choose(same(value, whole), NaN, below)],
      [and(same(value, 0), less(over(1, value), 0)), -1],
      [same(value, value), 1],
    ],
    fill(NaN, value.type),
  );
}

/** Gamma(x); NaN at -1, -2, ... (jax.scipy.special.gamma). */
export const gamma = (x: ArrayLike): Value => mul(gammasgn(x), exp(gammaln(x)));

/** The derivative of log|Gamma(x)| (jax.scipy.special.digamma). */
export const digamma = (x: ArrayLike): Value =>
  p.digamma(toFloat("digamma", x));

/** Hurwitz's zeta function, the sum of (q + k)^-x over k >= 0, differentiable in q (jax.scipy.special.zeta). */
export function zeta(x: ArrayLike, q: ArrayLike = 1): Value {
  const [s, from] = promoteFloats("zeta", [x, q]);
  return p.zeta(s, from);
}

/** The n-th derivative of digamma at x, for whole n >= 0; differentiable in x (jax.scipy.special.polygamma). */
export function polygamma(n: ArrayLike, x: ArrayLike): Value {
  const [order, at] = promoteFloats("polygamma", [n, x]);
  const isZero = same(order, 0);
  const s = plus(choose(isZero, 1, order), 1);
  const odd = less(times(floor(times(s, 0.5)), 2), s);
  const size = mul(exp(p.lgamma(s)), p.zeta(s, at));
  return choose(isZero, p.digamma(at), choose(odd, neg(size), size));
}

/** n! = Gamma(n + 1), 0 below 0 (jax.scipy.special.factorial). */
export function factorial(n: ArrayLike): Value {
  const value = toFloat("factorial", n);
  const negative = less(value, 0);
  const safe = choose(negative, 0, value);
  return choose(negative, 0, exp(p.lgamma(plus(safe, 1))));
}

/** log|Beta(a, b)| (jax.scipy.special.betaln). */
export function betaln(a: ArrayLike, b: ArrayLike): Value {
  const [x, y] = promoteFloats("betaln", [a, b]);
  return incompleteBeta.logBeta(x, y);
}

/** Gamma(a) Gamma(b) / Gamma(a + b) (jax.scipy.special.beta). */
export function beta(a: ArrayLike, b: ArrayLike): Value {
  const [x, y] = promoteFloats("beta", [a, b]);
  const sign = mul(mul(gammasgn(x), gammasgn(y)), gammasgn(plus(x, y)));
  return mul(sign, exp(incompleteBeta.logBeta(x, y)));
}

/** The regularized incomplete beta function I_x(a, b) (jax.scipy.special.betainc); differentiable in a and b too. */
export function betainc(a: ArrayLike, b: ArrayLike, x: ArrayLike): Value {
  const [left, right, at] = promoteFloats("betainc", [a, b, x]);
  return incompleteBeta.betainc(left, right, at);
}

/** The regularized lower incomplete gamma function P(a, x) (jax.scipy.special.gammainc). */
export function gammainc(a: ArrayLike, x: ArrayLike): Value {
  const [order, at] = promoteFloats("gammainc", [a, x]);
  return incompleteGamma.gammainc(order, at);
}

/** The regularized upper incomplete gamma function Q(a, x) (jax.scipy.special.gammaincc). */
export function gammaincc(a: ArrayLike, x: ArrayLike): Value {
  const [order, at] = promoteFloats("gammaincc", [a, x]);
  return incompleteGamma.gammaincc(order, at);
}

/** log of the multivariate gamma function of dimension `d` (jax.scipy.special.multigammaln). */
export function multigammaln(a: ArrayLike, d: number): Value {
  if (!Number.isInteger(d) || d < 1)
    throw new RangeError(
      `multigammaln: expected a whole dimension d of at least 1, got ${d}`,
    );
  const value = toFloat("multigammaln", a);
  const terms = upTo(d).map((i) => p.lgamma(minus(value, i / 2)));
  return plus(terms.reduce(plus), (d * (d - 1) * Math.log(Math.PI)) / 4);
}

/** Ways to choose k of N, as a float; 0 where there are none (jax.scipy.special.comb). */
export function comb(N: ArrayLike, k: ArrayLike): Value {
  const [n, m] = promoteFloats("comb", [N, k]);
  const rest = sub(n, m);
  const logWays = neg(
    plus(log(plus(n, 1)), incompleteBeta.logBeta(plus(m, 1), plus(rest, 1))),
  );
  return cases(
    [
      [less(m, 0), 0],
      [less(rest, 0), 0],
    ],
    exp(logWays),
  );
}

/** The rising factorial Gamma(z + m) / Gamma(z) (jax.scipy.special.poch). */
export function poch(z: ArrayLike, m: ArrayLike): Value {
  const [from, count] = promoteFloats("poch", [z, m]);
  const to = plus(from, count);
  const sign = mul(gammasgn(to), gammasgn(from));
  const ratio = exp(sub(p.lgamma(to), p.lgamma(from)));
  return choose(same(count, 0), 1, mul(sign, ratio));
}

/** The Bernoulli numbers B0 ... Bn as a float32 array of n + 1 (jax.scipy.special.bernoulli). */
export function bernoulli(n: number): Value {
  if (!Number.isInteger(n) || n < 0)
    throw new RangeError(`bernoulli: expected a whole n >= 0, got ${n}`);
  return array(upTo(n + 1).map(bernoulliNumber), { dtype: "float32" });
}

function bernoulliNumber(n: number): number {
  if (n === 0) return 1;
  if (n === 1) return -0.5;
  if (n % 2 === 1) return 0;
  const half = n / 2;
  if (half <= bernoulliEven.length) return bernoulliEven[half - 1];
  const sign = half % 2 === 0 ? -2 : 2;
  return (sign * factorialOf(n) * hurwitz(n, 1)) / (2 * Math.PI) ** n;
}

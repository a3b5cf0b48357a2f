/** @file The beta distribution (jax.scipy.stats.beta). */
import { add, exp, log, neg, sub, or } from "../../primitives/elementwise.ts";
import { fill } from "../../primitives/fill.ts";
import { atMost, choose, minus } from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { xlog1py, xlogy } from "../special/entropy.ts";
import { betainc, betaln } from "../special/gamma.ts";
import { off, standard, unless } from "./support.ts";

/** log of the density at x; -infinity off the support. */
export function logpdf(
  x: ArrayLike,
  a: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, by, p, r] = standard("beta.logpdf", x, loc, scale, a, b);
  return unless(off(0, y, 1), y, 0.5, (t) =>
    sub(
      add(xlogy(minus(p, 1), t), xlog1py(minus(r, 1), neg(t))),
      add(betaln(p, r), log(by)),
    ),
  );
}

/** The density at x. */
export function pdf(
  x: ArrayLike,
  a: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return exp(logpdf(x, a, b, loc, scale));
}

/** The probability of at most x. */
export function cdf(
  x: ArrayLike,
  a: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, , p, r] = standard("beta.cdf", x, loc, scale, a, b);
  return below(y, p, r);
}

/** log(cdf). */
export function logcdf(
  x: ArrayLike,
  a: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return log(cdf(x, a, b, loc, scale));
}

/** The probability of more than x. */
export function sf(
  x: ArrayLike,
  a: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, , p, r] = standard("beta.sf", x, loc, scale, a, b);
  return below(minus(1, y), r, p);
}

/** log(sf). */
export function logsf(
  x: ArrayLike,
  a: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return log(sf(x, a, b, loc, scale));
}

/** I_y(a, b) in 0..1; beyond it is 0 or 1. */
const below = (y: Value, a: Value, b: Value): Value =>
  unless(
    or(atMost(y, 0), atMost(1, y)),
    y,
    0.5,
    (t) => betainc(a, b, t),
    choose(atMost(y, 0), 0, fill(1, y.type)),
  );

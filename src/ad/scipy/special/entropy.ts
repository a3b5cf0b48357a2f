/** @file Logarithms of probabilities and divergences (jax.scipy.special). */
import { promoteFloats, toFloat } from "../../numpy/promote.ts";
import {
  and,
  div,
  log,
  logistic,
  mul,
  sub,
} from "../../primitives/elementwise.ts";
import {
  atMost,
  cases,
  choose,
  less,
  minus,
  plus,
  same,
} from "../../primitives/special-arith.ts";
import * as p from "../../primitives/special-entropy.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";

/** log(x / (1 - x)) (jax.scipy.special.logit). */
export function logit(x: ArrayLike): Value {
  const value = toFloat("logit", x);
  return log(div(value, minus(1, value)));
}

/** 1 / (1 + e^-x), the inverse of `logit` (jax.scipy.special.expit). */
export const expit = (x: ArrayLike): Value => logistic(toFloat("expit", x));

/** x log y, 0 where x is 0 (jax.scipy.special.xlogy). */
export function xlogy(x: ArrayLike, y: ArrayLike): Value {
  const [a, b] = promoteFloats("xlogy", [x, y]);
  return p.xlogy(a, b);
}

/** x log(1 + y), 0 where x is 0 (jax.scipy.special.xlog1py). */
export function xlog1py(x: ArrayLike, y: ArrayLike): Value {
  const [a, b] = promoteFloats("xlog1py", [x, y]);
  return p.xlog1py(a, b);
}

/** -x log x, 0 at 0 and -infinity below (jax.scipy.special.entr). */
export const entr = (x: ArrayLike): Value => p.entr(toFloat("entr", x));

/** x log(x / y), 0 where x is 0 and y is not negative, else infinite (jax.scipy.special.rel_entr). */
export function relEntr(x: ArrayLike, y: ArrayLike): Value {
  const [a, b] = promoteFloats("relEntr", [x, y]);
  const inside = and(less(0, a), less(0, b));
  // Where the formula does not hold it is kept from making NaN, which would reach the derivative.
  const [safeA, safeB] = [choose(inside, a, 1), choose(inside, b, 1)];
  return cases(
    [
      [inside, mul(safeA, log(div(safeA, safeB)))],
      [and(same(a, 0), atMost(0, b)), 0],
      [and(same(a, a), same(b, b)), Infinity],
    ],
    plus(a, b),
  );
}

/** relEntr(x, y) - x + y, never negative (jax.scipy.special.kl_div). */
export function klDiv(x: ArrayLike, y: ArrayLike): Value {
  const [a, b] = promoteFloats("klDiv", [x, y]);
  return plus(sub(relEntr(a, b), a), b);
}

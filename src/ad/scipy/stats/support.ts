/** @file What distributions share: standardised arguments and values off the support. */
import { promoteFloats } from "../../numpy/promote.ts";
import {
  add,
  div,
  eq,
  exp,
  mul,
  not,
  or,
  sub,
} from "../../primitives/elementwise.ts";
import { floor } from "../../primitives/math.ts";
import { choose, less, type Operand } from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";

/** (x - loc) / scale, scale, and the further parameters, all of one shape and float dtype. */
export function standard(
  who: string,
  x: ArrayLike,
  loc: ArrayLike,
  scale: ArrayLike,
  ...rest: readonly ArrayLike[]
): Value[] {
  const [at, from, by, ...others] = promoteFloats(who, [
    x,
    loc,
    scale,
    ...rest,
  ]);
  return [div(sub(at, from), by), by, ...others];
}

/** The quantile at q of the distribution whose standard quantile is `f`. */
export function quantileOf(
  who: string,
  f: (q: Value, ...parameters: Value[]) => Value,
  q: ArrayLike,
  loc: ArrayLike,
  scale: ArrayLike,
  ...rest: readonly ArrayLike[]
): Value {
  const [at, from, by, ...others] = promoteFloats(who, [
    q,
    loc,
    scale,
    ...rest,
  ]);
  return add(mul(f(at, ...others), by), from);
}

/** x < low or high < x; nowhere for NaN, which thus stays NaN. */
export const off = (low: Operand, x: Value, high: Operand = Infinity): Value =>
  or(less(x, low), less(high, x));

export const isBroken = (x: Value): Value => not(eq(x, floor(x)));

/** `f(x)` but `value` where `outside`; there `f` is computed at `safe`, so that no NaN reaches a derivative. */
export const unless = (
  outside: Value,
  x: Value,
  safe: Operand,
  f: (x: Value) => Value,
  value: Operand = -Infinity,
): Value => choose(outside, value, f(choose(outside, safe, x)));

/** The density or mass function beside its logarithm. */
export const exponential =
  <A extends readonly unknown[]>(log: (...args: A) => Value) =>
  (...args: A): Value =>
    exp(log(...args));

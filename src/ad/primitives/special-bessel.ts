/** @file The modified Bessel functions I0 and I1, scaled by e^-|x|. */
import { partials } from "../rules/diff.ts";
import type { Value } from "../tracer.ts";
import { div, exp, mul, neg, sqrt, sub } from "./elementwise.ts";
import { fill } from "./fill.ts";
import { abs } from "./math.ts";
import {
  choose,
  less,
  noMore,
  atLeast,
  over,
  polynomial,
  same,
  special,
  times,
} from "./special-arith.ts";
import { factorialOf, upTo } from "./special-numbers.ts";

/** From here on the terms of the expansion at infinity fall below the last digit before they grow. */
const far = 20;

/** Of I_n(x) (2/x)^n in (x / far)^2 (DLMF 10.25.2): all terms are positive, none too small for a float32. */
const nearCoefs = (order: number) =>
  upTo(50).map(
    (k) => (far / 2) ** (2 * k) / (factorialOf(k) * factorialOf(k + order)),
  );

/** Of I_n(x) e^-x sqrt(2 pi x) in 1/x (DLMF 10.40.1). */
const farCoefs = (order: number) =>
  upTo(28).map((k) =>
    upTo(k).reduce(
      (a, j) => (a * ((2 * j + 1) ** 2 - 4 * order ** 2)) / (8 * (j + 1)),
      1,
    ),
  );

function scaled(order: 0 | 1): (x: Value) => Value {
  const [nears, fars] = [nearCoefs(order), farCoefs(order)];
  return (x) => {
    const size = abs(x);
    const inner = times(noMore(size, far), 1 / far);
    const near = mul(exp(neg(size)), polynomial(mul(inner, inner), nears));
    const outer = atLeast(size, far);
    const expansion = div(
      polynomial(over(1, outer), fars),
      sqrt(times(outer, 2 * Math.PI)),
    );
    if (order === 0) return choose(less(size, far), near, expansion);
    return choose(
      less(size, far),
      mul(times(x, 0.5), near),
      choose(less(x, 0), neg(expansion), expansion),
    );
  };
}

const signOf = (x: Value): Value =>
  choose(less(x, 0), -1, choose(less(0, x), fill(1, x.type), 0));

/** e^-|x| I0(x). */
export const i0e: (...xs: Value[]) => Value = special(
  "i0e",
  1,
  scaled(0),
  partials((dx, y, x) => mul(dx, sub(i1e(x), mul(signOf(x), y)))),
);

/** e^-|x| I1(x). */
export const i1e: (...xs: Value[]) => Value = special(
  "i1e",
  1,
  scaled(1),
  // I1' = I0 - I1 / x, whose value at 0 is a half.
  partials((dx, y, x) => {
    const isZero = same(x, 0);
    const quotient = div(y, choose(isZero, 1, x));
    const slope = choose(isZero, 0.5, sub(i0e(x), quotient));
    return mul(dx, sub(slope, mul(signOf(x), y)));
  }),
);

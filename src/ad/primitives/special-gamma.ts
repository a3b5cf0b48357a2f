/** @file The gamma function's logarithm and what its derivatives are: digamma and Hurwitz's zeta. */
import { partials } from "../rules/diff.ts";
import type { Value } from "../tracer.ts";
import { div, exp, log, mul, neg } from "./elementwise.ts";
import { fill } from "./fill.ts";
import { abs, cos, floor, log1p, sin } from "./math.ts";
import {
  atMost,
  cases,
  choose,
  less,
  minus,
  over,
  plus,
  polynomial,
  same,
  special,
  specialFamily,
  times,
} from "./special-arith.ts";
import {
  bernoulliEven,
  eulerGamma,
  halfLogTwoPi,
  hurwitz,
  tailWeights,
  upTo,
} from "./special-numbers.ts";

/** log Gamma(2 + e) = (1 - gamma) e + sum of (-e)^k (zeta(k) - 1) / k (DLMF 5.7.3), within a half of 2. */
const nearTwo = [
  0,
  1 - eulerGamma,
  ...upTo(30).map((i) => ((-1) ** i * hurwitz(i + 2, 2)) / (i + 2)),
];
export const logGammaTwoPlus = (e: Value): Value => polynomial(e, nearTwo);

/** log Gamma(1 + e) for |e| up to a half, exact to the last digits of e. */
export const logGammaOnePlus = (e: Value): Value =>
  minus(logGammaTwoPlus(e), log1p(e));

/** What Stirling's formula for log Gamma(x) leaves over, for x from 10 (DLMF 5.11.1). */
const stirlingRest = bernoulliEven
  .slice(0, 9)
  .map((b, i) => b / ((2 * i + 1) * (2 * i + 2)));
export function stirlingCorrection(x: Value): Value {
  const inverse = over(1, x);
  return times(inverse, polynomial(times(inverse, inverse), stirlingRest));
}

const shift = 8;
/** log Gamma(x) for x > 0. */
export function logGammaPositive(x: Value): Value {
  const above = less(1.5, x);
  const nearOneOrTwo = minus(
    logGammaTwoPlus(choose(above, minus(x, 2), minus(x, 1))),
    choose(above, 0, log(x)),
  );
  const small = less(x, 10);
  const y = choose(small, plus(x, shift), x);
  const stirling = plus(
    plus(times(minus(y, 0.5), minus(log(y), 1)), halfLogTwoPi - 0.5),
    stirlingCorrection(y),
  );
  const rising = upTo(shift)
    .map((i) => plus(x, i))
    .reduce(mul);
  return cases(
    [
      [less(x, 0.5), minus(logGammaOnePlus(x), log(x))],
      [less(x, 2.5), nearOneOrTwo],
    ],
    choose(small, minus(stirling, log(rising)), stirling),
  );
}

/** How far |x| is from the nearest whole number: in -1/2..1/2. */
const offWhole = (x: Value): Value => minus(x, floor(plus(x, 0.5)));

/** log|Gamma(x)|; below 0 by reflection (DLMF 5.5.3). */
export const lgamma = special(
  "lgamma",
  1,
  (x) => {
    const size = abs(x);
    const positive = logGammaPositive(size);
    const sine = abs(sin(times(offWhole(size), Math.PI)));
    const reflected = minus(
      minus(log(over(Math.PI, sine)), log(size)),
      positive,
    );
    return cases(
      [
        [same(size, Infinity), Infinity],
        [less(x, 0), reflected],
      ],
      positive,
    );
  },
  partials((dx, _y, x) => mul(dx, digamma(x))),
);

/** The one zero of digamma above 0, in two parts, and the series around it. */
const root = 1.4616321449683622;
const rootRest = 9.549995429965697e-17;
const aroundRoot = upTo(26).map((i) => (-1) ** i * hurwitz(i + 2, root));
const digammaTail = bernoulliEven.slice(0, 10).map((b, i) => b / (2 * i + 2));

function digammaPositive(x: Value): Value {
  const d = minus(minus(x, root), rootRest);
  const nearRoot = times(d, polynomial(d, aroundRoot));
  const small = less(x, 10);
  const y = choose(small, plus(x, 10), x);
  const inverse = over(1, y);
  const squared = times(inverse, inverse);
  const far = minus(
    minus(log(y), times(inverse, 0.5)),
    times(squared, polynomial(squared, digammaTail)),
  );
  const shifted = upTo(10)
    .map((i) => over(1, plus(x, i)))
    .reduceRight((sum, term) => minus(sum, term), far);
  return cases(
    [
      [less(abs(d), 0.3), nearRoot],
      [small, shifted],
    ],
    far,
  );
}

/** The derivative of log|Gamma|; NaN at its poles 0, -1, -2, ... */
export const digamma: (...xs: Value[]) => Value = special(
  "digamma",
  1,
  (x) => {
    const size = abs(x);
    const positive = digammaPositive(size);
    const angle = times(offWhole(size), Math.PI);
    // DLMF 5.5.4 with -x for x.
    const reflected = plus(
      plus(positive, over(1, size)),
      over(times(cos(angle), Math.PI), sin(angle)),
    );
    return cases(
      [
        [same(size, 0), NaN],
        [same(x, -Infinity), NaN],
        [less(x, 0), choose(same(angle, 0), NaN, reflected)],
      ],
      positive,
    );
  },
  partials((dx, _y, x) => mul(dx, zeta(fill(2, x.type), x))),
);

const power = (base: Value, exponent: Value): Value =>
  exp(mul(exponent, log(base)));

/** zeta(s, q) for s > 1 and q >= 0 (DLMF 25.11.5). */
function zetaPositive(s: Value, q: Value): Value {
  const minusS = neg(s);
  const head = upTo(10)
    .map((k) => power(plus(q, k), minusS))
    .reduceRight(plus);
  const a = plus(q, 10);
  let factor = div(s, a);
  let tail = plus(div(a, minus(s, 1)), 0.5);
  tailWeights.forEach((weight, j) => {
    tail = plus(tail, times(factor, weight));
    if (j < tailWeights.length - 1)
      factor = mul(
        factor,
        over(mul(plus(s, 2 * j + 1), plus(s, 2 * j + 2)), mul(a, a)),
      );
  });
  const last = power(a, minusS);
  return plus(head, choose(same(last, 0), 0, mul(last, tail)));
}

/** Hurwitz's zeta(s, q): the sum of (q + k)^-s; at q < 0 for whole s only, as in SciPy. */
export const zeta: (...xs: Value[]) => Value = specialFamily(
  "zeta",
  (s, q) => {
    // Terms below 0 are those of 1 - fraction upwards, but for the sign (-1)^s.
    const below = less(q, 0);
    const fraction = minus(q, floor(q));
    const sign = minus(1, times(minus(s, times(floor(over(s, 2)), 2)), 2));
    const mirrored = mul(
      sign,
      minus(
        zetaPositive(s, minus(1, fraction)),
        zetaPositive(s, choose(below, minus(1, q), 1)),
      ),
    );
    const value = zetaPositive(s, choose(below, fraction, q));
    const whole = same(fraction, 0);
    return cases(
      [
        [less(s, 1), NaN],
        [same(s, 1), Infinity],
        [
          atMost(q, 0),
          choose(
            whole,
            Infinity,
            choose(same(s, floor(s)), plus(value, mirrored), NaN),
          ),
        ],
      ],
      value,
    );
  },
  [null, (s, q) => neg(mul(s, zeta(plus(s, 1), q)))],
);

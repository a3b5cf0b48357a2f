/** @file The beta function's logarithm, the incomplete beta function, its density, and its slope in a and b. */
import { partials } from "../rules/diff.ts";
import type { Value } from "../tracer.ts";
import {
  add,
  and,
  div,
  exp,
  log,
  mul,
  neg,
  or,
  sqrt,
  sub,
} from "./elementwise.ts";
import { fill } from "./fill.ts";
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
  same,
  special,
  specialFamily,
  times,
} from "./special-arith.ts";
import {
  digamma,
  lgamma,
  logGammaPositive,
  stirlingCorrection,
} from "./special-gamma.ts";
import { atSingular, depth, logOnePlus } from "./special-incomplete-gamma.ts";
import { halfLogTwoPi, upTo } from "./special-numbers.ts";
import { integral } from "./special-quadrature.ts";

/** log Beta(a, b) for a, b > 0; logarithms of large gamma functions cancel on paper (Stirling's formula), not in digits. */
function logBetaPositive(x: Value, y: Value): Value {
  const a = noMore(x, y);
  const b = atLeast(x, y);
  const total = plus(a, b);
  const largeA = atLeast(a, 10);
  const largeB = atLeast(b, 10);
  const growth = log1p(div(a, largeB));
  const shared = sub(
    stirlingCorrection(largeB),
    stirlingCorrection(atLeast(total, 10)),
  );
  const oneLarge = add(
    logGammaPositive(a),
    add(sub(sub(a, mul(a, log(total))), mul(minus(b, 0.5), growth)), shared),
  );
  const bothLarge = add(
    sub(
      plus(
        mul(minus(largeA, 0.5), log(div(largeA, plus(largeA, largeB)))),
        halfLogTwoPi,
      ),
      plus(mul(b, growth), times(log(largeB), 0.5)),
    ),
    add(stirlingCorrection(largeA), shared),
  );
  const plain = sub(
    add(logGammaPositive(a), logGammaPositive(b)),
    logGammaPositive(total),
  );
  return cases(
    [
      [less(b, 10), plain],
      [less(a, 10), oneLarge],
    ],
    bothLarge,
  );
}

const slopeOfLogBeta = (da: Value, a: Value, b: Value): Value =>
  mul(da, sub(digamma(a), digamma(add(a, b))));

/** log|Beta(a, b)|. */
export const logBeta = special(
  "logBeta",
  2,
  (a, b) =>
    cases(
      [
        [
          or(less(a, 0), less(b, 0)),
          sub(add(lgamma(a), lgamma(b)), lgamma(add(a, b))),
        ],
        [or(same(a, 0), same(b, 0)), Infinity],
      ],
      logBetaPositive(a, b),
    ),
  partials(
    (da, _y, a, b) => slopeOfLogBeta(da, a, b),
    (db, _y, a, b) => slopeOfLogBeta(db, b, a),
  ),
);

/** x^a (1 - x)^b / Beta(a, b), where `rest` is 1 - x. */
function betaTerm(a: Value, b: Value, x: Value, rest: Value): Value {
  const plain = sub(
    add(mul(a, log(x)), mul(b, log(rest))),
    logBetaPositive(a, b),
  );
  // Around the peak x = a / (a + b) both logarithms are small and their first orders cancel.
  const [largeA, largeB] = [atLeast(a, 10), atLeast(b, 10)];
  const total = add(largeA, largeB);
  const off = sub(mul(x, largeB), mul(rest, largeA));
  const joined = add(
    add(
      mul(largeA, logOnePlus(div(off, largeA), div(mul(x, total), largeA))),
      mul(
        largeB,
        logOnePlus(neg(div(off, largeB)), div(mul(rest, total), largeB)),
      ),
    ),
    add(
      minus(times(log(mul(largeA, div(largeB, total))), 0.5), halfLogTwoPi),
      sub(
        stirlingCorrection(total),
        add(stirlingCorrection(largeA), stirlingCorrection(largeB)),
      ),
    ),
  );
  return exp(choose(or(less(a, 10), less(b, 10)), plain, joined));
}

const lifts = 10;

/**
 * I_x(a, b) at x <= a / (a + b): the first terms of its series in x take a to a + 10, and there, with t = the odds of
 * x times e^-s, it is betaTerm times the integral of exp(-a s - (a + b) log(1 - x + x e^-s)), which only falls.
 */
function leftOfPeak(a: Value, b: Value, x: Value, rest: Value): Value {
  let term = over(1, a);
  let head = term;
  for (const k of upTo(lifts - 1)) {
    term = mul(term, mul(x, div(plus(add(a, b), k), plus(a, k + 1))));
    head = add(head, term);
  }
  // From I(a) to I(a + 10): the term of order 10 without its 1 / (a + 10).
  const lifted = mul(term, mul(x, plus(add(a, b), lifts - 1)));
  const big = plus(a, lifts);
  const total = add(big, b);
  const height = (s: Value) =>
    neg(add(mul(big, s), mul(total, log1p(mul(x, expm1(neg(s)))))));
  const slope = sub(big, mul(total, x));
  const bend = mul(total, mul(x, rest));
  let end = over(
    2 * depth,
    plus(slope, sqrt(add(mul(slope, slope), times(bend, 2 * depth)))),
  );
  // The exponent is concave: Newton's method for where it reaches -depth stays beyond it from the first step on.
  for (let step = 0; step < 3; step++) {
    const left = mul(x, exp(neg(end)));
    const fall = sub(big, mul(total, div(left, add(rest, left))));
    end = add(end, div(plus(height(end), depth), fall));
  }
  const tail = integral(end, (s) => exp(height(s)));
  return mul(betaTerm(a, b, x, rest), add(head, mul(lifted, tail)));
}

function betaincInside(a: Value, b: Value, x: Value): Value {
  const rest = minus(1, x);
  const left = choose(less(mul(x, b), mul(rest, a)), fill(1, x.type), 0);
  const isLeft = same(left, 1);
  const value = leftOfPeak(
    choose(isLeft, a, b),
    choose(isLeft, b, a),
    choose(isLeft, x, rest),
    choose(isLeft, rest, x),
  );
  return choose(isLeft, value, minus(1, value));
}

const within = (low: number, x: Value, high: number): Value =>
  and(less(low, x), less(x, high));

/** The density x^(a - 1) (1 - x)^(b - 1) / Beta(a, b): the slope of I in x. */
const betaDensity: (...xs: Value[]) => Value = special(
  "betaDensity",
  3,
  (a, b, x) => {
    const rest = minus(1, x);
    return cases(
      [
        [same(x, 0), atSingular(a, b)],
        [same(rest, 0), atSingular(b, a)],
      ],
      div(betaTerm(a, b, x, rest), mul(x, rest)),
    );
  },
  partials(
    (da, y, a, b, x) => mul(da, mul(y, slopeOfLogDensity(a, b, x))),
    (db, y, a, b, x) => mul(db, mul(y, slopeOfLogDensity(b, a, minus(1, x)))),
    (dx, y, a, b, x) =>
      mul(dx, mul(y, sub(div(minus(a, 1), x), div(minus(b, 1), minus(1, x))))),
  ),
);

const slopeOfLogDensity = (a: Value, b: Value, x: Value): Value =>
  sub(log(x), sub(digamma(a), digamma(add(a, b))));

/** I_x(a, b): the part of the beta function's integral below x, for 0 <= x <= 1. */
export const betainc = specialFamily(
  "betainc",
  (a, b, x) => {
    const inside = and(
      and(within(0, a, Infinity), within(0, b, Infinity)),
      within(0, x, 1),
    );
    const value = betaincInside(
      choose(inside, a, 1),
      choose(inside, b, 1),
      choose(inside, x, 0.5),
    );
    const wrong = or(or(less(a, 0), less(b, 0)), or(less(x, 0), less(1, x)));
    const noMeaning = or(
      and(same(a, 0), same(b, 0)),
      and(same(a, Infinity), same(b, Infinity)),
    );
    const outside = cases(
      [
        [or(wrong, noMeaning), NaN],
        [or(same(a, 0), same(b, Infinity)), 1],
        [or(same(b, 0), same(a, Infinity)), 0],
        [or(same(x, 0), same(x, 1)), x],
      ],
      add(add(a, b), x),
    );
    return choose(inside, value, outside);
  },
  [null, null, betaDensity],
);

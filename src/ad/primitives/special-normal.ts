/** @file The inverse of the normal distribution and of erf, and the logarithm of its tail. */
import { partials } from "../rules/diff.ts";
import type { Value } from "../tracer.ts";
import { div, exp, log, mul, neg, sqrt } from "./elementwise.ts";
import { abs, erfc, log1p } from "./math.ts";
import {
  cases,
  choose,
  less,
  atMost,
  minus,
  noMore,
  over,
  plus,
  polynomial,
  same,
  special,
  times,
} from "./special-arith.ts";
import { halfLogTwoPi } from "./special-numbers.ts";

/** Three ratios of polynomials: the middle, the tail, the far tail (Wichura 1988, algorithm AS 241, PPND16). */
const middle = {
  top: [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513,
    13731.69376550946, 45921.95393154987, 67265.7709270087,
    33430.57558358813, 2509.0809287301227,
  ],
  bottom: [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751,
    21213.794301586597, 39307.89580009271, 28729.085735721943,
    5226.495278852854,
  ],
}; // prettier-ignore
const tail = {
  top: [
    1.4234371107496835, 4.630337846156546, 5.769497221460691,
    3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
    0.022723844989269184, 0.0007745450142783414,
  ],
  bottom: [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851,
    0.14810397642748008, 0.015198666563616457, 0.0005475938084995345,
    1.0507500716444169e-09,
  ],
}; // prettier-ignore
const farTail = {
  top: [
    6.657904643501103, 5.463784911164114, 1.7848265399172913,
    0.29656057182850487, 0.026532189526576124, 0.0012426609473880784,
    2.7115555687434876e-05, 2.0103343992922881e-07,
  ],
  bottom: [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615,
    0.0007868691311456133, 1.8463183175100548e-05, 1.421511758316446e-07,
    2.0442631033899397e-15,
  ],
}; // prettier-ignore

const ratio = (x: Value, { top, bottom }: typeof middle): Value =>
  div(polynomial(x, top), polynomial(x, bottom));

/** The normal quantile of 1/2 + q, where `rest` is the smaller of 1/2 + q and 1/2 - q to all its digits. */
function quantile(q: Value, rest: Value): Value {
  const near = mul(q, ratio(minus(0.180625, mul(q, q)), middle));
  const r = sqrt(neg(log(rest)));
  const far = choose(
    atMost(r, 5),
    ratio(minus(r, 1.6), tail),
    ratio(minus(r, 5), farTail),
  );
  const tails = choose(less(q, 0), neg(far), far);
  return cases(
    [
      [atMost(abs(q), 0.425), near],
      [same(rest, 0), choose(less(q, 0), -Infinity, infinityLike(q))],
      [less(rest, 0), NaN],
    ],
    tails,
  );
}

const infinityLike = (x: Value): Value => choose(same(x, x), Infinity, x);

/** x with (1 + erf(x / sqrt 2)) / 2 = p. */
export const ndtri = special(
  "ndtri",
  1,
  (p) => quantile(minus(p, 0.5), noMore(p, minus(1, p))),
  // dp / density
  partials((dp, x) => mul(dp, exp(plus(times(mul(x, x), 0.5), halfLogTwoPi)))),
);

/** x with erf(x) = y. */
export const erfInv = special(
  "erfInv",
  1,
  (y) =>
    times(quantile(times(y, 0.5), times(minus(1, abs(y)), 0.5)), Math.SQRT1_2),
  partials((dy, x) => mul(dy, times(exp(mul(x, x)), Math.sqrt(Math.PI) / 2))),
);

/** 1 - 1/x^2 + 3/x^4 - 15/x^6 ...: Mills's ratio times |x|, for x below -20 (DLMF 7.12.1). */
const millsSeries = [1, -1, 3, -15, 105, -945, 10395, -135135, 2027025];
const mills = (x: Value): Value => polynomial(over(1, mul(x, x)), millsSeries);
const deep = -20;

const upperTail = (x: Value): Value => times(erfc(times(x, Math.SQRT1_2)), 0.5);
const halfSquare = (x: Value): Value => times(mul(x, x), 0.5);

/** log of the normal distribution function. */
export const logNdtr = special(
  "logNdtr",
  1,
  (x) =>
    cases(
      [
        [
          less(x, deep),
          minus(log(div(mills(x), abs(x))), plus(halfSquare(x), halfLogTwoPi)),
        ],
        [less(x, 0), log(upperTail(neg(x)))],
      ],
      log1p(neg(upperTail(x))),
    ),
  partials((dx, _y, x) => mul(dx, normalHazard(x))),
);

/** Density over distribution function of the normal, the slope of its logarithm. */
const normalHazard: (...xs: Value[]) => Value = special(
  "normalHazard",
  1,
  (x) =>
    choose(
      less(x, deep),
      div(abs(x), mills(x)),
      div(exp(neg(plus(halfSquare(x), halfLogTwoPi))), upperTail(neg(x))),
    ),
  partials((dx, h, x) => neg(mul(dx, mul(h, plus(x, h))))),
);

/** @file The exponential distribution (jax.scipy.stats.expon). */
import { add, exp, log, neg } from "../../primitives/elementwise.ts";
import { expm1, log1p } from "../../primitives/math.ts";
import { atLeast, choose, less } from "../../primitives/special-arith.ts";
import { locationScale } from "./location-scale.ts";
import { off, unless } from "./support.ts";

export const { logpdf, pdf, cdf, logcdf, sf, logsf, ppf } = locationScale(
  "expon",
  {
    logpdf: (y, by) => unless(off(0, y), y, 0, (t) => neg(add(t, log(by)))),
    cdf: (y) => neg(expm1(neg(atLeast(y, 0)))),
    logcdf: (y) => unless(less(y, 0), y, 1, (t) => log(neg(expm1(neg(t))))),
    sf: (y) => exp(neg(atLeast(y, 0))),
    logsf: (y) => neg(atLeast(y, 0)),
    ppf: (q) => choose(off(0, q, 1), NaN, neg(log1p(neg(q)))),
  },
);

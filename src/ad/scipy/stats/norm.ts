/** @file The normal distribution (jax.scipy.stats.norm). */
import { log, mul, neg, sub } from "../../primitives/elementwise.ts";
import { minus, times } from "../../primitives/special-arith.ts";
import { halfLogTwoPi } from "../../primitives/special-numbers.ts";
import { logNdtr, ndtr, ndtri } from "../special/normal.ts";
import { locationScale } from "./location-scale.ts";

/** `logcdf` and `logsf` keep their digits far into the tails. */
export const { logpdf, pdf, cdf, logcdf, sf, logsf, ppf, isf } = locationScale(
  "norm",
  {
    logpdf: (y, by) =>
      sub(minus(times(mul(y, y), -0.5), halfLogTwoPi), log(by)),
    cdf: ndtr,
    logcdf: logNdtr,
    sf: (y) => ndtr(neg(y)),
    logsf: (y) => logNdtr(neg(y)),
    ppf: ndtri,
    isf: (q) => neg(ndtri(q)),
  },
);

/** @file The logistic distribution (jax.scipy.stats.logistic). */
import { add, exp, log, neg } from "../../primitives/elementwise.ts";
import { abs, log1p } from "../../primitives/math.ts";
import { times } from "../../primitives/special-arith.ts";
import { expit, logit } from "../special/entropy.ts";
import { locationScale } from "./location-scale.ts";

export const { logpdf, pdf, cdf, sf, ppf, isf } = locationScale("logistic", {
  logpdf(y, by) {
    const size = abs(y);
    return neg(add(add(size, log(by)), times(log1p(exp(neg(size))), 2)));
  },
  cdf: expit,
  sf: (y) => expit(neg(y)),
  ppf: logit,
  isf: (q) => neg(logit(q)),
});

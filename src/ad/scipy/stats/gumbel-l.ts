/** @file The Gumbel distribution of minima (jax.scipy.stats.gumbel_l). */
import { exp, log, neg, sub } from "../../primitives/elementwise.ts";
import { expm1, log1p } from "../../primitives/math.ts";
import { locationScale } from "./location-scale.ts";

export const { logpdf, pdf, cdf, logcdf, sf, logsf, ppf } = locationScale(
  "gumbelL",
  {
    logpdf: (y, by) => sub(sub(y, exp(y)), log(by)),
    cdf: (y) => neg(expm1(neg(exp(y)))),
    logcdf: (y) => log(neg(expm1(neg(exp(y))))),
    sf: (y) => exp(neg(exp(y))),
    logsf: (y) => neg(exp(y)),
    ppf: (q) => log(neg(log1p(neg(q)))),
  },
);

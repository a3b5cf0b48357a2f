/** @file The Gumbel distribution of maxima (jax.scipy.stats.gumbel_r). */
import { exp, log, neg, sub } from "../../primitives/elementwise.ts";
import { expm1 } from "../../primitives/math.ts";
import { locationScale } from "./location-scale.ts";

export const { logpdf, pdf, cdf, logcdf, sf, logsf, ppf } = locationScale(
  "gumbelR",
  {
    logpdf: (y, by) => sub(sub(neg(y), exp(neg(y))), log(by)),
    cdf: (y) => exp(neg(exp(neg(y)))),
    logcdf: (y) => neg(exp(neg(y))),
    sf: (y) => neg(expm1(neg(exp(neg(y))))),
    logsf: (y) => log(neg(expm1(neg(exp(neg(y)))))),
    ppf: (q) => neg(log(neg(log(q)))),
  },
);

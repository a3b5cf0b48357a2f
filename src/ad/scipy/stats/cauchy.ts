/** @file The Cauchy distribution (jax.scipy.stats.cauchy). */
import { add, div, log, mul, neg } from "../../primitives/elementwise.ts";
import { fill } from "../../primitives/fill.ts";
import { atan2, cos, log1p, sin } from "../../primitives/math.ts";
import { times } from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import { locationScale } from "./location-scale.ts";

/** atan2(1, -y) / pi, which keeps its digits far below 0. */
const lowerTail = (y: Value): Value =>
  times(atan2(fill(1, y.type), neg(y)), 1 / Math.PI);

/** -cot(pi q) */
const quantile = (q: Value): Value => {
  const angle = times(q, Math.PI);
  return neg(div(cos(angle), sin(angle)));
};

export const { logpdf, pdf, cdf, logcdf, sf, logsf, ppf, isf } = locationScale(
  "cauchy",
  {
    logpdf: (y, by) => neg(add(log1p(mul(y, y)), log(times(by, Math.PI)))),
    cdf: lowerTail,
    logcdf: (y) => log(lowerTail(y)),
    sf: (y) => lowerTail(neg(y)),
    logsf: (y) => log(lowerTail(neg(y))),
    ppf: quantile,
    isf: (q) => neg(quantile(q)),
  },
);

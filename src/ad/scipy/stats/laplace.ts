/** @file The Laplace distribution (jax.scipy.stats.laplace). */
import { add, exp, log, neg } from "../../primitives/elementwise.ts";
import { abs } from "../../primitives/math.ts";
import { choose, less, minus, times } from "../../primitives/special-arith.ts";
import { locationScale } from "./location-scale.ts";

export const { logpdf, pdf, cdf } = locationScale("laplace", {
  logpdf: (y, by) => neg(add(abs(y), log(times(by, 2)))),
  cdf(y) {
    const tail = times(exp(neg(abs(y))), 0.5);
    return choose(less(y, 0), tail, minus(1, tail));
  },
});

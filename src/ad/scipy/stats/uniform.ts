/** @file The uniform distribution on loc..loc + scale (jax.scipy.stats.uniform). */
import { log, neg } from "../../primitives/elementwise.ts";
import {
  atLeast,
  cases,
  choose,
  noMore,
  same,
} from "../../primitives/special-arith.ts";
import { locationScale } from "./location-scale.ts";
import { off } from "./support.ts";

export const { logpdf, pdf, cdf, ppf } = locationScale("uniform", {
  logpdf: (y, by) =>
    cases(
      [
        [off(0, y, 1), -Infinity],
        [same(y, y), neg(log(by))],
      ],
      y,
    ),
  cdf: (y) => noMore(atLeast(y, 0), 1),
  ppf: (q) => choose(off(0, q, 1), NaN, q),
});

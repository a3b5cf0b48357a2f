/** @file The multivariate normal distribution (jax.scipy.stats.multivariate_normal). */
import { cholesky, solveTriangular } from "../../linalg/index.ts";
import { broadcastTo, promoteDtypes, toFloat } from "../../numpy/promote.ts";
import {
  add,
  div,
  log,
  mul,
  select,
  sub,
} from "../../primitives/elementwise.ts";
import { fill, iota, zeros } from "../../primitives/fill.ts";
import { plus, times } from "../../primitives/special-arith.ts";
import { reshape, sum } from "../../primitives/structural.ts";
import { eq } from "../../primitives/elementwise.ts";
import { broadcastShapes, showShape } from "../../shape.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { exponential } from "./support.ts";

const logTwoPi = Math.log(2 * Math.PI);

/**
 * log of the density at x (..., n) with `mean` (..., n) and `cov` (..., n, n), a scalar for a multiple of the identity;
 * leading axes broadcast. With a scalar mean and cov it is the density of each element of x.
 */
export function logpdf(x: ArrayLike, mean: ArrayLike, cov: ArrayLike): Value {
  const who = "multivariateNormal.logpdf";
  const [at, center, spread] = promoteDtypes(who, [x, mean, cov]).map((v) =>
    toFloat(who, v),
  );
  const shape = broadcastShapes(who, [at.shape, center.shape]);
  const off = sub(broadcastTo(at, shape), broadcastTo(center, shape));
  if (center.ndim === 0) {
    if (spread.ndim > 0) throw misfit(who, center, spread);
    const by = broadcastTo(spread, shape);
    return times(plus(add(log(by), div(mul(off, off), by)), logTwoPi), -0.5);
  }
  const n = shape[shape.length - 1];
  if (spread.ndim === 0) {
    const by = broadcastTo(spread, shape);
    return times(
      sum(plus(add(log(by), div(mul(off, off), by)), logTwoPi), [
        shape.length - 1,
      ]),
      -0.5,
    );
  }
  if (spread.ndim === 1 || spread.shape.slice(-2).some((size) => size !== n))
    throw misfit(who, center, spread);
  return whitened(who, off, cholesky(spread), n);
}

/** From the distance to the mean and the Cholesky factor of the covariance. */
function whitened(who: string, off: Value, factor: Value, n: number): Value {
  const lead = broadcastShapes(who, [
    off.shape.slice(0, -1),
    factor.shape.slice(0, -2),
  ]);
  const column = reshape(broadcastTo(off, [...lead, n]), [...lead, n, 1]);
  const white = solveTriangular(factor, column, { lower: true });
  const squares = sum(mul(white, white), [lead.length, lead.length + 1]);
  const diagonal = eq(
    iota(factor.shape, factor.ndim - 2),
    iota(factor.shape, factor.ndim - 1),
  );
  const ones = fill(1, factor.type);
  const logs = select(
    diagonal,
    log(select(diagonal, factor, ones)),
    zeros(factor.type),
  );
  const logRoot = broadcastTo(
    sum(logs, [factor.ndim - 2, factor.ndim - 1]),
    lead,
  );
  return sub(times(plus(squares, n * logTwoPi), -0.5), logRoot);
}

const misfit = (who: string, mean: Value, cov: Value) =>
  new TypeError(
    `${who}: expected a scalar covariance or one of shape [..., n, n] for a mean of shape [..., n], got ${showShape(cov.shape)} and ${showShape(mean.shape)}`,
  );

/** The density at x. */
export const pdf: typeof logpdf = exponential(logpdf);

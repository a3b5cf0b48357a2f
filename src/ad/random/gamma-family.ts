/** @file Distributions made of gamma samples: beta, Dirichlet, chi-square, F, t, generalised normal, balls. */
import * as np from "../numpy/index.ts";
import { showShape, type Shape } from "../shape.ts";
import { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import { rademacher } from "./discrete.ts";
import { gamma, loggamma } from "./gamma.ts";
import { splitKeys } from "./key.ts";
import { normal } from "./normal.ts";
import { exponential } from "./quantile.ts";
import {
  commonShape,
  parameter,
  sampleDtype,
  sampleShape,
  type FloatOptions,
} from "./sample.ts";

/** Beta samples (jax.random.beta). */
export function beta(
  key: Value,
  a: ArrayLike,
  b: ArrayLike,
  shape?: Shape,
  options: FloatOptions = {},
): Value {
  const dtype = sampleDtype("beta", options, a, b);
  const full = sampleShape("beta", shape, a, b);
  const [aKey, bKey] = splitKeys(key);
  const logA = loggamma(aKey, a, full, { dtype });
  const logB = loggamma(bKey, b, full, { dtype });
  const top = np.maximum(logA, logB);
  const [x, y] = [logA, logB].map((log) => np.exp(np.subtract(log, top)));
  return np.divide(x, np.add(x, y));
}

/** Points (..., k) of the simplex, alpha (..., k); `shape` is that without the last axis (jax.random.dirichlet). */
export function dirichlet(
  key: Value,
  alpha: Value,
  shape?: Shape,
  options: FloatOptions = {},
): Value {
  if (!(alpha instanceof Value) || alpha.ndim === 0)
    throw new TypeError(
      `dirichlet: expected alpha with at least one axis, got ${alpha instanceof Value ? showShape(alpha.shape) : String(alpha)}`,
    );
  const dtype = sampleDtype("dirichlet", options, alpha);
  const last = alpha.ndim - 1;
  const lead = commonShape("dirichlet", shape, [alpha.shape.slice(0, last)]);
  const logs = loggamma(key, alpha, [...lead, alpha.shape[last]], { dtype });
  const x = np.exp(
    np.subtract(logs, np.max(logs, { axis: -1, keepdims: true })),
  );
  return np.divide(x, np.sum(x, { axis: -1, keepdims: true }));
}

/** Chi-square samples of `df` degrees of freedom (jax.random.chisquare). */
export function chisquare(
  key: Value,
  df: ArrayLike,
  shape?: Shape,
  options: FloatOptions = {},
): Value {
  const dtype = sampleDtype("chisquare", options, df);
  const full = sampleShape("chisquare", shape, df);
  const half = np.divide(parameter("chisquare", df, full, dtype), 2);
  return np.multiply(np.exp(loggamma(key, half, full, { dtype })), 2);
}

/** F samples: a ratio of chi-squares over their degrees of freedom (jax.random.f). */
export function f(
  key: Value,
  dfnum: ArrayLike,
  dfden: ArrayLike,
  shape?: Shape,
  options: FloatOptions = {},
): Value {
  const dtype = sampleDtype("f", options, dfnum, dfden);
  const full = sampleShape("f", shape, dfnum, dfden);
  const [denKey, numKey] = splitKeys(key);
  const mean = (key: Value, df: ArrayLike) =>
    np.divide(
      chisquare(key, df, full, { dtype }),
      parameter("f", df, full, dtype),
    );
  return np.divide(mean(numKey, dfnum), mean(denKey, dfden));
}

/** Student's t samples of `df` degrees of freedom (jax.random.t). */
export function t(
  key: Value,
  df: ArrayLike,
  shape?: Shape,
  options: FloatOptions = {},
): Value {
  const dtype = sampleDtype("t", options, df);
  const full = sampleShape("t", shape, df);
  const [normalKey, gammaKey] = splitKeys(key);
  const half = np.divide(parameter("t", df, full, dtype), 2);
  const g = gamma(gammaKey, half, full, { dtype });
  return np.multiply(
    normal(normalKey, full, { dtype }),
    np.sqrt(np.divide(half, g)),
  );
}

/** Samples of density proportional to exp(-|x|^p) (jax.random.generalized_normal). */
export function generalizedNormal(
  key: Value,
  p: number,
  shape: Shape = [],
  options: FloatOptions = {},
): Value {
  const dtype = sampleDtype("generalizedNormal", options);
  const [gammaKey, signKey] = splitKeys(key);
  const size = np.power(gamma(gammaKey, 1 / p, shape, { dtype }), 1 / p);
  return np.multiply(rademacher(signKey, shape, { dtype }), size);
}

/** Points (...shape, d) uniform in the unit ball of the p-norm (jax.random.ball). */
export function ball(
  key: Value,
  d: number,
  p = 2,
  shape: Shape = [],
  options: FloatOptions = {},
): Value {
  const dtype = sampleDtype("ball", options);
  const [pointKey, radiusKey] = splitKeys(key);
  const g = generalizedNormal(pointKey, p, [...shape, d], { dtype });
  const e = exponential(radiusKey, shape, { dtype });
  const total = np.add(np.sum(np.power(np.abs(g), p), { axis: -1 }), e);
  return np.divide(g, np.expandDims(np.power(total, 1 / p), -1));
}

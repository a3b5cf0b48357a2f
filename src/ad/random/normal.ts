/** @file The normal distribution and what is made of it element by element. */
import * as np from "../numpy/index.ts";
import { stopGradient } from "../primitives/elementwise.ts";
import { erf, erfinv } from "../scipy/special/index.ts";
import type { Shape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import { rademacher } from "./discrete.ts";
import { splitKeys } from "./key.ts";
import {
  parameter,
  sampleDtype,
  sampleShape,
  type FloatOptions,
} from "./sample.ts";
import { uniform } from "./uniform.ts";

/** Standard normal samples (jax.random.normal): the quantiles of uniform ones. */
export function normal(
  key: Value,
  shape: Shape = [],
  options: FloatOptions = {},
): Value {
  const dtype = sampleDtype("normal", options);
  // -1 itself has no quantile.
  const minval = -1 + (dtype === "float32" ? 2 ** -24 : 2 ** -53);
  const u = uniform(key, shape, { dtype, minval, maxval: 1 });
  return np.multiply(erfinv(u), Math.SQRT2);
}

/** Standard normal samples strictly between `lower` and `upper` (jax.random.truncated_normal). */
export function truncatedNormal(
  key: Value,
  lower: ArrayLike,
  upper: ArrayLike,
  shape?: Shape,
  options: FloatOptions = {},
): Value {
  const who = "truncatedNormal";
  const dtype = sampleDtype(who, options, lower, upper);
  const full = sampleShape(who, shape, lower, upper);
  const [low, high] = [lower, upper].map((x) => parameter(who, x, full, dtype));
  const mass = (x: Value) => erf(np.divide(x, Math.SQRT2));
  const u = uniform(key, full, {
    dtype,
    minval: mass(low),
    maxval: mass(high),
  });
  const inside = (x: Value, towards: number) =>
    np.nextafter(stopGradient(x), towards);
  return np.clip(
    np.multiply(erfinv(u), Math.SQRT2),
    inside(low, Infinity),
    inside(high, -Infinity),
  );
}

/** exp(sigma z), z standard normal (jax.random.lognormal). */
export function lognormal(
  key: Value,
  sigma: ArrayLike = 1,
  shape?: Shape,
  options: FloatOptions = {},
): Value {
  const dtype = sampleDtype("lognormal", options, sigma);
  const full = sampleShape("lognormal", shape, sigma);
  const scale = parameter("lognormal", sigma, full, dtype);
  return np.exp(np.multiply(normal(key, full, { dtype }), scale));
}

/** The length of three standard normals, a vector of R^3 (jax.random.maxwell). */
export function maxwell(
  key: Value,
  shape: Shape = [],
  options: FloatOptions = {},
): Value {
  const dtype = sampleDtype("maxwell", options);
  const z = normal(key, [...shape, 3], { dtype });
  return np.sqrt(np.sum(np.multiply(z, z), { axis: -1 }));
}

/**
 * loc + scale times a Maxwell sample of random sign (jax.random.double_sided_maxwell), of shape `shape` (by default
 * the parameters') followed by the parameters' shape, as there.
 */
export function doubleSidedMaxwell(
  key: Value,
  loc: ArrayLike,
  scale: ArrayLike,
  shape: Shape = [],
  options: FloatOptions = {},
): Value {
  const who = "doubleSidedMaxwell";
  const dtype = sampleDtype(who, options, loc, scale);
  const own = sampleShape(who, undefined, loc, scale);
  const full = [...(shape.length > 0 ? shape : own), ...own];
  const [maxwellKey, signKey] = splitKeys(key);
  const signed = np.multiply(
    rademacher(signKey, full, { dtype }),
    maxwell(maxwellKey, full, { dtype }),
  );
  return np.add(
    np.multiply(signed, parameter(who, scale, full, dtype)),
    parameter(who, loc, full, dtype),
  );
}

/** The inverse Gaussian distribution with shape 1 (jax.random.wald), by Michael, Schucany and Haas (1976). */
export function wald(
  key: Value,
  mean: ArrayLike,
  shape?: Shape,
  options: FloatOptions = {},
): Value {
  const dtype = sampleDtype("wald", options, mean);
  const full = sampleShape("wald", shape, mean);
  const mu = parameter("wald", mean, full, dtype);
  const [normalKey, uniformKey] = splitKeys(key);
  const z = normal(normalKey, full, { dtype });
  const u = uniform(uniformKey, full, { dtype });
  const y = np.multiply(z, z);
  const muY = np.multiply(mu, y);
  const root = np.sqrt(np.add(np.multiply(4, muY), np.multiply(muY, muY)));
  const half = np.divide(mu, 2);
  const x = np.add(mu, np.multiply(half, np.subtract(muY, root)));
  const isNear = np.lessEqual(u, np.divide(mu, np.add(mu, x)));
  return np.where(isNear, x, np.divide(np.multiply(mu, mu), x));
}

/** @file Distributions whose quantile function is elementary: it is applied to uniform samples. */
import type { DType } from "../dtype.ts";
import * as np from "../numpy/index.ts";
import { sliceAxis } from "../primitives/slicing.ts";
import { reshape } from "../primitives/structural.ts";
import type { Shape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import {
  parameter,
  sampleDtype,
  sampleShape,
  type FloatOptions,
} from "./sample.ts";
import { uniform } from "./uniform.ts";

interface Limits {
  /** The smallest normal number. */
  readonly tiny: number;
  /** 1 + eps is the number after 1. */
  readonly eps: number;
}
const limits = (dtype: DType): Limits =>
  dtype === "float32"
    ? { tiny: 2 ** -126, eps: 2 ** -23 }
    : { tiny: 2 ** -1022, eps: 2 ** -52 };

/** Exponential samples of rate 1 (jax.random.exponential). */
export function exponential(
  key: Value,
  shape: Shape = [],
  options: FloatOptions = {},
): Value {
  const dtype = sampleDtype("exponential", options);
  return np.negative(np.log1p(np.negative(uniform(key, shape, { dtype }))));
}

export interface GumbelOptions extends FloatOptions {
  /** `high` resolves the upper tail with twice the bits; `low` is the default. */
  readonly mode?: "low" | "high";
}

/** Standard Gumbel samples (jax.random.gumbel). */
export function gumbel(
  key: Value,
  shape: Shape = [],
  options: GumbelOptions = {},
): Value {
  const dtype = sampleDtype("gumbel", options);
  const { tiny, eps } = limits(dtype);
  if (options.mode !== "high") {
    const u = uniform(key, shape, { dtype, minval: tiny });
    return np.negative(np.log(np.negative(np.log(u))));
  }
  const both = uniform(key, [2, ...shape], { dtype });
  const part = (i: number) => reshape(sliceAxis(both, 0, i, i + 1), shape);
  const [high, low] = [part(0), part(1)];
  const fine = np.add(np.add(high, np.multiply(low, eps)), tiny);
  const x = np.where(np.less(high, 0.5), fine, high);
  return np.negative(np.log(np.negative(np.log1p(np.negative(x)))));
}

/** Standard Laplace samples (jax.random.laplace). */
export function laplace(
  key: Value,
  shape: Shape = [],
  options: FloatOptions = {},
): Value {
  const dtype = sampleDtype("laplace", options);
  const minval = -1 + limits(dtype).eps / 2;
  const u = uniform(key, shape, { dtype, minval });
  return np.multiply(np.sign(u), np.log1p(np.negative(np.abs(u))));
}

/** Standard logistic samples (jax.random.logistic). */
export function logistic(
  key: Value,
  shape: Shape = [],
  options: FloatOptions = {},
): Value {
  const dtype = sampleDtype("logistic", options);
  const u = uniform(key, shape, { dtype, minval: limits(dtype).tiny });
  return np.subtract(np.log(u), np.log1p(np.negative(u)));
}

/** Standard Cauchy samples (jax.random.cauchy). */
export function cauchy(
  key: Value,
  shape: Shape = [],
  options: FloatOptions = {},
): Value {
  const dtype = sampleDtype("cauchy", options);
  const u = uniform(key, shape, { dtype, minval: limits(dtype).eps });
  return np.tan(np.multiply(np.subtract(u, 0.5), Math.PI));
}

/** Pareto samples of lowest value 1 and exponent `b` (jax.random.pareto). */
export function pareto(
  key: Value,
  b: ArrayLike,
  shape?: Shape,
  options: FloatOptions = {},
): Value {
  const dtype = sampleDtype("pareto", options, b);
  const full = sampleShape("pareto", shape, b);
  const exponent = parameter("pareto", b, full, dtype);
  return np.exp(np.divide(exponential(key, full, { dtype }), exponent));
}

/** Rayleigh samples (jax.random.rayleigh). */
export function rayleigh(
  key: Value,
  scale: ArrayLike,
  shape?: Shape,
  options: FloatOptions = {},
): Value {
  const dtype = sampleDtype("rayleigh", options, scale);
  const full = sampleShape("rayleigh", shape, scale);
  const u = uniform(key, full, { dtype });
  return np.multiply(
    parameter("rayleigh", scale, full, dtype),
    np.sqrt(np.multiply(np.log(u), -2)),
  );
}

/** Weibull samples; the parameters broadcast with `shape` (jax.random.weibull_min). */
export function weibullMin(
  key: Value,
  scale: ArrayLike,
  concentration: ArrayLike,
  shape: Shape = [],
  options: FloatOptions = {},
): Value {
  const who = "weibullMin";
  const dtype = sampleDtype(who, options, scale, concentration);
  const [size, exponent] = [scale, concentration].map((x) =>
    parameter(who, x, sampleShape(who, undefined, x), dtype),
  );
  const e = exponential(key, shape, { dtype });
  return np.multiply(np.power(e, np.divide(1, exponent)), size);
}

/** Triangular samples between `left` and `right`, likeliest at `mode` (jax.random.triangular). */
export function triangular(
  key: Value,
  left: ArrayLike,
  mode: ArrayLike,
  right: ArrayLike,
  shape?: Shape,
  options: FloatOptions = {},
): Value {
  const who = "triangular";
  const dtype = sampleDtype(who, options, left, mode, right);
  const full = sampleShape(who, shape, left, mode, right);
  const [a, c, b] = [left, mode, right].map((x) =>
    parameter(who, x, full, dtype),
  );
  const u = uniform(key, full, { dtype });
  const [width, below, above] = [
    np.subtract(b, a),
    np.subtract(c, a),
    np.subtract(b, c),
  ];
  const root = (mass: Value, part: Value) =>
    np.sqrt(np.multiply(np.multiply(mass, width), part));
  return np.where(
    np.less(u, np.divide(below, width)),
    np.add(a, root(u, below)),
    np.subtract(b, root(np.subtract(1, u), above)),
  );
}

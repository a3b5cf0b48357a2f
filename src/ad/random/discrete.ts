/** @file Discrete distributions without a loop: coins, categories, waiting times. */
import { isFloat, type DType } from "../dtype.ts";
import * as np from "../numpy/index.ts";
import { topK } from "../numpy/sort.ts";
import { convert } from "../primitives/elementwise.ts";
import { sliceAxis } from "../primitives/slicing.ts";
import { moveAxis, reshape } from "../primitives/structural.ts";
import {
  insertAxis,
  normalizeAxis,
  removeAxis,
  showShape,
  sizeOf,
  type Shape,
} from "../shape.ts";
import { Value } from "../tracer.ts";
import { asValue, scalar, type ArrayLike } from "../value.ts";
import { gumbel } from "./quantile.ts";
import { commonShape, parameter, sampleDtype, sampleShape } from "./sample.ts";
import { uniform } from "./uniform.ts";

export interface BernoulliOptions {
  /** `high` compares with twice the bits, for small `p`; `low` is the default. */
  readonly mode?: "low" | "high";
}

/** Booleans, true with probability `p` (jax.random.bernoulli). */
export function bernoulli(
  key: Value,
  p: ArrayLike = 0.5,
  shape?: Shape,
  { mode = "low" }: BernoulliOptions = {},
): Value {
  if (p instanceof Value && !isFloat(p.dtype))
    throw new TypeError(
      `bernoulli: expected a probability of float dtype, got ${p.dtype}`,
    );
  const dtype = sampleDtype("bernoulli", {}, p);
  const full = sampleShape("bernoulli", shape, p);
  const chance = parameter("bernoulli", p, full, dtype);
  if (mode === "low") return np.less(uniform(key, full, { dtype }), chance);
  const both = uniform(key, [2, ...full], { dtype });
  const part = (i: number) => reshape(sliceAxis(both, 0, i, i + 1), full);
  const resolution = dtype === "float32" ? 2 ** -23 : 2 ** -52;
  return np.less(
    np.multiply(part(1), resolution),
    np.subtract(chance, part(0)),
  );
}

/** -1 or 1, each as likely as the other, int32 by default (jax.random.rademacher). */
export function rademacher(
  key: Value,
  shape: Shape = [],
  { dtype = "int32" }: { readonly dtype?: DType } = {},
): Value {
  // JAX tosses a coin of as many bits as its widest float has.
  const half = scalar(0.5, dtype === "float64" ? "float64" : "float32");
  const heads = convert(bernoulli(key, half, shape), dtype);
  return np.subtract(np.multiply(heads, 2), 1);
}

/** The number of trials up to the first success, int32 by default (jax.random.geometric). */
export function geometric(
  key: Value,
  p: ArrayLike,
  shape?: Shape,
  { dtype = "int32" }: { readonly dtype?: DType } = {},
): Value {
  const float = sampleDtype("geometric", {}, p);
  const full = sampleShape("geometric", shape, p);
  const u = uniform(key, full, { dtype: float });
  // 0 has no logarithm.
  const logU = np.log(np.where(np.equal(u, 0), 1, u));
  const chance = parameter("geometric", p, full, float);
  const failures = np.divide(logU, np.log1p(np.negative(chance)));
  return convert(np.add(np.floor(failures), 1), dtype);
}

export interface CategoricalOptions {
  /** The axis of the categories, by default the last. */
  readonly axis?: number;
  /** By default that of `logits` without `axis`; it must end in that shape. */
  readonly shape?: Shape;
  /** Without replacement the leading axes of `shape` hold different categories. */
  readonly replace?: boolean;
  readonly mode?: "low" | "high";
}

/** Indices of categories drawn with probabilities softmax(logits), int32 (jax.random.categorical). */
export function categorical(
  key: Value,
  logits: ArrayLike,
  options: CategoricalOptions = {},
): Value {
  const { axis = -1, replace = true, mode = "low" } = options;
  const given = asValue("categorical", logits);
  const x = isFloat(given.dtype) ? given : convert(given, "float32");
  const at = normalizeAxis("categorical", axis, x.ndim);
  const own = removeAxis(x.shape, at);
  const shape = commonShape("categorical", options.shape, [own]);
  const prefix = shape.slice(0, shape.length - own.length);
  const { dtype } = x;
  if (replace) {
    const rest = shape.slice(prefix.length);
    const noise = gumbel(
      key,
      [...prefix, ...insertAxis(rest, at, x.shape[at])],
      { dtype, mode },
    );
    // The prefix's axes come before those of the logits.
    return np.argmax(np.add(noise, x), { axis: prefix.length + at });
  }
  const count = sizeOf(prefix);
  if (count > x.shape[at])
    throw new RangeError(
      `categorical: expected at most ${x.shape[at]} draws without replacement from axis ${at} of ${showShape(x.shape)}, got ${count}`,
    );
  const scores = np.add(x, gumbel(key, x.shape, { dtype, mode }));
  const [, best] = topK(scores, count, { axis: at });
  return reshape(moveAxis(best, at, 0), shape);
}

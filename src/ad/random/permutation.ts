/** @file Orders and choices: shuffling by sorting under random keys, and drawing from given values. */
import { isFloat } from "../dtype.ts";
import { cumsum } from "../numpy/cumulative.ts";
import * as np from "../numpy/index.ts";
import { searchsorted } from "../numpy/search.ts";
import { topK } from "../numpy/sort.ts";
import { convert } from "../primitives/elementwise.ts";
import { iota } from "../primitives/fill.ts";
import { sliceAxis } from "../primitives/slicing.ts";
import { argsort, pickAlong } from "../primitives/sort.ts";
import { reshape } from "../primitives/structural.ts";
import { normalizeAxis, showType, sizeOf, type Shape } from "../shape.ts";
import { Value } from "../tracer.ts";
import { asKey, bits, splitKeys } from "./key.ts";
import { gumbel } from "./quantile.ts";
import { randint, uniform } from "./uniform.ts";

/**
 * Every line along `axis` in an order of its own. Words of 32 bits collide, so the sort is repeated with fresh ones: three
 * words in the logarithm of the size make an order in which any two elements were apart once (JAX's count of rounds).
 */
function shuffled(key: Value, x: Value, axis: number): Value {
  const rounds = Math.ceil(
    (3 * Math.log(Math.max(1, x.size))) / Math.log(2 ** 32 - 1),
  );
  let [next, out] = [key, x];
  for (let round = 0; round < rounds; round++) {
    const [rest, own] = splitKeys(next);
    out = pickAlong(out, argsort([bits(own, x.shape)], axis), axis);
    next = rest;
  }
  return out;
}

/** The indices 0..n-1 of `n`, or an array with an axis of its elements; `axis` non-negative. */
function population(
  who: string,
  x: Value | number,
  axis: number,
): { x: Value; axis: number } {
  if (!(x instanceof Value)) {
    if (!Number.isInteger(x) || x < 0)
      throw new RangeError(
        `${who}: expected an array or a non-negative integer, got ${String(x)}`,
      );
    return { x: iota([x]), axis: 0 };
  }
  return { x, axis: normalizeAxis(who, axis, x.ndim) };
}

export interface PermutationOptions {
  readonly axis?: number;
  /** Whether every line along `axis` gets an order of its own; by default all get the same. */
  readonly independent?: boolean;
}

/** The elements of `x` along an axis, or the integers below `x`, in random order (jax.random.permutation). */
export function permutation(
  key: Value,
  x: Value | number,
  options: PermutationOptions = {},
): Value {
  asKey("permutation", key);
  const { x: values, axis } = population("permutation", x, options.axis ?? 0);
  if (options.independent || values.ndim === 1)
    return shuffled(key, values, axis);
  const order = shuffled(key, iota([values.shape[axis]]), 0);
  return np.take(values, order, axis);
}

export interface ChoiceOptions {
  /** Whether an element may be drawn twice, which is the default. */
  readonly replace?: boolean;
  /** The probability of each element along the axis; by default all are equally likely. */
  readonly p?: Value;
  readonly axis?: number;
  /** How fine the noise is that draws without replacement by `p`; see `gumbel`. */
  readonly mode?: "low" | "high";
}

/** Elements of `a` along an axis, or integers below `a`; the axes of `shape` take the axis' place (jax.random.choice). */
export function choice(
  key: Value,
  a: Value | number,
  shape: Shape = [],
  options: ChoiceOptions = {},
): Value {
  asKey("choice", key);
  const { replace = true, p, mode = "low" } = options;
  const { x, axis } = population("choice", a, options.axis ?? 0);
  const n = x.shape[axis];
  const draws = sizeOf(shape);
  if (draws > 0 && (n === 0 || (!replace && draws > n)))
    throw new RangeError(
      `choice: expected at most ${replace ? "no" : n} draws ${replace ? "from nothing" : "without replacement"} along axis ${axis}, got ${draws}`,
    );
  if (p && (p.ndim !== 1 || p.shape[0] !== n))
    throw new TypeError(
      `choice: expected probabilities of shape [${n}] for axis ${axis}, got ${showType(p.type)}`,
    );
  if (!replace && !p) {
    const first = sliceAxis(permutation(key, x, { axis }), axis, 0, draws);
    return reshape(first, [
      ...x.shape.slice(0, axis),
      ...shape,
      ...x.shape.slice(axis + 1),
    ]);
  }
  const weights = p && !isFloat(p.dtype) ? convert(p, "float32") : p;
  const indices = () => {
    if (!weights) return randint(key, shape, 0, n);
    const { dtype } = weights;
    if (!replace) {
      const scores = np.add(gumbel(key, [n], { dtype, mode }), np.log(weights));
      return reshape(topK(scores, draws)[1], shape);
    }
    const sums = cumsum(weights);
    const total = reshape(sliceAxis(sums, 0, n - 1, n), []);
    const u = uniform(key, shape, { dtype });
    return searchsorted(sums, np.multiply(total, np.subtract(1, u)));
  };
  return draws === 0
    ? np.zeros(
        [...x.shape.slice(0, axis), ...shape, ...x.shape.slice(axis + 1)],
        x.dtype,
      )
    : np.take(x, indices(), axis);
}

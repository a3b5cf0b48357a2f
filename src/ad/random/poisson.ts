/** @file Poisson samples: Knuth's product of uniforms for small rates, Hörmann's rejection for large ones. */
import type { DType } from "../dtype.ts";
import { whileLoop } from "../control/while.ts";
import * as np from "../numpy/index.ts";
import { all, any } from "../numpy/reduce.ts";
import { convert } from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { gammaln } from "../scipy/special/index.ts";
import type { Shape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import { asKey, splitKeys } from "./key.ts";
import { parameter, sampleShape } from "./sample.ts";
import { uniform } from "./uniform.ts";

/** How many uniforms it takes until their product is below exp(-rate). */
function byProducts(key: Value, rate: Value): Value {
  const { shape } = rate;
  const lowest = np.negative(rate);
  const isAbove = (logs: Value) => np.less(lowest, logs);
  const { count } = whileLoop(
    ({ logs }) => any(isAbove(logs)),
    ({ key, count, logs }) => {
      const [next, own] = splitKeys(key);
      return {
        key: next,
        count: np.add(count, convert(isAbove(logs), "int32")),
        logs: np.add(logs, np.log(uniform(own, shape))),
      };
    },
    { key, count: np.zeros(shape, "int32"), logs: np.zeros(shape) },
  );
  return np.subtract(count, 1);
}

/** Transformed rejection with squeeze, PTRS (Hörmann, Insurance: Mathematics and Economics 12, 1993). */
function byRejection(key: Value, rate: Value): Value {
  const { shape } = rate;
  const logRate = np.log(rate);
  const b = np.add(0.931, np.multiply(2.53, np.sqrt(rate)));
  const a = np.add(-0.059, np.multiply(0.02483, b));
  const inverseAlpha = np.add(1.1239, np.divide(1.1328, np.subtract(b, 3.4)));
  const vAccepted = np.subtract(0.9277, np.divide(3.6224, np.subtract(b, 2)));
  const propose = (uKey: Value, vKey: Value) => {
    const u = np.subtract(uniform(uKey, shape), 0.5);
    const v = uniform(vKey, shape);
    const us = np.subtract(0.5, np.abs(u));
    const slope = np.add(np.divide(np.multiply(2, a), us), b);
    const k = np.floor(np.add(np.add(np.multiply(slope, u), rate), 0.43));
    const hat = np.add(np.divide(a, np.multiply(us, us)), b);
    const s = np.log(np.divide(np.multiply(v, inverseAlpha), hat));
    const logMass = np.subtract(
      np.subtract(np.multiply(k, logRate), rate),
      gammaln(np.add(k, 1)),
    );
    const isInside = np.logicalAnd(
      np.lessEqual(0.07, us),
      np.lessEqual(v, vAccepted),
    );
    const isOutside = np.logicalOr(
      np.less(k, 0),
      np.logicalAnd(np.less(us, 0.013), np.less(us, v)),
    );
    const isBelow = np.logicalAnd(
      np.logicalNot(isOutside),
      np.lessEqual(s, logMass),
    );
    return { k, isAccepted: np.logicalOr(isInside, isBelow) };
  };
  const { count } = whileLoop(
    ({ done }) => np.logicalNot(all(done)),
    ({ key, count, done }) => {
      const [next, uKey, vKey] = splitKeys(key, 3);
      const { k, isAccepted } = propose(uKey, vKey);
      // As in JAX, a later acceptance replaces an earlier one for as long as others still run.
      return {
        key: next,
        count: np.where(isAccepted, k, count),
        done: np.logicalOr(done, isAccepted),
      };
    },
    { key, count: np.full(shape, -1), done: fill(0, { shape, dtype: "bool" }) },
  );
  return count;
}

/** Poisson samples of rate `lam`, int32 by default (jax.random.poisson). */
export function poisson(
  key: Value,
  lam: ArrayLike,
  shape?: Shape,
  { dtype = "int32" }: { readonly dtype?: DType } = {},
): Value {
  asKey("poisson", key);
  const full = sampleShape("poisson", shape, lam);
  const rate = parameter("poisson", lam, full, "float32");
  const isSmall = np.logicalOr(np.isnan(rate), np.less(rate, 10));
  const small = byProducts(key, np.where(isSmall, rate, 0));
  const large = byRejection(key, np.where(isSmall, 1e5, rate));
  const count = np.where(isSmall, convert(small, dtype), convert(large, dtype));
  return np.where(np.equal(rate, 0), fill(0, count.type), count);
}

/** @file Uniform samples: floats from the bits of a mantissa, integers from a remainder of 64 bits. */
import type { DType } from "../dtype.ts";
import * as np from "../numpy/index.ts";
import { shiftRightLogical } from "../primitives/bitwise.ts";
import { add, convert, div, mul, sub } from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import type { Shape } from "../shape.ts";
import { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import { asKey, bits, splitKeys, wideBits } from "./key.ts";
import {
  parameter,
  sampleDtype,
  sampleShape,
  type FloatOptions,
} from "./sample.ts";

export interface UniformOptions extends FloatOptions {
  readonly minval?: ArrayLike;
  readonly maxval?: ArrayLike;
}

const like = (x: Value, value: number) => fill(value, x.type);
const shiftRight = (x: Value, by: number) => shiftRightLogical(x, like(x, by));

/** Multiples of 2^-23 (float32) or 2^-52 (float64) in [0, 1). */
function unit(key: Value, shape: Shape, dtype: DType): Value {
  const scaled = (word: Value, by: number) => {
    const x = convert(word, dtype);
    return mul(x, like(x, 2 ** by));
  };
  if (dtype === "float32") return scaled(shiftRight(bits(key, shape), 9), -23);
  const [high, low] = wideBits(key, shape);
  return add(scaled(high, -32), scaled(shiftRight(low, 12), -52));
}

/** Floats uniform in [minval, maxval), by default [0, 1), of a shape the bounds broadcast to (jax.random.uniform). */
export function uniform(
  key: Value,
  shape: Shape = [],
  options: UniformOptions = {},
): Value {
  asKey("uniform", key);
  const { minval = 0, maxval = 1 } = options;
  const dtype = sampleDtype("uniform", options, minval, maxval);
  sampleShape("uniform", shape, minval, maxval);
  const u = unit(key, shape, dtype);
  if (minval === 0 && maxval === 1) return u;
  const low = parameter("uniform", minval, shape, dtype);
  const span = sub(parameter("uniform", maxval, shape, dtype), low);
  // JAX's compiler fuses product and sum: in float32 only the sum is rounded, and a float64 product is exact.
  const wide = (x: Value) => convert(x, "float64");
  const out = add(mul(wide(u), wide(span)), wide(low));
  return np.maximum(low, convert(out, dtype));
}

export interface RandintOptions {
  /** int32 (the default) or uint32. */
  readonly dtype?: DType;
}

const limits: Partial<Record<DType, readonly [low: number, high: number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
};

const rem = (x: Value, y: Value) => sub(x, mul(div(x, y), y));

/**
 * Integers uniform in [minval, maxval), all `minval` where that is empty, of a shape the bounds broadcast to
 * (jax.random.randint). A `maxval` of 2^31 (int32) or 2^32 (uint32), given as a number, reaches the largest integer.
 */
export function randint(
  key: Value,
  shape: Shape,
  minval: ArrayLike,
  maxval: ArrayLike,
  { dtype = "int32" }: RandintOptions = {},
): Value {
  asKey("randint", key);
  const range = limits[dtype];
  if (!range)
    throw new TypeError(
      `randint: expected dtype int32 or uint32, got ${dtype}`,
    );
  sampleShape("randint", shape, minval, maxval);
  const bound = (x: ArrayLike): Value => {
    if (typeof x !== "number") {
      const clipped =
        x instanceof Value && dtype === "uint32" && x.dtype === "int32"
          ? np.maximum(x, 0)
          : x;
      return parameter("randint", clipped, shape, dtype);
    }
    const inside = Math.min(Math.max(Math.trunc(x), range[0]), range[1]);
    return fill(inside, { shape, dtype });
  };
  const [low, high] = [bound(minval), bound(maxval)];
  const [k1, k2] = splitKeys(key);
  const [higher, lower] = [bits(k1, shape), bits(k2, shape)];
  const beyond = typeof maxval === "number" && maxval > range[1];
  const width = convert(sub(high, low), "uint32");
  const span = np.where(
    np.lessEqual(high, low),
    like(width, 1),
    // Where the span is all 2^32 integers it wraps to 0, which leaves remainders as they are.
    beyond ? add(width, like(width, 1)) : width,
  );
  // (a b) mod n = ((a mod n) (b mod n)) mod n, with 2^32 = 2^16 2^16.
  const half = rem(like(span, 2 ** 16), span);
  const multiplier = rem(mul(half, half), span);
  const offset = add(mul(rem(higher, span), multiplier), rem(lower, span));
  return add(low, convert(rem(offset, span), dtype));
}

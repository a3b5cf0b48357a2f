/** @file Keys as arrays, uint32[2] as JAX's raw keys: made from seeds, split, folded, and drawn from. */
import { Array as Concrete } from "../array.ts";
import { convert } from "../primitives/elementwise.ts";
import { fill, iota } from "../primitives/fill.ts";
import { threefry2x32 } from "../primitives/random.ts";
import { concatenate, sliceAxis } from "../primitives/slicing.ts";
import { reshape } from "../primitives/structural.ts";
import { showType, sizeOf, type Shape } from "../shape.ts";
import { Value } from "../tracer.ts";
import { scalar, type ArrayLike } from "../value.ts";
import { prngKey } from "./threefry.ts";

/** `key` if it is one key, else a TypeError. */
export function asKey(who: string, key: Value): Value {
  if (!(key instanceof Value))
    throw new TypeError(`${who}: expected a key, u32[2], got ${String(key)}`);
  if (key.dtype !== "uint32" || key.ndim !== 1 || key.shape[0] !== 2)
    throw new TypeError(
      `${who}: expected a single key, u32[2], got ${showType(key.type)}; use vmap for a batch of keys`,
    );
  return key;
}

/** One integer as a uint32 scalar, negative ones by their low 32 bits. */
function asWord(who: string, data: ArrayLike): Value {
  if (!(data instanceof Value)) {
    const n = Number(data);
    if (!Number.isInteger(n) || n < -(2 ** 31) || n >= 2 ** 32)
      throw new RangeError(
        `${who}: expected an integer of 32 bits, got ${String(data)}`,
      );
    return scalar(n >>> 0, "uint32");
  }
  if (data.ndim !== 0 || (data.dtype !== "int32" && data.dtype !== "uint32"))
    throw new TypeError(
      `${who}: expected one integer, i32[] or u32[], got ${showType(data.type)}`,
    );
  return convert(data, "uint32");
}

/**
 * The key, uint32[2], of an integer seed: a number of at most 53 bits, a negative one of 32, or an integer scalar
 * (jax.random.key, whose raw form jax.random.PRNGKey this is).
 */
export function key(seed: ArrayLike): Value {
  if (typeof seed === "number" && seed >= 0)
    return new Concrete(
      { shape: [2], dtype: "uint32" },
      Uint32Array.from(prngKey(seed)),
    );
  const low = reshape(asWord("key", seed), [1]);
  return concatenate([fill(0, low.type), low], 0);
}

/** (jax.random.PRNGKey) */
export const PRNGKey = key;

const counters = (shape: Shape): Value =>
  reshape(iota([sizeOf(shape)], 0, "uint32"), shape);

/** New keys, uint32[num, 2] or uint32[...num, 2], independent of one another and of draws from `key` (jax.random.split). */
export const split = (key: Value, num: number | Shape = 2): Value =>
  threefry2x32(
    asKey("split", key),
    counters(typeof num === "number" ? [num] : num),
    "both",
  );

/** `split` as a list of single keys, for code that names each of them. */
export const splitKeys = (key: Value, num = 2): Value[] => {
  const keys = split(key, num);
  return Array.from({ length: num }, (_, i) =>
    reshape(sliceAxis(keys, 0, i, i + 1), [2]),
  );
};

/** The new key that `key` and a 32-bit integer make (jax.random.fold_in). */
export const foldIn = (key: Value, data: ArrayLike): Value =>
  threefry2x32(asKey("foldIn", key), asWord("foldIn", data), "both");

/** Uniform random words, uint32[...shape] (jax.random.bits). */
export const bits = (key: Value, shape: Shape = []): Value =>
  threefry2x32(asKey("bits", key), counters(shape), "xor");

/** 64 random bits as a high and a low word, uint32[...shape] each. */
export function wideBits(key: Value, shape: Shape): [high: Value, low: Value] {
  const words = threefry2x32(asKey("bits", key), counters(shape), "both");
  const word = (i: number) =>
    reshape(sliceAxis(words, shape.length, i, i + 1), shape);
  return [word(0), word(1)];
}

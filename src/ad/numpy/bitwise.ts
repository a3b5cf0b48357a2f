/** @file Bit operations on integers and bools. */
import * as b from "../primitives/bitwise.ts";
import * as p from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import * as m from "../primitives/math.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { promote } from "./promote.ts";

type Binary = (x: ArrayLike, y: ArrayLike) => Value;

const bits =
  (name: string, f: (x: Value, y: Value) => Value): Binary =>
  (x, y) => {
    const [u, v] = promote(name, [x, y]);
    return f(u, v);
  };
/** Bools are shifted as the integers 0 and 1. */
const shift = (name: string, f: (x: Value, y: Value) => Value): Binary =>
  bits(name, (x, y) =>
    x.dtype === "bool"
      ? f(p.convert(x, "int32"), p.convert(y, "int32"))
      : f(x, y),
  );

/** (jax.numpy.bitwise_and) */
export const bitwiseAnd = bits("bitwiseAnd", p.and);
/** (jax.numpy.bitwise_or) */
export const bitwiseOr = bits("bitwiseOr", p.or);
/** (jax.numpy.bitwise_xor) */
export const bitwiseXor = bits("bitwiseXor", b.xor);
/** Every bit inverted; a bool, negated (jax.numpy.bitwise_not). */
export const bitwiseNot = (x: ArrayLike): Value =>
  p.not(asValue("bitwiseNot", x));
export {
  /** The same as `bitwiseNot` (jax.numpy.invert). */
  bitwiseNot as invert,
  bitwiseNot as bitwiseInvert,
};

/** x 2^y, wrapped; 0 for counts outside 0..31 (jax.numpy.left_shift). */
export const leftShift = shift("leftShift", b.shiftLeft);
/** floor(x / 2^y); the sign fills in, also for counts outside 0..31 (jax.numpy.right_shift). */
export const rightShift = shift("rightShift", (x, y) =>
  (x.dtype === "uint32" ? b.shiftRightLogical : b.shiftRightArithmetic)(x, y),
);
export { leftShift as bitwiseLeftShift, rightShift as bitwiseRightShift };

/** How many bits of |x| are 1, as uint32 (jax.numpy.bitwise_count). */
export function bitwiseCount(x: ArrayLike): Value {
  const value = asValue("bitwiseCount", x);
  const size = value.dtype === "int32" ? m.abs(value) : value;
  let count = p.convert(size, "uint32");
  const like = (bits: number) => fill(bits, count.type);
  // Neighbouring fields are added, and so twice as wide fields hold the counts, until one field is the word.
  for (const [width, mask] of [[1, 0x55555555], [2, 0x33333333], [4, 0x0f0f0f0f], [8, 0x00ff00ff], [16, 0x0000ffff]]) {
    const odd = p.and(b.shiftRightLogical(count, like(width)), like(mask));
    count = p.add(p.and(count, like(mask)), odd);
  } // prettier-ignore
  return count;
}

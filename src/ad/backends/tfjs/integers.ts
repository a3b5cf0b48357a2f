/** @file Integers on int32 tensors, from operations that are exact wherever TensorFlow.js runs: its own products lose low
 * bits in the JavaScript backend (they pass 2^53), its divisions round down, and of the bit operations it has one.
 */
import { full, type Tensor, type Tf } from "./tf.ts";

const int = (tf: Tf, value: number): Tensor => tf.scalar(value, "int32");
const asInt = (tf: Tf, x: Tensor): Tensor => cast(tf, x, "int32");
const lowest = -(2 ** 31);

/** The JavaScript backend only relabels what it widens, digits float32 has not included; arithmetic makes it what it says. */
export const cast = (tf: Tf, x: Tensor, to: "int32" | "float32"): Tensor =>
  tf.mul(tf.cast(x, to), tf.scalar(1, to));

/** x with the shape of y: constants are scalars until an operation needs them in full. */
export const spread = (tf: Tf, x: Tensor, y: Tensor): Tensor =>
  x.shape.length < y.shape.length ? tf.broadcastTo(x, y.shape) : x;

/** `values` where `p`, else `value`. */
const whereOr = (tf: Tf, p: Tensor, values: Tensor, value: number): Tensor =>
  tf.where(p, values, full(tf, p.shape, value, "int32"));

/** The sign bit inverted: the order of unsigned numbers becomes that of signed ones. */
export const flip = (tf: Tf, x: Tensor): Tensor => tf.add(x, int(tf, lowest));

const notBelow = (tf: Tf, x: Tensor, y: Tensor): Tensor =>
  tf.greaterEqual(flip(tf, x), flip(tf, y));

/** The low 32 bits of x y: y is split at 16 bits, so that no product passes 2^47. */
export function multiply(tf: Tf, x: Tensor, y: Tensor): Tensor {
  const half = int(tf, 2 ** 16);
  const high = tf.mul(tf.mul(x, tf.floorDiv(y, half)), half);
  return tf.add(high, tf.mul(x, tf.mod(y, half)));
}

/** Quotient toward zero and remainder with the dividend's sign; x / 0 is 0 with the remainder x. */
export function divideSigned(
  tf: Tf,
  x: Tensor,
  y: Tensor,
): { readonly quotient: Tensor; readonly remainder: Tensor } {
  const zero = int(tf, 0);
  const isZero = tf.equal(y, zero);
  const isMinusOne = tf.equal(y, int(tf, -1));
  // Both divisors trap a processor: the second with the lowest dividend.
  const isOdd = tf.logicalOr(isZero, isMinusOne);
  const divisor = tf.where(
    isOdd,
    full(tf, isOdd.shape, 1, "int32"),
    spread(tf, y, isOdd),
  );
  const down = tf.floorDiv(x, divisor);
  const isInexact = tf.notEqual(tf.mul(down, divisor), x);
  const differ = tf.notEqual(tf.less(x, zero), tf.less(divisor, zero));
  const isBelow = tf.logicalAnd(isInexact, differ);
  const quotient = tf.add(down, asInt(tf, isBelow));
  const remainder = tf.sub(x, tf.mul(quotient, divisor));
  const signed = tf.where(isMinusOne, tf.sub(zero, quotient), quotient);
  return {
    quotient: whereOr(tf, tf.logicalNot(isZero), signed, 0),
    remainder: tf.where(isZero, spread(tf, x, remainder), remainder),
  };
}

/** Quotient and remainder of the same bits read as unsigned numbers. */
export function divideUnsigned(
  tf: Tf,
  x: Tensor,
  y: Tensor,
): { readonly quotient: Tensor; readonly remainder: Tensor } {
  const zero = int(tf, 0);
  const isZero = tf.equal(y, zero);
  // A divisor of 2^31 or more goes into x once at most.
  const isHuge = tf.less(y, zero);
  const isOdd = tf.logicalOr(isZero, isHuge);
  const divisor = tf.where(
    isOdd,
    full(tf, isOdd.shape, 1, "int32"),
    spread(tf, y, isOdd),
  );
  const nearly = tf.mul(tf.floorDiv(halve(tf, x), divisor), int(tf, 2));
  const rest = tf.sub(x, tf.mul(nearly, divisor));
  const isOneMore = notBelow(tf, rest, divisor);
  const fits = notBelow(tf, x, y);
  const small = tf.add(nearly, asInt(tf, isOneMore));
  const quotient = tf.where(isHuge, spread(tf, asInt(tf, fits), small), small);
  const taken = tf.where(
    isHuge,
    whereOr(tf, fits, spread(tf, y, fits), 0),
    whereOr(tf, isOneMore, divisor, 0),
  );
  const from = tf.where(isHuge, spread(tf, x, rest), rest);
  return {
    quotient: whereOr(tf, tf.logicalNot(isZero), quotient, 0),
    remainder: tf.where(isZero, spread(tf, x, rest), tf.sub(from, taken)),
  };
}

/** Every bit one place to the right, the sign bit too. */
const halve = (tf: Tf, x: Tensor): Tensor =>
  tf.add(
    tf.floorDiv(x, int(tf, 2)),
    tf.mul(asInt(tf, tf.less(x, int(tf, 0))), int(tf, lowest)),
  );

/** Counts as the exponents of powers that fit, and where they were in 0..31; others shift every bit out. */
function placesOf(tf: Tf, count: Tensor) {
  const isPlace = tf.logicalAnd(
    tf.greaterEqual(count, int(tf, 0)),
    tf.less(count, int(tf, 32)),
  );
  return {
    isPlace,
    power: (exponent: Tensor) =>
      tf.pow(
        int(tf, 2),
        tf.maximum(whereOr(tf, isPlace, exponent, 0), int(tf, 0)),
      ),
  };
}

export function shiftLeft(tf: Tf, x: Tensor, count: Tensor): Tensor {
  const full = spread(tf, count, x);
  const { isPlace, power } = placesOf(tf, full);
  return whereOr(tf, isPlace, tf.mul(x, power(full)), 0);
}

export function shiftRightLogical(tf: Tf, x: Tensor, count: Tensor): Tensor {
  const full = spread(tf, count, x);
  const { isPlace, power } = placesOf(tf, full);
  const moved = tf.floorDiv(halve(tf, x), power(tf.sub(full, int(tf, 1))));
  const isNone = tf.equal(full, int(tf, 0));
  return tf.where(
    isNone,
    spread(tf, x, isNone),
    whereOr(tf, isPlace, moved, 0),
  );
}

/** The conjunction of every two bytes, at 256 x + y; made when first needed. */
let bytePairs: Int32Array | null = null;

/** x & y: by its own kernel where the backend has one (tfjs-node has none), else byte by byte from a table. */
export function bitAnd(tf: Tf, x: Tensor, y: Tensor): Tensor {
  const [a, b] = [spread(tf, x, y), spread(tf, y, x)];
  if (tf.getKernel("BitwiseAnd", tf.getBackend())) return tf.bitwiseAnd(a, b);
  bytePairs ??= Int32Array.from({ length: 2 ** 16 }, (_, i) => (i >> 8) & i);
  const table = tf.tensor(bytePairs, [2 ** 16], "int32");
  const byte = (v: Tensor, at: number) =>
    tf.mod(tf.floorDiv(v, int(tf, 2 ** (8 * at))), int(tf, 256));
  return [0, 1, 2, 3]
    .map((at) => {
      const pair = tf.add(tf.mul(byte(a, at), int(tf, 256)), byte(b, at));
      const bits = tf.gather(table, tf.reshape(pair, [-1]), 0);
      return tf.mul(tf.reshape(bits, pair.shape), int(tf, 2 ** (8 * at)));
    })
    .reduce((sum, bits) => tf.add(sum, bits));
}

/** What two numbers have in common counts twice in their sum. */
export const bitOr = (tf: Tf, x: Tensor, y: Tensor): Tensor =>
  tf.sub(tf.add(x, y), bitAnd(tf, x, y));

export const bitXor = (tf: Tf, x: Tensor, y: Tensor): Tensor =>
  tf.sub(tf.add(x, y), tf.mul(bitAnd(tf, x, y), int(tf, 2)));

export const bitNot = (tf: Tf, x: Tensor): Tensor => tf.sub(int(tf, -1), x);

/** @file The threefry kernel: the twenty rounds on int32 tensors that hold the bits of unsigned words. */
import type { Kernel } from "../../lowering/kernel.ts";
import { range, sizeOf } from "../../shape.ts";
import { bitXor } from "./integers.ts";
import type { Tensor, Tf } from "./tf.ts";

// Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
const parity = 0x1bd11bda;
const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

export function threefry(
  tf: Tf,
  keys: Tensor,
  counters: Tensor,
  { counters: ref, key, words }: Extract<Kernel, { kind: "threefry" }>,
): Tensor {
  const word = (value: number) => tf.scalar(value, "int32");
  const xor = (x: Tensor, y: Tensor) => bitXor(tf, x, y);
  // The two parts have no bit in common, so their sum is their union.
  const rotate = (x: Tensor, by: number): Tensor => {
    const low = tf.floorDiv(x, word(2 ** (32 - by)));
    return tf.add(tf.mul(x, word(2 ** by)), tf.mod(low, word(2 ** by)));
  };
  const size = sizeOf(ref.type.shape);
  const count = sizeOf(key.type.shape) / 2;
  /** One word of every key, over the equal share of the counters it has. */
  const keyWord = (i: number): Tensor => {
    const pairs = tf.reshape(keys, [count, 2]);
    const column = tf.slice(pairs, [0, i], [count, 1]);
    return tf.reshape(tf.tile(column, [1, size / count]), [size]);
  };
  const [k0, k1] = [keyWord(0), keyWord(1)];
  const schedule = [k0, k1, xor(xor(k0, k1), word(parity))];

  let [a, b] = [k0, tf.add(counters, k1)];
  for (const group of range(5)) {
    for (const by of rotations[group % 2]) {
      a = tf.add(a, b);
      b = xor(rotate(b, by), a);
    }
    a = tf.add(a, schedule[(group + 1) % 3]);
    b = tf.add(tf.add(b, schedule[(group + 2) % 3]), word(group + 1));
  }
  if (words === "xor") return xor(a, b);
  return tf.concat(
    [a, b].map((x) => tf.reshape(x, [size, 1])),
    1,
  );
}

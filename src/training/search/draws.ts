/** @file Uniform numbers for a search: a function of seed and stream alone, so that a resumed search draws the same. */
import { random } from "../../ad/index.ts";

const { threefry } = random;

/** `count` numbers in [0, 1) of 53 bits each; streams are numbered from 0. */
export function uniforms(
  seed: number,
  stream: number,
  count: number,
): Float64Array {
  const key = new Uint32Array(2);
  threefry.randomBits(threefry.prngKey(seed), key, 2 * stream);
  const bits = new Uint32Array(2 * count);
  threefry.randomBits([key[0], key[1]], bits);
  return Float64Array.from(
    { length: count },
    (_, i) => ((bits[2 * i] >>> 5) * 2 ** 26 + (bits[2 * i + 1] >>> 6)) / 2 ** 53, // prettier-ignore
  );
}

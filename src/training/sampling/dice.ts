/** @file Random draws that depend on nothing but a key: each chain and step has one, whoever else is drawn for. */
import { random } from "../../ad/index.ts";

const { threefry } = random;
export type Key = random.threefry.Key;

/** The key that `key` and an integer from 0 to 2^53 - 1 make (jax.random.fold_in, for integers of 32 bits). */
export function foldKey(key: Key, n: number): Key {
  const hi = Uint32Array.of(Math.floor(n / 2 ** 32));
  const lo = Uint32Array.of(n >>> 0);
  threefry.threefry2x32(key, hi, lo);
  return [hi[0], lo[0]];
}

/** A stream of draws. */
export interface Dice {
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** An index with probability proportional to its weight; `total` is the sum of the weights, above 0. */
  pick(weights: ArrayLike<number>, total: number): number;
  /** Poisson with this mean, at most 100. */
  poisson(mean: number): number;
}

/** Words drawn at a time: enough for most steps of a chain. */
const block = 16;

/** The draws of `key`, the same ones in the same order each time. */
export function rollDice(key: Key): Dice {
  const words = new Uint32Array(block);
  let used = 0;
  const word = (): number => {
    if (used % block === 0) threefry.randomBits(key, words, used);
    return words[used++ % block];
  };
  const uniform = (): number =>
    ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) * 2 ** -53;
  return {
    uniform,
    pick(weights, total) {
      let left = uniform() * total;
      let last = -1;
      for (let i = 0; i < weights.length; i++) {
        if (weights[i] <= 0) continue;
        last = i;
        left -= weights[i];
        if (left < 0) return i;
      }
      // Rounding can leave a crumb of the total; it belongs to the last index that can be drawn.
      return last;
    },
    poisson(mean) {
      // How many uniforms it takes until their product is below exp(-mean) (Knuth).
      const floor = Math.exp(-mean);
      let count = 0;
      for (let p = uniform(); p > floor; p *= uniform()) count++;
      return count;
    },
  };
}

/** @file Threefry against the published test vectors and against JAX's own bits. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  prngKey,
  randomBits,
  split,
  threefry2x32,
} from "../../src/ad/random/threefry.ts";

const goldens = JSON.parse(
  readFileSync(new URL("../goldens/random.json", import.meta.url), "utf8"),
) as {
  bits: { seed: number; count: number; words: number[] }[];
  splits: { seed: number; count: number; keys: number[][] }[];
  far: { seed: number; from: number; words: number[] };
};

describe("threefry", () => {
  // Known-answer vectors of the Random123 distribution (threefry2x32, 20 rounds).
  test.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as const)(
    "encrypts under key %j the counter %j as %j",
    (key, counter, words) => {
      const x0 = Uint32Array.of(counter[0]);
      const x1 = Uint32Array.of(counter[1]);
      threefry2x32(key, x0, x1);
      expect([x0[0], x1[0]]).toEqual(words);
    },
  );
  test.each(goldens.bits)(
    "draws jax.random.bits of seed $seed, $count words",
    ({ seed, count, words }) => {
      const out = new Uint32Array(count);
      randomBits(prngKey(seed), out);
      expect([...out]).toEqual(words);
    },
  );
  test.each(goldens.splits)(
    "splits seed $seed into jax.random.split's $count keys",
    ({ seed, count, keys }) => {
      expect(split(prngKey(seed), count)).toEqual(keys);
    },
  );
  test("draws any window of a stream without what is before it", () => {
    const { seed, from, words } = goldens.far;
    const out = new Uint32Array(words.length);
    randomBits(prngKey(seed), out, from);
    expect([...out]).toEqual(words);
  });
  test("keeps all 53 bits of a seed", () => {
    expect(prngKey(2 ** 53 - 1)).toEqual([2 ** 21 - 1, 2 ** 32 - 1]);
    for (const seed of [-1, 1.5, NaN, 2 ** 53])
      expect(() => prngKey(seed)).toThrow(RangeError);
  });
  test("refuses halves of different lengths", () => {
    expect(() =>
      threefry2x32([0, 0], new Uint32Array(2), new Uint32Array(3)),
    ).toThrow(/got 2 and 3/);
  });
});

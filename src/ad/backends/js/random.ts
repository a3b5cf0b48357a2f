/** @file The threefry kernel in JavaScript: the host's block function, key by key. */
import { threefry2x32 } from "../../random/threefry.ts";
import type { TypedArray } from "../../dtype.ts";

/** Blocks stay in cache, and scratch memory small, for draws of any size. */
const block = 2 ** 13;

/** out = the blocks of (0, counter) under each of `keys` in turn, which take equal shares of the counters. */
export function threefry(
  keys: TypedArray,
  counters: TypedArray,
  words: "xor" | "both",
  out: TypedArray,
): void {
  const share = counters.length / (keys.length / 2);
  const hi = new Uint32Array(Math.min(share || 0, block));
  const lo = new Uint32Array(hi.length);
  for (let start = 0; start < counters.length;) {
    const which = Math.floor(start / share);
    const end = Math.min(start + block, (which + 1) * share);
    const n = end - start;
    const [x0, x1] = [hi.subarray(0, n), lo.subarray(0, n)];
    x0.fill(0);
    x1.set(counters.subarray(start, end));
    threefry2x32([keys[2 * which], keys[2 * which + 1]], x0, x1);
    if (words === "xor")
      for (let i = 0; i < n; i++) out[start + i] = x0[i] ^ x1[i];
    else
      for (let i = 0; i < n; i++) {
        out[2 * (start + i)] = x0[i];
        out[2 * (start + i) + 1] = x1[i];
      }
    start = end;
  }
}

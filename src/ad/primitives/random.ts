/** @file `threefry2x32`: counters encrypted under a key, the one source of random bits. */
import { definePrimitive } from "../primitive.ts";
import { constant } from "../rules/constant.ts";
import { sameShape, showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { batchToFront } from "./structural.ts";

interface ThreefryParams {
  /** Leading axes that keys and counters share, position by position. */
  readonly batch: number;
  /** Whether the two words of a block are joined by exclusive or, or both kept on a new last axis. */
  readonly words: "xor" | "both";
}

const threefryP = definePrimitive<ThreefryParams>("threefry2x32", {
  type([key, counters], { batch, words }) {
    if (
      key.dtype !== "uint32" ||
      counters.dtype !== "uint32" ||
      !sameShape(key.shape, [...counters.shape.slice(0, batch), 2])
    )
      throw new TypeError(
        `threefry2x32: expected uint32 keys of shape [B..., 2] and uint32 counters [B..., C...] with ${batch} axes B, got ${showType(key)} and ${showType(counters)}`,
      );
    const shape = words === "xor" ? counters.shape : [...counters.shape, 2];
    return [{ shape, dtype: "uint32" }];
  },
  diff: constant(),
  batch(self, size, [key, counters], [keyAxis, counterAxis], params) {
    // More counters under one key are no batch of keys.
    if (keyAxis === null && params.batch === 0)
      return [
        self.bind([key, batchToFront(counters, counterAxis, size)], params),
        [0],
      ];
    return [
      self.bind(
        [
          batchToFront(key, keyAxis, size),
          batchToFront(counters, counterAxis, size),
        ],
        { ...params, batch: params.batch + 1 },
      ),
      [0],
    ];
  },
  lower: (b, [key, counters], [out], { batch, words }) => [
    b.emit({ kind: "threefry", key, counters, batch, words }, out),
  ],
});

/**
 * Keys uint32[B..., 2], counters uint32[B..., C...] -> the Threefry-2x32 blocks of the pairs (0, counter): their words
 * on a new last axis (`both`), or one word each, uint32[B..., C...] (`xor`). `batch` is the number of axes B.
 */
export const threefry2x32 = (
  key: Value,
  counters: Value,
  words: ThreefryParams["words"],
  batch = 0,
): Value => threefryP.bind([key, counters], { batch, words })[0];

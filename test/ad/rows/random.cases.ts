/** @file Rows of random bits. */
import { at, nd, type Nd } from "../naive.cases.ts";
import type { Case, Row } from "./row.cases.ts";

/**
 * Threefry-2x32 in exact integers, one rotation constant and one key word at a time (Salmon et al., SC 2011);
 * the block of (0, counter) under (k0, k1).
 */
function block(k0: number, k1: number, counter: number): [number, number] {
  const mask = 0xffffffffn;
  const key = [BigInt(k0), BigInt(k1), 0n];
  key[2] = key[0] ^ key[1] ^ 0x1bd11bdan;
  let x = key[0];
  let y = (BigInt(counter) + key[1]) & mask;
  const turns = [13n, 15n, 26n, 6n, 17n, 29n, 16n, 24n];
  for (let round = 0; round < 20; round++) {
    const turn = turns[round % 8];
    x = (x + y) & mask;
    y = (((y << turn) | (y >> (32n - turn))) & mask) ^ x;
    if (round % 4 === 3) {
      const j = (round + 1) / 4;
      x = (x + key[j % 3]) & mask;
      y = (y + key[(j + 1) % 3] + BigInt(j)) & mask;
    }
  }
  return [Number(x), Number(y)];
}

/** The key of an element whose leading indices are `lead`. */
const keyAt = (keys: Nd, lead: readonly number[]): [number, number] => [
  at(keys, [...lead, 0]),
  at(keys, [...lead, 1]),
];

const threefryCase = (
  lead: readonly number[],
  rest: readonly number[],
  words: "xor" | "both",
  symbolic?: Case["symbolic"],
): Case => ({
  args: [{ shape: [...lead, 2] }, { shape: [...lead, ...rest] }],
  params: { batch: lead.length, words },
  want: ([keys, counters]) => {
    const blockAt = (i: readonly number[]) =>
      block(...keyAt(keys, i.slice(0, lead.length)), at(counters, i));
    return [
      words === "both"
        ? nd(
            [...counters.shape, 2],
            (i) => blockAt(i.slice(0, -1))[i[i.length - 1]],
          )
        : nd(counters.shape, (i) => {
            const [x, y] = blockAt(i);
            return (x ^ y) >>> 0;
          }),
    ];
  },
  ...(symbolic ? { symbolic } : {}),
});

export const rows: Readonly<Record<string, Row>> = {
  threefry2x32: {
    diff: "zero",
    dtypes: ["uint32"],
    cases: [
      threefryCase([], [3], "xor", ["_", "n"]),
      threefryCase([], [2, 2], "both"),
      threefryCase([], [], "both"),
      threefryCase([], [0], "xor"),
      threefryCase([3], [2], "xor"),
      threefryCase([2], [], "both"),
      threefryCase([2, 2], [2], "both"),
      threefryCase([0], [2], "xor"),
    ],
    refuses: [
      {
        types: ["i32[2]", "u32[3]"],
        params: { batch: 0, words: "xor" },
        names: ["i32[2]", "u32[3]"],
      },
      {
        types: ["u32[3,2]", "u32[2,4]"],
        params: { batch: 1, words: "both" },
        names: ["u32[3,2]", "u32[2,4]"],
      },
    ],
  },
};

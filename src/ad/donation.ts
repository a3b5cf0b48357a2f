/** @file Donated arguments: which leaves of a call it may use up, and the refusal of an array it was given twice. */
import type { Array } from "./array.ts";
import { showType } from "./shape.ts";
import { broadcastPrefix, type TreeDef } from "./tree.ts";

/** Refuses what cannot be donated, with a TypeError: a number that is none of an argument, or one that `fixed` makes static. */
export function checkDonateArgnums(
  donated: readonly number[],
  fixed: readonly number[],
): void {
  for (const i of donated) {
    if (!Number.isInteger(i) || i < 0)
      throw new TypeError(
        `jit: expected donateArgnums to be numbers of arguments, got ${i}`,
      );
    if (fixed.includes(i))
      throw new TypeError(
        `jit: argument ${i} is in staticArgnums and cannot be donated; it is no array`,
      );
  }
}

/** Positions among the leaves of the arguments (`def`, a list of trees) of those that are donated. */
export function donatedLeaves(
  donated: readonly number[],
  def: TreeDef,
  arrays: readonly Array[],
): number[] {
  if (donated.length === 0) return [];
  const args = def.kind === "list" ? def.items : [];
  const beyond = donated.find((i) => i >= args.length);
  if (beyond !== undefined)
    throw new TypeError(
      `jit: donateArgnums names argument ${beyond} of a call with ${args.length} arguments, counted from 0`,
    );
  const owner = broadcastPrefix(
    "jit donateArgnums",
    args.map((_, i) => i),
    def,
  ) as number[];
  const isDonated = (k: number) => donated.includes(owner[k]);
  const seen = new Map<Array, number>();
  arrays.forEach((x, k) => {
    const before = seen.get(x);
    if (before === undefined) seen.set(x, k);
    else if (isDonated(k) || isDonated(before))
      throw new TypeError(
        `jit: one ${showType(x.type)} is passed in argument ${owner[before]} and in argument ${owner[k]}, of which ${isDonated(k) ? owner[k] : owner[before]} is donated; pass a copy in one of them, or donate neither`,
      );
    if (isDonated(k)) seen.set(x, k);
  });
  return arrays.map((_, k) => k).filter(isDonated);
}

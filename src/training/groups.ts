/** @file Parameters in groups: what stays frozen, what moves, and what of that decays. */
import { namedParams, type UniRepParams } from "../unirep/index.ts";

/** The same tree with only some of its leaves; the places of the others are empty. */
export type Part<T> = UniRepParams<T | null>;

/** What `frozen` may name: the embedding, the head, or a layer (0 is the bottom one). */
export type FreezableGroup = "embedding" | "head" | `layer${number}`;

export const groupOf = (name: string): FreezableGroup => {
  const [first, layer] = name.split(".");
  return first === "layers" ? `layer${Number(layer)}` : (first as "head");
};

/** Matrices lose a share of themselves at every step; the embedding, gains and biases do not. */
export const decays = (name: string): boolean =>
  /\.(wx|wh|wmx|wmh|w)$/.test(name);

/** Throws a TypeError for a group the model does not have. */
export function checkFrozen(
  frozen: readonly string[],
  params: UniRepParams<unknown>,
): void {
  const groups = [
    ...new Set(namedParams(params).map(([name]) => groupOf(name))),
  ];
  for (const group of frozen)
    if (!groups.includes(group as FreezableGroup))
      throw new TypeError(
        `fit: expected frozen groups among ${groups.join(", ")}, got ${group}`,
      );
  if (new Set(frozen).size === groups.length)
    throw new TypeError("fit: all groups are frozen, nothing is left to train");
}

/** @file Functions of trees as functions of lists of values, which is what transforms work on. */
import type { Value } from "../tracer.ts";
import {
  flatten,
  sameTree,
  showTree,
  unflatten,
  type TreeDef,
} from "../tree.ts";
import { sameType, showType } from "../shape.ts";
import { asValue } from "../value.ts";

/** Leaves of `tree` as values, and the tree that holds them. */
export function flattenValues(who: string, tree: unknown): [Value[], TreeDef] {
  const [leaves, def] = flatten(tree);
  return [leaves.map((leaf) => asValue(who, leaf)), def];
}

/** Leaves of a tree that must be like another: tangents like primals, cotangents like results. */
export function flattenLike(
  who: string,
  word: string,
  tree: unknown,
  def: TreeDef,
  like: readonly Value[],
): Value[] {
  const [leaves, given] = flattenValues(who, tree);
  if (!sameTree(def, given))
    throw new TypeError(
      `${who}: expected ${word}s like ${showTree(def)}, got ${showTree(given)}`,
    );
  leaves.forEach((x, i) => {
    if (!sameType(x.type, like[i].type))
      throw new TypeError(
        `${who}: ${word} ${i} must be ${showType(like[i].type)} like its primal, got ${showType(x.type)}`,
      );
  });
  return leaves;
}

/** `f` on leaves. The tree of its results is known once it has run. */
export class FlatFunction<A extends readonly unknown[], R> {
  #outDef: TreeDef = { kind: "none" };

  constructor(
    private readonly who: string,
    private readonly f: (...args: A) => R,
    private readonly def: TreeDef,
  ) {}

  readonly run = (args: readonly Value[]): Value[] => {
    const result = this.f(...(unflatten(this.def, args) as A));
    const [leaves, def] = flattenValues(this.who, result);
    this.#outDef = def;
    return leaves;
  };

  get outDef(): TreeDef {
    return this.#outDef;
  }

  build(leaves: readonly unknown[]): R {
    return unflatten(this.#outDef, leaves) as R;
  }
}

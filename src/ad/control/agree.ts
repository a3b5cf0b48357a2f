/** @file Trees that must agree leaf by leaf: the carry before and after a step, the results of branches. */
import { isFloat, type DType } from "../dtype.ts";
import { fill } from "../primitives/fill.ts";
import { sameType, showType, type ArrayType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { traceToJaxpr } from "../transforms/trace.ts";
import type { Arrays } from "../transforms/types.ts";
import {
  flatten,
  sameTree,
  showTree,
  unflatten,
  type TreeDef,
} from "../tree.ts";
import { asValue, type ArrayLike } from "../value.ts";

/** A tree like `T` whose leaves are arrays or numbers. */
export type ArrayLikes<T> = T extends ArrayLike
  ? ArrayLike
  : T extends object
    ? { [K in keyof T]: ArrayLikes<T[K]> }
    : T;

/** Where each leaf of a tree is, as JavaScript spells it: `[0].h`; a tree that is one leaf has the empty path. */
export function leafPaths(def: TreeDef, path = ""): string[] {
  switch (def.kind) {
    case "leaf":
      return [path];
    case "none":
      return [];
    case "list":
      return def.items.flatMap((item, i) => leafPaths(item, `${path}[${i}]`));
    case "dict":
      return def.items.flatMap((item, i) => {
        const key = def.keys[i];
        const step = /^[A-Za-z_$]\w*$/.test(key)
          ? `.${key}`
          : `[${JSON.stringify(key)}]`;
        return leafPaths(item, path + step);
      });
  }
}

/** Whether a bare number beside an array of `dtype` takes that dtype. */
export const isWeak = (leaf: unknown, { shape, dtype }: ArrayType): boolean =>
  typeof leaf === "number" &&
  shape.length === 0 &&
  dtype !== "bool" &&
  (isFloat(dtype) || Number.isInteger(leaf));

/** A leaf as a value; a bare number takes the dtype of `like` where it can. */
export const leafLike = (who: string, leaf: unknown, like: ArrayType): Value =>
  isWeak(leaf, like) ? fill(leaf as number, like) : asValue(who, leaf);

/** What must keep its type, and where it is seen before and after. */
export interface Kept {
  readonly word: string;
  readonly before: string;
  readonly after: string;
}

const carried: Kept = {
  word: "carry",
  before: "on entry",
  after: "after a step",
};

/** Leaves of what a step returns, which must be like its carry in tree and types. */
export function keptLeaves(
  who: string,
  result: unknown,
  def: TreeDef,
  types: readonly ArrayType[],
  { word, before, after }: Kept = carried,
): Value[] {
  const [leaves, outDef] = flatten(result);
  if (!sameTree(outDef, def))
    throw new TypeError(
      `${who}: the ${word} must keep its structure ${showTree(def)}, got ${showTree(outDef)}`,
    );
  const values = leaves.map((leaf, i) => leafLike(who, leaf, types[i]));
  values.forEach((x, i) => {
    if (!sameType(x.type, types[i]))
      throw new TypeError(
        `${who}: ${word}${leafPaths(def)[i]} is ${showType(types[i])} ${before} and ${showType(x.type)} ${after}; they must agree`,
      );
  });
  return values;
}

/**
 * Leaves of an initial carry. A bare number is float32 unless `step` returns another dtype in its place that can hold
 * it, as weak types do in JAX; `step` is tried once for that, and only then.
 */
export function initialCarry<C>(
  who: string,
  step: (carry: Arrays<C>) => unknown,
  init: C,
): [values: Value[], def: TreeDef] {
  const [leaves, def] = flatten(init);
  const values = leaves.map((leaf) => asValue(who, leaf));
  if (!leaves.some((leaf) => typeof leaf === "number")) return [values, def];
  let dtypes: DType[] = [];
  traceToJaxpr(
    (args) => {
      const [out] = flatten(step(unflatten(def, args) as Arrays<C>));
      dtypes = out.map((leaf, i) =>
        typeof leaf === "number"
          ? (values[i]?.dtype ?? "float32")
          : asValue(who, leaf).dtype,
      );
      return [];
    },
    values.map((x) => x.type),
  );
  return [
    values.map((x, i) =>
      i in dtypes
        ? leafLike(who, leaves[i], { ...x.type, dtype: dtypes[i] })
        : x,
    ),
    def,
  ];
}

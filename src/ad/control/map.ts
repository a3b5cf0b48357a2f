/** @file `map`: a function applied to one example after another, or to one batch of them after another. */
import { concatenate, sliceAxis } from "../primitives/slicing.ts";
import { reshape } from "../primitives/structural.ts";
import { showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { flattenValues } from "../transforms/flat.ts";
import type { Arrays } from "../transforms/types.ts";
import { vmap } from "../transforms/vmap.ts";
import { map as mapTree, unflatten } from "../tree.ts";
import { scan } from "./scan.ts";

export interface MapOptions {
  /** Examples computed together under vmap; one by default. */
  readonly batchSize?: number;
}

/**
 * `f(x)` for every x along the leading axis of the leaves of `xs`, results stacked (jax.lax.map): like vmap, but one
 * after another, so that the memory of one example, or of one batch of `batchSize`, is enough.
 */
export function map<X, Y>(
  f: (x: Arrays<X>) => Y,
  xs: X,
  { batchSize }: MapOptions = {},
): Arrays<Y> {
  const each = (g: (x: Arrays<X>) => Y, over: unknown) =>
    scan((_: null, x) => [null, g(x as Arrays<X>)], null, over)[1];
  if (batchSize === undefined) return each(f, xs);
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new RangeError(
      `map: expected a batchSize that is a positive integer, got ${batchSize}`,
    );
  const [leaves, def] = flattenValues("map", xs);
  const length = leaves[0]?.shape[0];
  const uneven = leaves.find((x) => x.shape[0] !== length);
  if (length === undefined || uneven)
    throw new TypeError(
      `map: expected leaves with leading axes of one length, got ${leaves.map((x) => showType(x.type)).join(" and ") || "none"}`,
    );
  const whole = length - (length % batchSize);
  const build = (from: (x: Value) => Value) =>
    unflatten(def, leaves.map(from)) as Arrays<X>;
  const together = vmap(f);
  const rest = () =>
    together(build((x) => sliceAxis(x, 0, whole, length))) as Arrays<Y>;
  if (whole === 0 && length > 0) return rest();
  const batches = build((x) =>
    reshape(sliceAxis(x, 0, 0, whole), [
      whole / batchSize,
      batchSize,
      ...x.shape.slice(1),
    ]),
  );
  const merged = mapTree(
    (y: Value) => reshape(y, [whole, ...y.shape.slice(2)]),
    each(together, batches),
  );
  return (
    whole === length
      ? merged
      : mapTree((a: Value, b: Value) => concatenate([a, b], 0), merged, rest())
  ) as Arrays<Y>;
}

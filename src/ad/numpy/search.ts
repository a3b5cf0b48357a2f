/** @file Where elements are: places in a sorted array, places that are not zero. */
import { scan } from "../control/scan.ts";
import * as e from "../primitives/elementwise.ts";
import { fill, iota } from "../primitives/fill.ts";
import { gather, scatterAdd } from "../primitives/gather.ts";
import { cumsum } from "../primitives/cumulative.ts";
import { reverse } from "../primitives/reverse.ts";
import { sliceAxis } from "../primitives/slicing.ts";
import { broadcast, reshape, sum } from "../primitives/structural.ts";
import { showShape, stridesOf } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { filledLike } from "./axes.ts";
import { stack } from "./join.ts";
import { broadcastTo, promoteDtypes } from "./promote.ts";

/** `x < y` where NaN is above every number and equal to itself. */
const below = (x: Value, y: Value): Value =>
  e.or(e.lt(x, y), e.and(e.eq(x, x), e.not(e.eq(y, y))));

/**
 * The place (int32, shaped like `values`) at which each value keeps a sorted array sorted: before its equals
 * (`side: "left"`) or after them (jax.numpy.searchsorted). NaN is above every number.
 */
export function searchsorted(
  sorted: ArrayLike,
  values: ArrayLike,
  { side = "left" }: { readonly side?: "left" | "right" } = {},
): Value {
  const who = "searchsorted";
  const [line, wanted] = promoteDtypes(who, [sorted, values]);
  if (line.ndim !== 1)
    throw new TypeError(
      `${who}: expected a sorted array of one axis, got ${showShape(line.shape)}`,
    );
  const n = line.shape[0];
  const { shape } = wanted;
  const constant = (value: number) => fill(value, { shape, dtype: "int32" });
  if (n === 0) return constant(0);
  // Halves n + 1 possible places until one is left.
  const [places] = scan<[Value, Value], null, null>(
    ([low, high]) => {
      const middle = e.div(e.add(low, high), constant(2));
      const probe = gather(line, e.min(middle, constant(n - 1)));
      const above =
        side === "left" ? below(probe, wanted) : e.not(below(wanted, probe));
      const up = e.and(e.lt(low, high), above);
      return [
        [
          e.select(up, e.add(middle, constant(1)), low),
          e.select(up, high, middle),
        ],
        null,
      ];
    },
    [constant(0), constant(n)],
    null,
    { length: Math.ceil(Math.log2(n + 1)) },
  );
  return places[0];
}

/**
 * The bin (int32) of each element: i where bins[i-1] <= x < bins[i], or with `right` bins[i-1] < x <= bins[i]; of
 * falling bins where bins[i-1] > x >= bins[i] or with `right` bins[i-1] >= x > bins[i] (jax.numpy.digitize).
 */
export function digitize(
  x: ArrayLike,
  bins: ArrayLike,
  { right = false }: { readonly right?: boolean } = {},
): Value {
  const edges = asValue("digitize", bins);
  const value = asValue("digitize", x);
  if (edges.ndim !== 1)
    throw new TypeError(
      `digitize: expected bins of one axis, got ${showShape(edges.shape)}`,
    );
  const n = edges.shape[0];
  if (n === 0) return fill(0, { shape: value.shape, dtype: "int32" });
  const side = right ? "left" : "right";
  const rising = searchsorted(edges, value, { side });
  // Of falling bins those above the value are counted.
  const turned = searchsorted(reverse(edges, [0]), value, { side });
  const falling = e.sub(filledLike(turned, n), turned);
  const rises = e.le(sliceAxis(edges, 0, 0, 1), sliceAxis(edges, 0, n - 1, n));
  return e.select(
    broadcastTo(reshape(rises, []), value.shape),
    rising,
    falling,
  );
}

export interface SizeOptions {
  /** How many results there are; needed where the function is traced, and otherwise as many as there are. */
  readonly size?: number;
}

/** The size asked for, or as many as are true: that reads the elements. */
export const sizeOr = (mask: Value, size: number | undefined): number =>
  size ?? sum(e.convert(mask, "int32"), [0]).item();

/**
 * The places of the first `size` true elements of a mask (n), and which of them there are. Each true element sends its
 * index to the row of its rank; the others go to one more row, which is cut off.
 */
export function placesOf(
  mask: Value,
  size: number,
): { places: Value; exists: Value } {
  const n = mask.shape[0];
  const rank = cumsum(e.convert(mask, "int32"), 0);
  const cut = filledLike(rank, size);
  const row = e.select(
    e.and(mask, e.le(rank, cut)),
    e.sub(rank, filledLike(rank, 1)),
    cut,
  );
  const places = sliceAxis(scatterAdd(row, iota([n]), size + 1), 0, 0, size);
  const count = sum(e.convert(mask, "int32"), [0]);
  return { places, exists: e.lt(iota([size]), broadcast(count, [size], [])) };
}

export interface NonzeroOptions extends SizeOptions {
  /** The index in the places that are left over; 0 by default. */
  readonly fillValue?: number;
}

/** The indices (int32) in the flattened array of the elements that are not zero (jax.numpy.flatnonzero). */
export const flatnonzero = (
  x: ArrayLike,
  options: NonzeroOptions = {},
): Value => {
  const value = asValue("flatnonzero", x);
  return nonzero(reshape(value, [value.size]), options)[0];
};

/** For each axis the indices (int32) of the elements that are not zero, in row-major order (jax.numpy.nonzero). */
export function nonzero(
  x: ArrayLike,
  { size, fillValue = 0 }: NonzeroOptions = {},
): Value[] {
  const value = asValue("nonzero", x);
  const flat = e.convert(reshape(value, [value.size]), "bool");
  const { places, exists } = placesOf(flat, sizeOr(flat, size));
  const strides = stridesOf(value.shape);
  return value.shape.map((n, axis) => {
    const along = e.div(places, filledLike(places, strides[axis]));
    const rounds = e.div(along, filledLike(along, n));
    const index = e.sub(along, e.mul(rounds, filledLike(rounds, n)));
    return e.select(exists, index, filledLike(index, fillValue));
  });
}

/** The indices (count, axes) of the elements that are not zero (jax.numpy.argwhere). */
export function argwhere(x: ArrayLike, options: NonzeroOptions = {}): Value {
  const columns = nonzero(x, options);
  if (columns.length === 0) {
    const flat = reshape(asValue("argwhere", x), [1]);
    const size = sizeOr(e.convert(flat, "bool"), options.size);
    return fill(0, { shape: [size, 0], dtype: "int32" });
  }
  return stack(columns, -1);
}

/** @file Counting: how often integers occur, and how often numbers fall into bins. */
import * as e from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { scatterAdd } from "../primitives/gather.ts";
import { sliceAxis } from "../primitives/slicing.ts";
import { broadcast, reshape, sum } from "../primitives/structural.ts";
import { showShape, showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { filledLike, inDtype } from "./axes.ts";
import { linspace } from "./creation.ts";
import { toFloat } from "./promote.ts";
import { max, min } from "./reduce.ts";
import { searchsorted } from "./search.ts";

export interface BincountOptions {
  /** What each element adds; 1 (int32) by default. */
  readonly weights?: ArrayLike;
  /** How many numbers are counted, at least. */
  readonly minlength?: number;
  /** How many numbers are counted; needed where the function is traced. Greater elements are left out. */
  readonly length?: number;
}

/** How often each of 0, 1, 2, ... occurs among integers (n); negative ones count as 0 (jax.numpy.bincount). */
export function bincount(
  x: ArrayLike,
  { weights, minlength = 0, length }: BincountOptions = {},
): Value {
  const value = asValue("bincount", x);
  if (value.ndim !== 1 || value.dtype.startsWith("float"))
    throw new TypeError(
      `bincount: expected integers in one axis, got ${showType(value.type)}`,
    );
  const index = e.max(
    e.convert(value, "int32"),
    fill(0, { shape: value.shape, dtype: "int32" }),
  );
  const seen = () => (value.size ? max(index).item() + 1 : 0);
  const n = length ?? Math.max(seen(), minlength);
  const given =
    weights === undefined ? filledLike(index, 1) : asValue("bincount", weights);
  if (showShape(given.shape) !== showShape(value.shape))
    throw new TypeError(
      `bincount: expected weights shaped like ${showShape(value.shape)}, got ${showShape(given.shape)}`,
    );
  return countRows(index, e.convert(given, given.dtype === "bool" ? "int32" : given.dtype), n); // prettier-ignore
}

/** `weights` (n) added to the rows of `index` (n); what is beyond `rows` is left out. */
const countRows = (index: Value, weights: Value, rows: number): Value =>
  sliceAxis(
    scatterAdd(e.min(index, filledLike(index, rows)), weights, rows + 1),
    0,
    0,
    rows,
  );

export interface HistogramOptions {
  /** How many bins of equal width, or their edges (count + 1). */
  readonly bins?: number | Value;
  /** From where to where bins of equal width reach; by default from the least element to the greatest. */
  readonly range?: readonly [low: ArrayLike, high: ArrayLike];
  /** What each element adds; 1 by default. */
  readonly weights?: ArrayLike;
  /** Divides by the total and the widths, so that the integral is 1. */
  readonly density?: boolean;
}

/** The edges of a histogram's bins (jax.numpy.histogram_bin_edges). */
export function histogramBinEdges(
  x: ArrayLike,
  { bins = 10, range }: Pick<HistogramOptions, "bins" | "range"> = {},
): Value {
  const value = toFloat("histogramBinEdges", x);
  if (typeof bins !== "number") return e.convert(bins, value.dtype);
  if (!Number.isInteger(bins) || bins < 1)
    throw new RangeError(
      `histogramBinEdges: expected a positive number of bins, got ${bins}`,
    );
  const ends =
    range ??
    (value.size === 0
      ? ([0, 1] as const)
      : ([min(value), max(value)] as const));
  const [low, high] = ends.map((end) =>
    inDtype("histogramBinEdges", end, value.dtype),
  );
  const flat = e.eq(low, high);
  const half = filledLike(low, 0.5);
  return linspace(
    e.select(flat, e.sub(low, half), low),
    e.select(flat, e.add(high, half), high),
    bins + 1,
  );
}

/**
 * How many elements fall into each bin, and the bins' edges (jax.numpy.histogram). A bin holds its left edge, the last
 * one its right edge too; counts are floats.
 */
export function histogram(
  x: ArrayLike,
  options: HistogramOptions = {},
): [counts: Value, edges: Value] {
  const given = toFloat("histogram", x);
  const value = reshape(given, [given.size]);
  const edges = histogramBinEdges(value, options);
  const bins = edges.shape[0] - 1;
  const { weights, density = false } = options;
  const each =
    weights === undefined
      ? filledLike(value, 1)
      : reshape(toFloat("histogram", weights), [value.size]);
  const place = searchsorted(edges, value, { side: "right" });
  const last = sliceAxis(edges, 0, bins, bins + 1);
  const atEnd = e.eq(value, broadcast(reshape(last, []), value.shape, []));
  const bin = e.select(atEnd, filledLike(place, bins), place);
  // Row 0 holds what is below the first edge, row bins + 1 what is above the last.
  const counts = sliceAxis(countRows(bin, each, bins + 1), 0, 1, bins + 1);
  if (!density) return [counts, edges];
  const widths = e.sub(sliceAxis(edges, 0, 1, bins + 1), sliceAxis(edges, 0, 0, bins)); // prettier-ignore
  const total = broadcast(sum(counts, [0]), counts.shape, []);
  return [e.div(e.div(counts, e.convert(widths, counts.dtype)), total), edges];
}

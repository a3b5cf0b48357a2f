/** @file `associativeScan`: all prefixes of an associative operation in a logarithmic number of steps. */
import { concatenate, sliceAxis } from "../primitives/slicing.ts";
import { moveAxis, reshape } from "../primitives/structural.ts";
import { insertAxis, normalizeAxis, showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { flattenValues } from "../transforms/flat.ts";
import type { Arrays } from "../transforms/types.ts";
import { unflatten } from "../tree.ts";
import { keptLeaves, type ArrayLikes, type Kept } from "./agree.ts";

const who = "associativeScan";
const entry: Kept = {
  word: "entry",
  before: "in both arguments",
  after: "in their combination",
};

export interface AssociativeScanOptions {
  /** Combines from the last entry to the first; entry k then holds those from k to the end. */
  readonly reverse?: boolean;
  /** The axis of every leaf to scan along; the first by default. */
  readonly axis?: number;
}

type Leaves = readonly Value[];

/**
 * `out[k] = fn(... fn(fn(x[0], x[1]), x[2]) ..., x[k])` along an axis of the leaves of `elems`, with fewer than
 * 2 n combinations in 2 log2 n calls (jax.lax.associative_scan). `fn(a, b)` takes and gives trees like `elems`, with any
 * length along the axis, and combines them entry by entry; under `reverse` its first argument is the later one.
 */
export function associativeScan<T>(
  fn: (a: Arrays<T>, b: Arrays<T>) => ArrayLikes<T>,
  elems: T,
  { reverse = false, axis = 0 }: AssociativeScanOptions = {},
): Arrays<T> {
  const [leaves, def] = flattenValues(who, elems);
  const axes = leaves.map((x) => normalizeAxis(who, axis, x.ndim));
  const lengths = leaves.map((x, i) => x.shape[axes[i]]);
  if (lengths.some((n) => n !== lengths[0]))
    throw new TypeError(
      `${who}: expected leaves of one length along axis ${axis}, got ${leaves.map((x) => showType(x.type)).join(" and ")}`,
    );
  const place = (list: Leaves) => list.map((x, i) => moveAxis(x, 0, axes[i]));
  const combine = (a: Leaves, b: Leaves): Value[] => {
    const [x, y] = [place(a), place(b)];
    const tree = (list: Leaves) => unflatten(def, list) as Arrays<T>;
    const out = fn(tree(x), tree(y));
    const types = x.map(({ type }) => type);
    return keptLeaves(who, out, def, types, entry).map((z, i) =>
      moveAxis(z, axes[i], 0),
    );
  };
  const front = leaves.map((x, i) => moveAxis(x, axes[i], 0));
  const scanned = lengths.length
    ? (reverse ? suffixes : prefixes)(combine, front, lengths[0])
    : [];
  return unflatten(def, place(scanned)) as Arrays<T>;
}

type Combine = (a: Leaves, b: Leaves) => Value[];

const rows = (xs: Leaves, from: number, to: number): Value[] =>
  xs.map((x) => sliceAxis(x, 0, from, to));
const join = (a: Leaves, b: Leaves): Value[] =>
  a.map((x, i) => concatenate([x, b[i]], 0));

/** The entries of even and of odd index among an even number of them. */
const unzip = (xs: Leaves, n: number): [Value[], Value[]] => {
  const pairs = xs.map((x) => reshape(x, [n / 2, 2, ...x.shape.slice(1)]));
  const side = (k: number) =>
    pairs.map((x, i) =>
      reshape(sliceAxis(x, 1, k, k + 1), [n / 2, ...xs[i].shape.slice(1)]),
    );
  return [side(0), side(1)];
};

/** a[0], b[0], a[1], b[1], ... */
const zip = (a: Leaves, b: Leaves): Value[] =>
  a.map((x, i) => {
    const column = (y: Value) => reshape(y, insertAxis(y.shape, 1, 1));
    const pairs = concatenate([column(x), column(b[i])], 1);
    return reshape(pairs, [2 * x.shape[0], ...x.shape.slice(1)]);
  });

/** Prefixes of neighbouring pairs are the entries of odd index; each gives the even one after it. */
function prefixes(combine: Combine, xs: Leaves, n: number): Leaves {
  if (n < 2) return xs;
  const paired = n - (n % 2);
  const [a, b] = unzip(rows(xs, 0, paired), paired);
  const half = paired / 2;
  const odd = prefixes(combine, combine(a, b), half);
  const single = n > paired;
  const later = rows(a, 1, half);
  const right = single ? join(later, rows(xs, paired, n)) : later;
  const left = single ? odd : rows(odd, 0, half - 1);
  const first = rows(xs, 0, 1);
  const even = n === 2 ? first : join(first, combine(left, right));
  return single
    ? join(zip(rows(even, 0, half), odd), rows(even, half, half + 1))
    : zip(even, odd);
}

/** The mirror image: pairs are counted from the end. */
function suffixes(combine: Combine, xs: Leaves, n: number): Leaves {
  if (n < 2) return xs;
  const odd = n % 2;
  const [a, b] = unzip(rows(xs, odd, n), n - odd);
  const half = (n - odd) / 2;
  const whole = suffixes(combine, combine(b, a), half);
  const last = rows(xs, n - 1, n);
  const earlier = rows(b, 0, half - 1);
  const right = odd ? join(rows(xs, 0, 1), earlier) : earlier;
  const left = odd ? whole : rows(whole, 1, half);
  const others = n === 2 ? last : join(combine(left, right), last);
  return odd
    ? join(rows(others, 0, 1), zip(whole, rows(others, 1, half + 1)))
    : zip(whole, others);
}

/** @file Scaled dot-product attention (jax.nn.dot_product_attention). */
import { add, less, lessEqual, multiply, where } from "../numpy/elementwise.ts";
import { logicalAnd } from "../numpy/logic.ts";
import { broadcastTo, promoteDtypes } from "../numpy/promote.ts";
import { dot } from "../primitives/dot.ts";
import { convert } from "../primitives/elementwise.ts";
import { iota } from "../primitives/fill.ts";
import { reshape, transpose } from "../primitives/structural.ts";
import { insertAxis, showShape, type Shape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { softmax } from "./normalize.ts";

export interface AttentionOptions {
  /** Added to the logits, broadcast to (B, N, T, S). */
  readonly bias?: ArrayLike;
  /** Which keys (S) each query (T) may see, as a bool broadcast to (B, N, T, S). */
  readonly mask?: ArrayLike;
  /** What logits are multiplied by; by default 1 / sqrt(H). */
  readonly scale?: number;
  /** Queries see no key after their own place. */
  readonly isCausal?: boolean;
  /** (B): how many queries count; the others give zeros. */
  readonly querySeqLengths?: ArrayLike;
  /** (B): how many keys count. */
  readonly keyValueSeqLengths?: ArrayLike;
  /** How far before and after its own place a query may see keys. */
  readonly localWindowSize?: number | readonly [left: number, right: number];
}

/** What stands for minus infinity: a query that sees no key then weighs all alike, where infinity would give NaN. */
const unseen = -0.7 * (2 - 2 ** -23) * 2 ** 127;

const place = (shape: Shape, axis: number) => iota(shape, axis);

/** Which pairs (B, T, S) the options but `mask` let through, or null for all of them. */
function visible(
  [b, t, s]: Shape,
  { isCausal, localWindowSize, ...lengths }: AttentionOptions,
): Value | null {
  const shape = [b, t, s];
  const [query, key] = [place(shape, 1), place(shape, 2)];
  const tests: Value[] = [];
  if (isCausal) tests.push(lessEqual(key, query));
  if (localWindowSize !== undefined) {
    const [left, right] =
      typeof localWindowSize === "number"
        ? [localWindowSize, localWindowSize]
        : localWindowSize;
    tests.push(lessEqual(query, add(key, left)));
    tests.push(lessEqual(key, add(query, right)));
  }
  const within = (at: Value, length: ArrayLike) =>
    less(at, reshape(asValue("dotProductAttention", length), [b, 1, 1]));
  if (lengths.querySeqLengths !== undefined)
    tests.push(within(query, lengths.querySeqLengths));
  if (lengths.keyValueSeqLengths !== undefined)
    tests.push(within(key, lengths.keyValueSeqLengths));
  return tests.length === 0 ? null : tests.reduce(logicalAnd);
}

/**
 * query (B, T, N, H), key and value (B, S, K, H) -> (B, T, N, H): each query's mean of the values, weighed by the
 * softmax of its products with the keys. N is a multiple of K, whose heads then serve N / K queries each; B may be
 * left out.
 */
export function dotProductAttention(
  query: ArrayLike,
  key: ArrayLike,
  value: ArrayLike,
  options: AttentionOptions = {},
): Value {
  const who = "dotProductAttention";
  const given = promoteDtypes(who, [query, key, value]);
  const [q, k, v] = given.map((x) =>
    x.ndim === 3 ? reshape(x, insertAxis(x.shape, 0, 1)) : x,
  );
  const [b, t, n, h] = q.shape;
  const [, s, heads] = k.shape;
  const fits = [q, k, v].every((x) => x.ndim === 4 && x.shape[0] === b && x.shape[3] === h); // prettier-ignore
  if (!fits || v.shape[1] !== s || v.shape[2] !== heads || n % heads !== 0)
    throw new TypeError(
      `${who}: expected query (B, T, N, H), key and value (B, S, K, H) with N a multiple of K, got ${given.map((x) => showShape(x.shape)).join(" and ")}`,
    );
  const groups = n / heads;
  const grouped = reshape(q, [b, t, heads, groups, h]);
  const products = dot(grouped, k, { contract: [[4], [3]], batch: [[0, 2], [0, 2]] }); // prettier-ignore
  // (B, K, T, G, S) -> (B, N, T, S)
  const pairs = reshape(transpose(products, [0, 1, 3, 2, 4]), [b, n, t, s]);
  const scaled = multiply(pairs, options.scale ?? 1 / Math.sqrt(h));
  const biased =
    options.bias === undefined ? scaled : convert(add(scaled, options.bias), q.dtype); // prettier-ignore
  const seen = visible([b, t, s], options);
  const open = seen && reshape(seen, [b, 1, t, s]);
  const masks = [open, options.mask].filter((x) => x != null);
  const logits = masks.reduce<Value>(
    (x, mask) => where(mask, x, unseen),
    biased,
  );
  const weights = reshape(softmax(logits), [b, heads, groups, t, s]);
  const mixed = dot(weights, v, { contract: [[4], [1]], batch: [[0, 1], [0, 2]] }); // prettier-ignore
  // (B, K, G, T, H) -> (B, T, N, H)
  const out = reshape(transpose(mixed, [0, 3, 1, 2, 4]), [b, t, n, h]);
  return reshape(padded(out, options.querySeqLengths), given[0].shape);
}

/** Zeros for the queries that do not count. */
function padded(out: Value, lengths: ArrayLike | undefined): Value {
  if (lengths === undefined) return out;
  const count = asValue("dotProductAttention", lengths);
  const limit = reshape(count, [out.shape[0], 1, 1, 1]);
  return where(less(place(out.shape, 1), broadcastTo(limit, out.shape)), out, 0); // prettier-ignore
}

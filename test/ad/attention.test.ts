/** @file Dot-product attention against loops over heads, queries and keys: masks, lengths, windows, shared key heads. */
import { describe, expect, test } from "vitest";
import {
  array,
  jit,
  numpy as np,
  type Array as Arr,
  type Value,
} from "../../src/ad/index.ts";
import * as nn from "../../src/ad/nn/index.ts";
import {
  at,
  expectClose,
  fillNd,
  nd,
  random,
  toArray,
  toNd,
  type Nd,
} from "./naive.cases.ts";

const [b, t, s, n, k, h] = [2, 3, 4, 4, 2, 5];
const next = random(3);
const draw = (...shape: number[]): Nd => fillNd(shape, "float64", "any", next);
const [query, key, value] = [
  draw(b, t, n, h),
  draw(b, s, k, h),
  draw(b, s, k, h),
];
const bias = draw(1, n, t, s);
const arr = (x: Nd) => toArray(x, "float64");

/** `sees` says which keys a query weighs; a query that sees none weighs all alike. */
function naive(
  sees: (batch: number, i: number, j: number) => boolean,
  { scale = 1 / Math.sqrt(h), offset = nd([1, n, t, s], () => 0) } = {},
): Nd {
  return nd([b, t, n, h], ([batch, i, head, c]) => {
    const group = Math.floor(head / (n / k));
    const logits = Array.from({ length: s }, (_, j) => {
      let product = 0;
      for (let e = 0; e < h; e++)
        product += at(query, [batch, i, head, e]) * at(key, [batch, j, group, e]);
      return product * scale + at(offset, [0, head, i, j]);
    }); // prettier-ignore
    const visible = logits.map((_, j) => sees(batch, i, j));
    const weights = logits.map((x, j) =>
      visible.includes(true) ? (visible[j] ? Math.exp(x) : 0) : 1,
    );
    const total = weights.reduce((x, y) => x + y);
    return weights.reduce(
      (sum, w, j) => sum + (w / total) * at(value, [batch, j, group, c]),
      0,
    );
  });
}

const attend = (options?: nn.AttentionOptions) =>
  nn.dotProductAttention(arr(query), arr(key), arr(value), options);
const lengths = array([2, 3], { dtype: "int32" });
const length = [2, 3];
const mask = array(
  Array.from({ length: t * s }, (_, i) => Number(i % 3 !== 0)),
  { dtype: "bool", shape: [1, 1, t, s] },
);

describe("dotProductAttention", () => {
  test.each<[string, nn.AttentionOptions, Nd]>([
    ["sees all keys by default", {}, naive(() => true)],
    ["sees no key after its place where causal", { isCausal: true }, naive((_, i, j) => j <= i)],
    ["sees what the mask lets it", { mask }, naive((_, i, j) => (i * s + j) % 3 !== 0)],
    ["joins masks", { mask, isCausal: true }, naive((_, i, j) => (i * s + j) % 3 !== 0 && j <= i)],
    ["sees the keys within its window", { localWindowSize: [1, 0] }, naive((_, i, j) => j >= i - 1 && j <= i)],
    ["takes one number for both sides of the window", { localWindowSize: 1 }, naive((_, i, j) => Math.abs(i - j) <= 1)],
    ["sees as many keys as count", { keyValueSeqLengths: lengths }, naive((batch, _, j) => j < length[batch])],
    ["takes a scale and a bias", { scale: 0.3, bias: arr(bias) }, naive(() => true, { scale: 0.3, offset: bias })],
  ])("%s", (_title, options, want) => {
    expectClose(toNd(attend(options)), want, 1e-12);
  }); // prettier-ignore

  test("gives zeros for queries beyond those that count", () => {
    const out = toNd(attend({ querySeqLengths: lengths }));
    const all = naive(() => true);
    expectClose(
      out,
      nd(out.shape, (i) => (i[1] < length[i[0]] ? at(all, i) : 0)),
      1e-12,
    );
  });

  test("takes operands without a batch, and compiles", async () => {
    const first = (x: Nd) => np.reshape(toArray({ ...x, data: x.data.slice(0, x.data.length / b) , shape: x.shape.slice(1) }, "float64"), x.shape.slice(1)); // prettier-ignore
    const f = (q: Value, kk: Value, v: Value) =>
      nn.dotProductAttention(q, kk, v, { isCausal: true });
    const operands = [query, key, value].map(first) as [Value, Value, Value];
    const compiled = jit(f, { threads: 1 });
    const out = compiled(...operands) as Arr;
    await out.data();
    const all = naive((_, i, j) => j <= i);
    expectClose(
      toNd(out),
      nd([t, n, h], (i) => at(all, [0, ...i])),
      1e-12,
    );
    await compiled.dispose();
  });

  test("refuses shapes that do not fit, naming all three", () => {
    expect(() =>
      nn.dotProductAttention(np.zeros([3, 4, 5]), np.zeros([4, 3, 5]), np.zeros([4, 3, 5])),
    ).toThrow(
      "dotProductAttention: expected query (B, T, N, H), key and value (B, S, K, H) with N a multiple of K, got [3,4,5] and [4,3,5] and [4,3,5]",
    );
  }); // prettier-ignore
});

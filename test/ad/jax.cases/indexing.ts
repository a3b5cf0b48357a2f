/** @file Reading and writing parts of arrays, and jax.lax on arrays: goldens/cases/indexing.py, second half. */
import {
  array,
  lax,
  numpy as np,
  scalar,
  type Value,
} from "../../../src/ad/index.ts";
import {
  ARRAYS,
  SMOOTH,
  callsOf,
  golden,
  type Fn,
  type Golden,
  type Kind,
  type Variant,
} from "./families.ts";

const VALUE: readonly Variant[] = ["value"];
const LOOSE: readonly Variant[] = ["value", "grad"];
const BATCHED: readonly Variant[] = ["value", "vmap"];
const ONE: readonly Kind[] = ["f32"];
const WORDS: readonly Kind[] = ["u32"];

const of = callsOf("numpy", np);
const odd = array([true, false, true], { dtype: "bool" });
const taken: Golden[] = [
  ...of("take", "rows", (f, x, i) => f(x, i, 0), ARRAYS),
  ...of("take", "columns", (f, x, i) => f(x, i, 1), ARRAYS),
  ...of("take", "wrapped", (f, x, i) => f(x, i, 1, { mode: "wrap" }), ARRAYS),
  ...of("take", "clipped", (f, x, i) => f(x, i, 1, { mode: "clip" }), ARRAYS),
  ...of("takeAlongAxis", "rows", (f, x, i) => f(x, i, 1), SMOOTH),
  ...of(
    "ravelMultiIndex",
    "raveled",
    (f, i, j) => f([i, j], [3, 4]),
    VALUE,
    ONE,
    true,
  ),
  ...of("unravelIndex", "pairs", (f, i) => f(i, [3, 4]), VALUE, ONE),
  ...of("compress", "rows", (f, x) => f(odd, x, { axis: 1 }), VALUE),
];

const { at, index, slice } = np;
const all = slice();
const mask = array([true, false, true, true, false], { dtype: "bool" });
const reading = (
  label: string,
  f: Fn,
  variants: readonly Variant[] = ARRAYS,
  eager = false,
): Golden => golden(`at.${label}`, f, variants, ["f32", "f64"], eager);
type Operation = "set" | "add" | "multiply" | "min" | "max";

const indexed: Golden[] = [
  reading("index", (x) => index(x, 1)),
  reading("negative", (x) => index(x, all, -1)),
  reading("slice", (x) => index(x, slice(1, 4, 2))),
  reading("reverse", (x) => index(x, slice(null, null, -1))),
  reading("newaxis", (x) => index(x, all, null, slice(1))),
  reading("ellipsis", (x) => index(x, "...", 2)),
  reading("ints", (x, i) => index(x, i)),
  reading("columns", (x, i) => index(x, all, i)),
  reading("pairs", (x, i, j) => index(x, i, j)),
  reading("beyond", (x, i) => at(x, i).get({ mode: "clip" }), LOOSE),
  reading("mask", (x) => index(x, mask), LOOSE),
  ...(["set", "add", "multiply", "min", "max"] as Operation[]).map((name) =>
    reading(
      name,
      (x, v) => at(x, slice(1, 4))[name](v),
      name === "set" || name === "add" ? ARRAYS : BATCHED,
    ),
  ),
  reading("setIndex", (x) => at(x, 0, -1).set(9)),
  reading("setInts", (x, i, v) => at(x, i).set(v)),
  reading("addInts", (x, i, v) => at(x, i).add(v), SMOOTH),
  reading("multiplyInts", (x, i, v) => at(x, i).multiply(v), VALUE),
  reading("maxInts", (x, i, v) => at(x, i).max(v), VALUE),
  reading("setColumns", (x, i, v) => at(x, all, i).set(v)),
  reading("addBeyond", (x, i, v) => at(x, i).add(v, { mode: "drop" })),
  reading("getFilled", (x, i) => at(x, i).get({ mode: "fill", fillValue: -1 })),
  reading("apply", (x) => at(x, slice(1, 3)).apply((v) => np.sin(v)), VALUE),
];

/** Some of jax.lax is here under numpy's name. */
const low = callsOf("lax", { ...np, ...lax });
const half = (x: Value, value: number): Value => scalar(value, x.dtype);
const lowered: Golden[] = [
  ...low(
    "dynamicSlice",
    "inside",
    (f, x, i) => f(x, [i, np.multiply(i, 0)], [1, 2]),
    ARRAYS,
  ),
  ...low("dynamicSlice", "clamped", (f, x, i) => f(x, [i], [3]), ARRAYS),
  ...low("dynamicUpdateSlice", "inside", (f, x, u, i) => f(x, u, [i]), SMOOTH),
  ...low("dynamicUpdateSlice", "clamped", (f, x, u, i) => f(x, u, [i]), ARRAYS),
  ...low("dynamicSliceInDim", "axis", (f, x, i) => f(x, i, 2, 1), ARRAYS),
  ...low(
    "dynamicIndexInDim",
    "axis",
    (f, x, i) => f(x, i, 1, { keepdims: false }),
    ARRAYS,
  ),
  ...low(
    "dynamicUpdateIndexInDim",
    "axis",
    (f, x, u, i) => f(x, u, i, 0),
    ARRAYS,
  ),
  ...low("slice", "strided", (f, x) => f(x, [0, 1], [2, 3], [1, 2]), ARRAYS),
  ...low("sliceInDim", "axis", (f, x) => f(x, 0, 3, 2, 1), ARRAYS),
  ...low(
    "pad",
    "interior",
    (f, x) =>
      f(x, half(x, 0.5), [
        [1, 0, 1],
        [0, -1, 0],
      ]),
    ARRAYS,
  ),
  ...low("rev", "axes", (f, x) => f(x, [0, 1]), ARRAYS),
  ...low("topK", "three", (f, x) => f(x, 3), ARRAYS),
  ...low("sort", "axis", (f, x) => f(x, { axis: 0 }), ARRAYS),
  golden("lax.sortKeyVal.keys", (x, y) => np.sortTogether([x, y]), ARRAYS),
  ...low(
    "cummax cummin",
    "reverse",
    (f, x) => f(x, { axis: 1, reverse: true }),
    ARRAYS,
  ),
  ...low(
    "cumlogsumexp",
    "reverse",
    (f, x) => f(x, { axis: 1, reverse: true }),
    SMOOTH,
  ),
  golden("lax.clamp.bounds", (x) => np.clip(x, -0.5, 0.75), ARRAYS),
  ...low("selectN", "cases", (f, x, y) => f(np.greater(x, 0), x, y), ARRAYS),
  ...low("broadcastInDim", "axes", (f, x) => f(x, [2, 3, 2], [0, 1]), ARRAYS),
  ...low("broadcastedIota", "axis", (f) => f("int32", [2, 3], 1), VALUE, ONE),
  ...low(
    "dotGeneral",
    "batch",
    (f, x, y) => f(x, y, { contract: [[2], [1]], batch: [[0], [0]] }),
    SMOOTH,
  ),
  ...low("conv", "pairs", (f, x, k) => f(x, k, [1, 1], "SAME"), LOOSE),
  golden("lax.populationCount.words", (x) => np.bitwiseCount(x), VALUE, WORDS),
  golden("lax.integerPow.power", (x) => np.power(x, 3), SMOOTH),
];

export const goldens: Golden[] = [...taken, ...indexed, ...lowered];

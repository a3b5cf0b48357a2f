/** @file Creating, joining, rearranging and multiplying arrays: goldens/cases/indexing.py, first half. */
import { numpy as np, type Value } from "../../../src/ad/index.ts";
import {
  ARRAYS,
  SMOOTH,
  callsOf,
  type Golden,
  type Kind,
  type Variant,
} from "./families.ts";

const of = callsOf("numpy", np);
const each = (
  names: string,
  label: string,
  call: Parameters<typeof of>[2],
  variants: readonly Variant[] = ARRAYS,
  kinds?: readonly Kind[],
): Golden[] => of(names, label, call, variants, kinds);
const VALUE: readonly Variant[] = ["value"];
const LOOSE: readonly Variant[] = ["value", "grad"];
const ONE: readonly Kind[] = ["f32"];
const made = (name: string, label: string, ...args: unknown[]): Golden[] =>
  each(name, label, (f) => f(...args), VALUE, ONE);
const head = (x: Value, n: number): Value => np.split(x, [n], 1)[0];

const joined: Golden[] = [
  ...each(
    "concatenate stack vstack hstack dstack columnStack",
    "pair",
    (f, x, y) => f([x, y]),
  ),
  ...each("concatenate stack", "axis", (f, x, y) => f([x, y], 1)),
  ...each("hstack vstack dstack columnStack", "lines", (f, x, y) => f([x, y])),
  ...each("split", "rows", (f, x) => f(x, 2)),
  ...each("split", "at", (f, x) => f(x, [1, 3], 2)),
  ...each("arraySplit", "uneven", (f, x) => f(x, 3)),
  ...each("vsplit hsplit", "two", (f, x) => f(head(x, 2), 2)),
  ...each("dsplit", "last", (f, x) => f(x, 2)),
  ...each("unstack", "plain", (f, x) => f(x, 1)),
  ...each("insert", "middle", (f, x) => f(x, 1, 7.5, 1), LOOSE),
  ...each("delete", "one", (f, x) => f(x, 1, 1), LOOSE),
  ...each("append", "rows", (f, x, y) => f(x, y, 0)),
];

const moved: Golden[] = [
  ...each("transpose", "axes", (f, x) => f(x, [2, 0, 1])),
  ...each("swapaxes", "two", (f, x) => f(x, 0, -1)),
  ...each("moveaxis", "several", (f, x) => f(x, [0, 1], [-1, 0])),
  ...each("rollaxis", "back", (f, x) => f(x, 2)),
  ...each("matrixTranspose", "last", (f, x) => f(x)),
  ...each("squeeze", "all", (f, x) => f(np.split(x, 2)[0])),
  ...each("ravel", "line", (f, x) => f(x)),
  ...each("reshape", "inferred", (f, x) => f(x, [3, -1])),
  ...each("expandDims", "axes", (f, x) => f(x, [0, 2])),
  ...each("resize", "larger", (f, x) => f(x, [3, 4])),
  ...each("broadcastTo", "target", (f, x) => f(x, [4, 2, 3])),
  ...each("broadcastArrays", "pair", (f, x, y) => f(x, y)),
  ...each("atleast1d atleast2d atleast3d", "line", (f, x) => f(x)),
  ...each("flip fliplr flipud", "plain", (f, x) => f(x)),
  ...each("flip", "axis", (f, x) => f(x, 2)),
  ...each("roll", "flat", (f, x) => f(x, 2)),
  ...each("roll", "axes", (f, x) => f(x, [1, -2], [0, 1])),
  ...each("rot90", "once", (f, x) => f(x)),
  ...each("rot90", "thrice", (f, x) => f(x, 3, [1, 2])),
  ...each("tile", "reps", (f, x) => f(x, [2, 1, 2])),
  ...each("repeat", "scalar", (f, x) => f(x, 2, { axis: 1 })),
  ...each("repeat", "counts", (f, x) =>
    f(x, [2, 0, 1], { axis: 1, totalRepeatLength: 3 }),
  ),
  ...each("pad", "zeros", (f, x) =>
    f(x, [
      [1, 0],
      [2, 1],
    ]),
  ),
  ...each("pad", "value", (f, x) => f(x, 1, { constantValues: 2.5 })),
  ...["edge", "reflect", "symmetric", "wrap"].flatMap((mode) =>
    each("pad", mode, (f, x) =>
      f(
        x,
        [
          [1, 1],
          [2, 0],
        ],
        { mode },
      ),
    ),
  ),
  ...each("tril triu", "diagonal", (f, x) => f(x, 1)),
  ...each("diag", "vector", (f, x) => f(x, 1)),
  ...each("diag", "matrix", (f, x) => f(x, -1)),
  ...each("diagflat", "vector", (f, x) => f(x)),
  ...each("diagonal", "axes", (f, x) =>
    f(x, { offset: 1, axis1: 1, axis2: 2 }),
  ),
  ...each("trace", "offset", (f, x) => f(x, { offset: -1 })),
  ...each("vander", "plain", (f, x) => f(x, 3)),
  ...each("meshgrid", "matrix", (f, x, y) => f([x, y])),
  ...each("meshgrid", "ij", (f, x, y) => f([x, y], { indexing: "ij" })),
];

const created: Golden[] = [
  ...made("arange", "steps", 2, 11, 3),
  ...made("arange", "down", 5, 0, -2),
  ...made("arange", "fractions", 0.5, 2, 0.25),
  ...made("linspace", "closed", -1, 2, 7),
  ...made("linspace", "open", 0, 1, 4, { endpoint: false }),
  ...made("logspace", "ten", 0, 2, 5),
  ...made("geomspace", "doubling", 1, 16, 5),
  ...made("eye", "shifted", 3, 4, { k: 1 }),
  ...made("identity", "three", 3),
  ...made("tri", "low", 3, 4, -1),
  ...made("full", "ints", [2, 2], 7, "int32"),
  ...made("indices", "grid", [2, 3]),
  ...made("trilIndices", "three", 3),
  ...made("triuIndices", "offset", 3, 1),
  ...made("diagIndices", "three", 3),
  ...["bartlett", "blackman", "hamming", "hanning"].flatMap((name) =>
    made(name, "seven", 7),
  ),
  ...made("kaiser", "seven", 7, 4),
];

const specs: Record<string, string> = {
  transpose: "ij->ji",
  trace: "ii",
  diagonal: "ii->i",
  matmul: "ij,jk->ik",
  implicit: "ij,jk",
  batch: "bij,bjk->bik",
  outer: "i,j->ij",
  sum: "ijk->j",
  ellipsis: "...j,jk->...k",
  three: "ij,jk,kl->il",
  quadratic: "i,ij,j->",
  hadamard: "ij,ij->i",
};
const products: Golden[] = [
  ...each("dot", "vectors", (f, x, y) => f(x, y), SMOOTH),
  ...each("dot", "tensors", (f, x, y) => f(x, y), LOOSE),
  ...each("matmul", "matrices", (f, x, y) => f(x, y), SMOOTH),
  ...each("matmul", "broadcast", (f, x, y) => f(x, y)),
  ...each("matmul", "vector", (f, x, y) => f(x, y)),
  ...each("matmul", "ints", (f, x, y) => f(x, y), VALUE, ONE),
  ...each("inner vdot vecdot", "pair", (f, x, y) => f(x, y)),
  ...each("outer", "pair", (f, x, y) => f(x, y), SMOOTH),
  ...each("kron cross", "pair", (f, x, y) => f(x, y)),
  ...each("tensordot", "one", (f, x, y) => f(x, y, 1)),
  ...each("tensordot", "pairs", (f, x, y) =>
    f(x, y, [
      [1, 0],
      [0, 1],
    ]),
  ),
  ...each("matvec vecmat", "stack", (f, x, y) => f(x, y)),
  ...Object.entries(specs).flatMap(([label, spec]) =>
    each("einsum", label, (f, ...xs) => f(spec, ...xs), SMOOTH),
  ),
  ...["full", "same", "valid"].flatMap((mode) =>
    each("convolve correlate", mode, (f, x, y) => f(x, y, { mode })),
  ),
  ...each("polyadd polysub polymul", "pair", (f, x, y) => f(x, y), LOOSE),
  ...each("polyder polyint", "line", (f, x) => f(x), LOOSE),
];

export const goldens: Golden[] = [...joined, ...moved, ...created, ...products];

/** @file jax.numpy.linalg and jax.scipy.linalg: the functions of goldens/cases/linear_algebra.py. */
import { linalg, numpy as np, type Value } from "../../../src/ad/index.ts";
import {
  ARRAYS,
  SMOOTH,
  callsOf,
  type Golden,
  type Variant,
} from "./families.ts";

const VALUE: readonly Variant[] = ["value"];
const LOOSE: readonly Variant[] = ["value", "grad"];

const numpyFace = callsOf("linalg", linalg);
const scipy = callsOf("scipy.linalg", linalg);
const numpy = (
  name: string,
  label: string,
  call: Parameters<typeof numpyFace>[2],
  variants: readonly Variant[] = SMOOTH,
): Golden[] => numpyFace(name, label, call, variants);

const { abs, matmul, multiply } = np;
const transposed = (x: Value): Value => np.matrixTranspose(x);
const symmetric = (x: Value): Value => np.divide(np.add(x, transposed(x)), 2);
const twoOf = (x: Value): Value => np.stack([x, transposed(x)]);

const decomposed: Golden[] = [
  ...numpy("cholesky", "plain", (f, x) => f(symmetric(x))),
  ...numpy(
    "cholesky",
    "upper",
    (f, x) => f(symmetric(x), { upper: true }),
    LOOSE,
  ),
  ...numpy("eigh", "values", (f, x) => (f(symmetric(x)) as Value[])[0]),
  ...numpy("eigh", "projectors", (f, x) => {
    const [w, v] = f(symmetric(x)) as [Value, Value];
    const first = np.split(v, [1], 1)[0];
    const weighted = multiply(v, np.exp(np.negative(w)));
    return [matmul(first, transposed(first)), matmul(weighted, transposed(v))];
  }),
  ...numpy("eigvalsh", "plain", (f, x) => f(symmetric(x))),
  ...numpy("svd", "rebuilt", (f, x) => {
    const [u, s, vh] = f(x, { fullMatrices: false }) as Value[];
    return [s, matmul(multiply(u, np.sqrt(s)), vh)];
  }),
  ...numpy("svd", "values", (f, x) => f(x, { computeUv: false })),
  ...numpy("svdvals", "plain", (f, x) => f(x)),
  ...numpy("qr", "projector", (f, x) => {
    const [q, r] = f(x) as [Value, Value];
    return [matmul(q, transposed(q)), abs(r)];
  }),
  ...numpy("qr", "upper", (f, x) => abs(f(x, { mode: "r" }) as Value), VALUE),
  ...numpy(
    "qr",
    "complete",
    (f, x) => {
      const [q, r] = f(x, { mode: "complete" }) as [Value, Value];
      return [matmul(q, r), abs(r)];
    },
    VALUE,
  ),
];

const solved: Golden[] = [
  ...numpy("solve", "matrix", (f, a, b) => f(a, b)),
  ...numpy("solve", "vector", (f, a, b) => f(a, b)),
  ...numpy("solve", "batch", (f, a, b) =>
    f(twoOf(a), np.stack([b, multiply(2, b)])),
  ),
  ...numpy("inv", "batch", (f, a) => f(twoOf(a))),
  ...numpy("inv det slogdet", "plain", (f, x) => f(x)),
  ...numpy("pinv", "plain", (f, x) => f(x), LOOSE),
  ...numpy("lstsq", "solution", (f, a, b) => (f(a, b) as Value[])[0], LOOSE),
  ...[3, -2, 0].flatMap((n) =>
    numpy(
      "matrixPower",
      `power${n}`.replace("-", "Minus"),
      (f, x) => f(x, n),
      ARRAYS,
    ),
  ),
  ...numpy("matrixRank", "plain", (f, x) => f(x), VALUE),
  ...numpy("cond", "plain", (f, x) => f(x), LOOSE),
  ...numpy("multiDot", "chain", (f, a, b, c) => f([a, b, c]), LOOSE),
];

const orders: Record<string, number | string | null> = {
  default: null,
  orderfro: "fro",
  ordernuc: "nuc",
  order0: 0,
  order1: 1,
  orderMinus1: -1,
  order2: 2,
  orderMinus2: -2,
  order3: 3,
  infinity: Infinity,
  minusInfinity: -Infinity,
};
const normed = (labels: string, kind: "Matrix" | "Rows"): Golden[] =>
  labels.split(" ").flatMap((label) => {
    const options = {
      ord: orders[label],
      ...(kind === "Rows" ? { axis: 1 } : {}),
    };
    return numpy("norm", `${label}${kind}`, (f, x) => f(x, options), LOOSE);
  });
const norms: Golden[] = [
  ...normed(
    "default orderfro ordernuc order1 orderMinus1 order2 orderMinus2 infinity minusInfinity",
    "Matrix",
  ),
  ...normed(
    "default order0 order1 order2 order3 infinity minusInfinity",
    "Rows",
  ),
  ...numpy("vectorNorm", "three", (f, x) =>
    f(x, { ord: 3, axis: 0, keepdims: true }),
  ),
  ...numpy("matrixNorm", "plain", (f, x) => f(x), LOOSE),
  ...numpy("outer cross", "plain", (f, x, y) => f(x, y), LOOSE),
];

const scientific: Golden[] = [
  ...scipy("cholesky", "lower", (f, x) => f(symmetric(x)), ARRAYS),
  ...scipy(
    "choSolve",
    "solve",
    (f, x, b) => f(linalg.choFactor(symmetric(x), { lower: true }), b),
    SMOOTH,
  ),
  ...scipy("solve", "plain", (f, a, b) => f(a, b), ARRAYS),
  ...scipy(
    "solve",
    "positive",
    (f, a, b) => f(symmetric(a), b, { assumeA: "pos" }),
    ARRAYS,
  ),
  ...scipy(
    "solveTriangular",
    "lower",
    (f, a, b) => f(a, b, { lower: true }),
    SMOOTH,
  ),
  ...scipy(
    "solveTriangular",
    "transposed",
    (f, a, b) => f(a, b, { lower: true, trans: 1 }),
    ARRAYS,
  ),
  ...scipy(
    "solveTriangular",
    "unit",
    (f, a, b) => f(a, b, { lower: true, unitDiagonal: true }),
    ARRAYS,
  ),
  ...scipy("lu", "parts", (f, x) => f(x), ARRAYS),
  ...scipy("luSolve", "solve", (f, x, b) => f(linalg.luFactor(x), b), SMOOTH),
  ...scipy("inv det", "plain", (f, x) => f(x), LOOSE),
  ...scipy("expm", "plain", (f, x) => f(x), ARRAYS),
  ...scipy("expm", "large", (f, x) => f(x), VALUE, ["f64"]),
  ...scipy("blockDiag", "pair", (f, x, y) => f(x, y), ARRAYS),
  ...scipy("toeplitz", "plain", (f, x, y) => f(x, y), ARRAYS),
  ...scipy("eigh", "plain", (f, x) => (f(symmetric(x)) as Value[])[0], ARRAYS),
  ...scipy("svd", "values", (f, x) => f(x, { computeUv: false }), LOOSE),
];

export const goldens: Golden[] = [
  ...decomposed,
  ...solved,
  ...norms,
  ...scientific,
];

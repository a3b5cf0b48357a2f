/** @file jax.nn and what is left of jax.numpy element by element: goldens/cases/elementwise.py, second half. */
import { array, nn, numpy as np, type Value } from "../../../src/ad/index.ts";
import {
  ARRAYS,
  SMOOTH,
  callsOf,
  elementwise,
  golden,
  type ElementwiseOptions,
  type Golden,
  type Kind,
  type Variant,
} from "./families.ts";

const of = callsOf("numpy", np);
const neural = callsOf("nn", nn);
const scalars = (names: string, options?: ElementwiseOptions): Golden[] =>
  elementwise("nn", nn, names, options);
const VALUE: readonly Variant[] = ["value"];
const LOOSE: readonly Variant[] = ["value", "grad"];
const EACH: readonly Variant[] = ["value", "eachGrad", "eachHessian"];
const INTS: readonly Kind[] = ["i32"];
const WORDS: readonly Kind[] = ["u32"];
const ONE: readonly Kind[] = ["f32"];

const ints = (names: string): Golden[] =>
  of(names, "ints", (f, ...xs) => f(...xs), VALUE, INTS);
const words = (names: string): Golden[] =>
  of(names, "words", (f, ...xs) => f(...xs), VALUE, WORDS);
const odd = array([true, false, true], { dtype: "bool" });
const promoted = ["I32U32", "I32F", "BoolI32", "BoolF", "U32F"].flatMap(
  (label) => [
    golden(`numpy.add.promotes${label}`, (x, y) => np.add(x, y), VALUE, ONE),
    golden(
      `numpy.where.promotes${label}`,
      (x, y) => np.where(odd, x, y),
      VALUE,
      ONE,
    ),
  ],
);

const integers: Golden[] = [
  ...ints(
    "add subtract multiply maximum minimum divide bitwiseAnd bitwiseOr bitwiseXor gcd lcm",
  ),
  ...ints(
    "less greaterEqual equal logaddexp arctan2 floorDivide remainder fmod leftShift rightShift",
  ),
  ...ints("bitwiseNot invert abs sign sin exp sqrt square logicalNot signbit"),
  ...words(
    "add subtract multiply bitwiseAnd bitwiseOr bitwiseXor maximum less",
  ),
  ...words("leftShift rightShift bitwiseNot"),
  ...of(
    "bitwiseCount",
    "words",
    (f, x) => np.astype(f(x) as Value, "uint32"),
    VALUE,
    WORDS,
  ),
  ...promoted,
  ...of("multiply", "halfOfInts", (f, x) => f(x, 0.5), VALUE, ONE),
  ...of("multiply", "twiceInts", (f, x) => f(x, 2), VALUE, ONE),
  ...of("power", "intPower", (f, x) => f(x, 3), EACH),
  ...of("power", "negativeInt", (f, x) => f(x, -2), EACH),
];

const shaped: Golden[] = [
  ...of("multiply", "broadcast", (f, x, y) => f(x, y), ARRAYS),
  ...of("divide", "column", (f, x, y) => f(x, y), ARRAYS),
  ...of(
    "where",
    "broadcast",
    (f, x, y) => f(np.greater(x, y), x, np.multiply(y, x)),
    ARRAYS,
  ),
  ...of("clip", "bounds", (f, x) => f(x, -1, 1.5), ARRAYS),
  ...of("maximum", "ties", (f, x, y) => f(x, y), LOOSE),
  ...of("modf", "parts", (f, x) => f(x)),
  ...of("frexp", "parts", (f, x) => f(x)),
  ...of("ldexp", "powers", (f, x, n) => f(x, n), LOOSE),
  ...of("divmod", "both", (f, x, y) => f(x, y)),
  ...of("round", "decimals", (f, x) => f(x, 2)),
  ...of("nanToNum", "chosen", (f, x) =>
    f(x, { nan: 1, posinf: 9, neginf: -9 }),
  ),
  ...of(
    "select",
    "first",
    (f, x) =>
      f(
        [np.less(x, 0), np.less(x, 1.2)],
        [np.negative(x), np.multiply(x, x)],
        7,
      ),
    ARRAYS,
  ),
  ...of("interp", "inside", (f, x, xp, fp) => f(x, xp, fp), LOOSE),
  ...of("polyval", "cubic", (f, p, x) => f(p, x), ["value", "grad", "hvp"]),
  ...of("allclose", "near", (f, x, y) => f(x, y)),
  ...of("gradient", "line", (f, x) => f(x), LOOSE),
  ...of(
    "gradient",
    "spacing",
    (f, x) => f(x, { spacing: 0.5, axis: 1 }),
    LOOSE,
  ),
  ...of("trapezoid", "unit", (f, y) => f(y), LOOSE),
  ...of("trapezoid", "points", (f, y, x) => f(y, { x }), LOOSE),
];

const where = array([true, false, true], { dtype: "bool" });
const weights = (x: Value): Value =>
  array([1.5, 2.5, -0.5], { dtype: x.dtype });
const networks: Golden[] = [
  ...scalars(
    "relu relu6 sigmoid softplus sparsePlus sparseSigmoid softSign silu swish logSigmoid",
  ),
  ...scalars(
    "leakyRelu hardSigmoid hardSilu hardSwish hardTanh tanh elu celu selu gelu squareplus mish",
  ),
  ...scalars("log1mexp", { edges: false }),
  ...scalars("identity", { edges: false, smooth: 1 }),
  ...neural("gelu", "exact", (f, x) => f(x, { approximate: false }), EACH),
  ...neural("leakyRelu", "slope", (f, x) => f(x, { negativeSlope: 0.2 }), [
    "value",
    "eachGrad",
  ]),
  ...neural("elu", "alpha", (f, x) => f(x, { alpha: 0.7 }), [
    "value",
    "eachGrad",
  ]),
  ...neural("relu", "atZero", (f, x) => f(x), ["value", "eachGrad"]),
  ...neural("softmax", "last", (f, x) => f(x), SMOOTH),
  ...neural("softmax", "first", (f, x) => f(x, { axis: 0 }), SMOOTH),
  ...neural("softmax", "masked", (f, x) => f(x, { where }), LOOSE),
  ...neural("logSoftmax", "last", (f, x) => f(x), SMOOTH),
  ...neural("logsumexp", "all", (f, x) => f(x), SMOOTH),
  ...neural(
    "logsumexp",
    "weighted",
    (f, x) => f(x, { axis: 1, b: weights(x) }),
    ["grad"],
  ),
  ...neural("logmeanexp", "axis", (f, x) => f(x, { axis: 1 }), SMOOTH),
  ...neural("standardize", "last", (f, x) => f(x), SMOOTH),
  ...neural(
    "standardize",
    "axis",
    (f, x) => f(x, { axis: 0, epsilon: 0.01 }),
    LOOSE,
  ),
  ...neural("glu", "last", (f, x) => f(x), SMOOTH),
  ...neural("oneHot", "classes", (f, i) => f(i, 4), VALUE, ONE),
  ...neural(
    "dotProductAttention",
    "plain",
    (f, q, k, v) => f(q, k, v),
    SMOOTH,
    ONE,
  ),
  ...neural(
    "dotProductAttention",
    "causal",
    (f, q, k, v) => f(q, k, v, { isCausal: true }),
    LOOSE,
    ONE,
  ),
  ...neural(
    "dotProductAttention",
    "scaled",
    (f, q, k, v) => f(q, k, v, { scale: 0.3 }),
    LOOSE,
    ONE,
  ),
];

export const goldens: Golden[] = [...integers, ...shaped, ...networks];

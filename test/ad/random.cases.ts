/** @file The draws that JAX's own are kept for, as functions of a key. */
import {
  array,
  grad,
  numpy as np,
  random,
  vmap,
  type DType,
  type Value,
} from "../../src/ad/index.ts";
import * as initializers from "../../src/ad/nn/initializers.ts";

export const K = random.key(42);
export const N = [2, 4];
export const f32 = (data: number[], dtype: DType = "float32") =>
  array(data, { dtype });
export const ints = (data: number[]) => array(data, { dtype: "int32" });
export const A = (dtype: DType = "float32") =>
  np.astype(f32([0.3, 1, 2.5, 9]), dtype);
export const cov = [
  [2, 0.5, 0.1],
  [0.5, 1, 0.2],
  [0.1, 0.2, 0.7],
];
export const logits = array([
  [0.1, 2, -1],
  [1.5, 0, 0.3],
]);
export const P = (dtype: DType = "float32") =>
  np.astype(f32([0.1, 0.4, 0.2, 0.3]), dtype);
const X = np.astype(np.reshape(np.arange(12), [3, 4]), "float32");
const V = np.astype(np.arange(5), "float32");

type Draw = (key: Value) => Value;
/** The same distribution in both float types. */
const floats = (
  name: string,
  draw: (key: Value, dtype: DType) => Value,
): Record<string, Draw> => ({
  [`${name} float32`]: (key) => draw(key, "float32"),
  [`${name} float64`]: (key) => draw(key, "float64"),
});
const eachOf = (
  draw: (key: Value, a: Value) => Value,
  key: Value,
  dtype: DType,
): Value => vmap((a: Value) => grad((b: Value) => draw(key, b))(a))(A(dtype));

/** One for each golden of goldens/draws.py, under its name. */
export const draws: Readonly<Record<string, Draw>> = {
  split: (k) => random.split(k, 3),
  "split shape": (k) => random.split(k, [2, 2]),
  foldIn: (k) =>
    np.stack([0, 7, 2 ** 32 - 1].map((data) => random.foldIn(k, data))),
  bits: (k) => random.bits(k, [2, 3]),
  "keys in vmap": (k) =>
    vmap((own: Value) => random.bits(own, [2]))(random.split(k, 3)),
  ...floats("uniform", (k, dtype) => random.uniform(k, N, { dtype })),
  ...floats("uniform between", (k, dtype) =>
    random.uniform(k, N, { dtype, minval: -0.3, maxval: 1.4 }),
  ),
  randint: (k) => random.randint(k, N, -5, 17),
  "randint arrays": (k) =>
    random.randint(k, [3], ints([0, -9, 5]), ints([1, 9, 5])),
  "randint all": (k) => random.randint(k, N, -(2 ** 31), 2 ** 31),
  "randint uint32": (k) =>
    random.randint(k, N, 3, 2 ** 32, { dtype: "uint32" }),
  ...floats("normal", (k, dtype) => random.normal(k, N, { dtype })),
  ...floats("truncatedNormal", (k, dtype) =>
    random.truncatedNormal(k, -1, 2, N, { dtype }),
  ),
  ...floats("lognormal", (k, dtype) => random.lognormal(k, 0.5, N, { dtype })),
  ...floats("maxwell", (k, dtype) => random.maxwell(k, N, { dtype })),
  ...floats("doubleSidedMaxwell", (k, dtype) =>
    random.doubleSidedMaxwell(k, 1, 2, N, { dtype }),
  ),
  ...floats("wald", (k, dtype) => random.wald(k, 1.5, N, { dtype })),
  ...floats("exponential", (k, dtype) => random.exponential(k, N, { dtype })),
  ...floats("gumbel", (k, dtype) => random.gumbel(k, N, { dtype })),
  ...floats("gumbel high", (k, dtype) =>
    random.gumbel(k, N, { dtype, mode: "high" }),
  ),
  ...floats("laplace", (k, dtype) => random.laplace(k, N, { dtype })),
  ...floats("logistic", (k, dtype) => random.logistic(k, N, { dtype })),
  ...floats("cauchy", (k, dtype) => random.cauchy(k, N, { dtype })),
  ...floats("pareto", (k, dtype) => random.pareto(k, 3, N, { dtype })),
  ...floats("rayleigh", (k, dtype) => random.rayleigh(k, 2, N, { dtype })),
  ...floats("weibullMin", (k, dtype) =>
    random.weibullMin(k, 2, 1.5, N, { dtype }),
  ),
  ...floats("triangular", (k, dtype) =>
    random.triangular(k, -1, 0.5, 2, N, { dtype }),
  ),
  bernoulli: (k) => random.bernoulli(k, P()),
  "bernoulli high": (k) => random.bernoulli(k, 0.3, N, { mode: "high" }),
  rademacher: (k) => random.rademacher(k, N),
  geometric: (k) => random.geometric(k, P(), N),
  categorical: (k) => random.categorical(k, logits),
  "categorical shape": (k) => random.categorical(k, logits, { shape: [4, 2] }),
  "categorical axis": (k) =>
    random.categorical(k, logits, { axis: 0, shape: [2, 3] }),
  "categorical without replacement": (k) =>
    random.categorical(k, logits, { shape: [2, 2], replace: false }),
  ...floats("gamma", (k, dtype) => random.gamma(k, A(dtype), N)),
  ...floats("loggamma", (k, dtype) => random.loggamma(k, A(dtype), N)),
  "gamma vmap": (k) =>
    vmap((own: Value, a: Value) => random.gamma(own, a, [2]))(
      random.split(k, 4),
      A(),
    ),
  ...floats("gamma gradient", (k, dtype) =>
    eachOf((key, a) => random.gamma(key, a), k, dtype),
  ),
  ...floats("loggamma gradient", (k, dtype) =>
    eachOf((key, a) => random.loggamma(key, a), k, dtype),
  ),
  ...floats("beta", (k, dtype) => random.beta(k, A(dtype), 1.5, N)),
  ...floats("dirichlet", (k, dtype) => random.dirichlet(k, A(dtype), [2])),
  ...floats("chisquare", (k, dtype) => random.chisquare(k, A(dtype), N)),
  ...floats("f", (k, dtype) => random.f(k, A(dtype), 4, N)),
  ...floats("t", (k, dtype) => random.t(k, A(dtype), N)),
  ...floats("generalizedNormal", (k, dtype) =>
    random.generalizedNormal(k, 3, N, { dtype }),
  ),
  ...floats("ball", (k, dtype) => random.ball(k, 3, 2, [2], { dtype })),
  poisson: (k) => random.poisson(k, f32([0, 0.5, 4, 9, 12, 1000]), [2, 6]),
  ...floats("binomial", (k, dtype) =>
    random.binomial(k, 20, f32([0, 0.2, 0.5, 0.9], dtype), N),
  ),
  ...floats("multinomial", (k, dtype) => random.multinomial(k, 20, P(dtype))),
  permutation: (k) => random.permutation(k, 7),
  "permutation of many": (k) =>
    np.take(random.permutation(k, 3000), np.arange(20)),
  "permutation of rows": (k) => random.permutation(k, X),
  "permutation of columns": (k) => random.permutation(k, X, { axis: 1 }),
  "permutation independent": (k) =>
    random.permutation(k, X, { axis: 1, independent: true }),
  choice: (k) => random.choice(k, V, [2, 3]),
  "choice of rows": (k) => random.choice(k, X, [2], { axis: 1 }),
  "choice without replacement": (k) =>
    random.choice(k, V, [3], { replace: false }),
  "choice by p": (k) => random.choice(k, 4, N, { p: P() }),
  "choice by p without replacement": (k) =>
    random.choice(k, 4, [3], { replace: false, p: P() }),
  ...floats("multivariateNormal", (k, dtype) =>
    random.multivariateNormal(
      k,
      f32([1, -1, 0.5], dtype),
      np.astype(array(cov), dtype),
      [2],
    ),
  ),
  ...floats("orthogonal", (k, dtype) => random.orthogonal(k, 3, [], { dtype })),
  "orthogonal wide": (k) => random.orthogonal(k, 2, [2], { m: 3 }),
  "initializers uniform": (k) => initializers.uniform(0.1)(k, [3, 2]),
  "initializers normal": (k) => initializers.normal(0.1)(k, [3, 2]),
  "initializers truncatedNormal": (k) =>
    initializers.truncatedNormal(0.1)(k, [3, 2]),
  "initializers glorotUniform": (k) => initializers.glorotUniform()(k, [3, 2]),
  "initializers glorotNormal": (k) => initializers.glorotNormal()(k, [3, 2]),
  "initializers lecunUniform": (k) => initializers.lecunUniform()(k, [3, 2]),
  "initializers lecunNormal": (k) => initializers.lecunNormal()(k, [3, 2]),
  "initializers heUniform": (k) => initializers.heUniform()(k, [3, 2]),
  "initializers heNormal": (k) => initializers.heNormal()(k, [3, 2]),
  "initializers varianceScaling": (k) =>
    initializers.varianceScaling(2, "fanGeoAvg", "normal", {
      inAxis: [0, 1],
      outAxis: 2,
    })(k, [2, 2, 3]),
  "initializers orthogonal": (k) => initializers.orthogonal(2)(k, [2, 2, 3]),
  "initializers deltaOrthogonal": (k) =>
    initializers.deltaOrthogonal()(k, [2, 2, 3]),
};

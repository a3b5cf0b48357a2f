/** @file jax.scipy.special and jax.scipy.stats: the functions of goldens/cases/special.py. */
import {
  array,
  scalar,
  scipy as ours,
  type Value,
} from "../../../src/ad/index.ts";
import {
  callsOf,
  elementwise,
  golden,
  type ElementwiseOptions,
  type Golden,
  type Kind,
  type Loose,
  type Variant,
} from "./families.ts";

const { special, stats } = ours;
const scipy = (names: string, options?: ElementwiseOptions): Golden[] =>
  elementwise("scipy.special", special, names, options);
const at = callsOf("scipy.special", special);
const VALUE: readonly Variant[] = ["value"];
const EACH: readonly Variant[] = ["value", "eachGrad", "eachHessian"];
const FIRST: readonly Variant[] = ["value", "eachGrad"];
const LOOSE: readonly Variant[] = ["value", "grad"];
const ONE: readonly Kind[] = ["f32"];

const functions: Golden[] = [
  ...scipy("erf erfc expit ndtr logNdtr i0 i0e i1 i1e"),
  ...scipy("gammaln digamma gamma entr logit ndtri erfinv", { edges: false }),
  ...scipy("exp1 expi poch beta", { smooth: 1, edges: false }),
  ...scipy("spence gammasgn", { smooth: 0, edges: false }),
  ...scipy("xlogy xlog1py relEntr klDiv betaln", { edges: false }),
  ...at("gammainc gammaincc", "pairs", (f, a, x) => f(a, x)),
  ...at("gammainc", "gradient", (f, a, x) => f(a, x), ["grad"]),
  ...at("betainc", "triples", (f, a, b, x) => f(a, b, x)),
  ...at(
    "betainc",
    "byX",
    (f, x) => f(scalar(2.5, x.dtype), scalar(1.5, x.dtype), x),
    ["grad", "hvp"],
  ),
  ...at("polygamma", "orders", (f, n, x) => f(n, x)),
  ...at("polygamma", "byX", (f, x) => f(1, x), ["grad"]),
  ...at("zeta", "pairs", (f, x, q) => f(x, q)),
  ...at("multigammaln", "order3", (f, a) => f(a, 3), LOOSE),
  ...at("factorial", "plain", (f, x) => f(x)),
  ...at("comb", "plain", (f, n, k) => f(n, k)),
  ...[0, 1, 3].flatMap((n) => at("expn", `order${n}`, (f, x) => f(n, x))),
  ...at("bernoulli", "numbers", (f) => f(6), VALUE, ONE),
  ...at("softmax logSoftmax", "rows", (f, x) => f(x, { axis: -1 }), LOOSE),
  ...at("logsumexp", "rows", (f, x) => f(x, { axis: 1, keepdims: true }), [
    "value",
    "grad",
    "hvp",
  ]),
  ...at("erfc", "extremes", (f, x) => f(x)),
  ...at("logNdtr", "tails", (f, x) => f(x)),
  ...at("gammaln", "large", (f, x) => f(x)),
  ...at("digamma", "negative", (f, x) => f(x)),
];

const distributions = stats as unknown as Record<string, Record<string, Loose>>;
const density = (
  name: string,
  methods: string,
  variants: readonly Variant[] = EACH,
): Golden[] =>
  methods
    .split(" ")
    .map((method) =>
      golden(
        `scipy.stats.${name}.${method}`,
        (...xs) => distributions[name][method](...xs),
        variants,
      ),
    );
const covariance = (x: Value): Value =>
  array(
    [
      [1.5, 0.4],
      [0.4, 0.9],
    ],
    { dtype: x.dtype },
  );

const densities: Golden[] = [
  ...density("norm", "logpdf pdf logcdf cdf logsf sf ppf isf"),
  ...density("uniform", "logpdf pdf cdf ppf", FIRST),
  ...density("expon", "logpdf pdf cdf logcdf sf logsf ppf"),
  ...density("laplace", "logpdf pdf cdf"),
  ...density("logistic", "logpdf pdf cdf sf ppf isf"),
  ...density("cauchy", "logpdf pdf cdf sf logcdf ppf"),
  ...density("t", "logpdf pdf"),
  ...density("gamma", "logpdf pdf"),
  ...density("gamma", "cdf sf", VALUE),
  ...density("beta", "logpdf pdf"),
  ...density("beta", "cdf sf", VALUE),
  ...density("chi2", "logpdf pdf"),
  ...density("chi2", "cdf sf", VALUE),
  ...density("pareto", "logpdf pdf cdf sf"),
  ...density("gumbelR", "logpdf pdf", VALUE),
  ...density("gumbelR", "cdf"),
  ...density("gumbelL", "logpdf pdf", VALUE),
  ...density("gumbelL", "cdf"),
  ...density("gennorm", "logpdf pdf"),
  ...density("vonmises", "logpdf pdf", FIRST),
  ...density("wrapcauchy", "logpdf pdf", FIRST),
  ...density("truncnorm", "logpdf pdf", FIRST),
  ...density("truncnorm", "cdf logcdf sf", VALUE),
  ...density("bernoulli", "logpmf pmf cdf", VALUE),
  ...density("binom", "logpmf pmf", VALUE),
  ...density("poisson", "logpmf pmf cdf", VALUE),
  ...density("geom", "logpmf pmf", VALUE),
  ...density("nbinom", "logpmf pmf", VALUE),
  ...density("betabinom", "logpmf pmf", VALUE),
  ...density("multivariateNormal", "logpdf pdf", VALUE).map((g) => ({
    ...g,
    f: (x: Value, m: Value) => g.f(x, m, covariance(x)),
  })),
  golden(
    "scipy.stats.multivariateNormal.gradient",
    (x, m) => distributions.multivariateNormal.logpdf(x, m, covariance(x)),
    ["grad", "hvp"],
  ),
  ...density("dirichlet", "logpdf", VALUE),
  golden("scipy.stats.multinomial.logpmf", (x, p) =>
    distributions.multinomial.logpmf(x, 6, p),
  ),
];

export const goldens: Golden[] = [...functions, ...densities];

/** @file JAX's random numbers: keys, the same samples for the same key, and `threefry`, the bits on the host. */
export * as threefry from "./threefry.ts";
export { PRNGKey, bits, foldIn, key, split } from "./key.ts";
export {
  randint,
  uniform,
  type RandintOptions,
  type UniformOptions,
} from "./uniform.ts";
export type { FloatOptions } from "./sample.ts";
export {
  doubleSidedMaxwell,
  lognormal,
  maxwell,
  normal,
  truncatedNormal,
  wald,
} from "./normal.ts";
export {
  cauchy,
  exponential,
  gumbel,
  laplace,
  logistic,
  pareto,
  rayleigh,
  triangular,
  weibullMin,
  type GumbelOptions,
} from "./quantile.ts";
export {
  bernoulli,
  categorical,
  geometric,
  rademacher,
  type BernoulliOptions,
  type CategoricalOptions,
} from "./discrete.ts";
export { gamma, loggamma } from "./gamma.ts";
export {
  ball,
  beta,
  chisquare,
  dirichlet,
  f,
  generalizedNormal,
  t,
} from "./gamma-family.ts";
export { binomial, multinomial } from "./binomial.ts";
export { poisson } from "./poisson.ts";
export {
  choice,
  permutation,
  type ChoiceOptions,
  type PermutationOptions,
} from "./permutation.ts";
export {
  multivariateNormal,
  orthogonal,
  type MultivariateNormalOptions,
} from "./matrix.ts";

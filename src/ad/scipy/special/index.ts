/** @file `scipy.special`: special functions under JAX's names. */
export {
  bernoulli,
  beta,
  betainc,
  betaln,
  comb,
  digamma,
  factorial,
  gamma,
  gammainc,
  gammaincc,
  gammaln,
  gammasgn,
  multigammaln,
  poch,
  polygamma,
  zeta,
} from "./gamma.ts";
export { erf, erfc, erfinv, logNdtr, ndtr, ndtri } from "./normal.ts";
export {
  entr,
  expit,
  klDiv,
  logit,
  relEntr,
  xlog1py,
  xlogy,
} from "./entropy.ts";
export { logSoftmax, logsumexp, softmax } from "./softmax.ts";
export { exp1, expi, expn, i0, i0e, i1, i1e, spence } from "./bessel.ts";

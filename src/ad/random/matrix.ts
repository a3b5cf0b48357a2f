/** @file Random vectors and matrices by way of a factorisation: correlated normals, orthogonal matrices. */
import * as np from "../numpy/index.ts";
import { convert } from "../primitives/elementwise.ts";
import { cholesky } from "../primitives/linalg/cholesky.ts";
import { eigh } from "../primitives/linalg/eigh.ts";
import { diagonal, transposed } from "../primitives/linalg/matrix.ts";
import { qr } from "../primitives/linalg/qr.ts";
import { svd } from "../primitives/linalg/svd.ts";
import { reshape } from "../primitives/structural.ts";
import { showShape, type Shape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { normal } from "./normal.ts";
import { commonShape, sampleDtype, type FloatOptions } from "./sample.ts";

export interface MultivariateNormalOptions extends FloatOptions {
  /** How the covariance is factored: `cholesky` (the default) needs it definite, `eigh` and `svd` semidefinite. */
  readonly method?: "cholesky" | "eigh" | "svd";
}

/** A matrix F with F F^T = cov. */
function factorOf(cov: Value, method: "cholesky" | "eigh" | "svd"): Value {
  if (method === "cholesky") return cholesky(cov);
  const [vectors, values] =
    method === "eigh"
      ? eigh(cov).reverse()
      : svd(cov, { fullMatrices: true, computeUv: true });
  return np.multiply(vectors, np.sqrt(np.expandDims(values, -2)));
}

/**
 * Normal vectors (..., n) of mean (..., n) and covariance (..., n, n), whose factor colours white noise
 * (jax.random.multivariate_normal); `shape` is that without the last axis.
 */
export function multivariateNormal(
  key: Value,
  mean: Value,
  cov: Value,
  shape?: Shape,
  options: MultivariateNormalOptions = {},
): Value {
  const who = "multivariateNormal";
  const dtype = sampleDtype(who, options, mean, cov);
  const n = mean.shape[mean.ndim - 1];
  if (mean.ndim < 1 || cov.ndim < 2 || cov.shape.slice(-2).some((m) => m !== n))
    throw new TypeError(
      `${who}: expected a mean [..., n] and a covariance [..., n, n], got ${showShape(mean.shape)} and ${showShape(cov.shape)}`,
    );
  const full = commonShape(who, shape, [
    mean.shape.slice(0, -1),
    cov.shape.slice(0, -2),
  ]);
  const z = normal(key, [...full, n], { dtype });
  const factor = factorOf(convert(cov, dtype), options.method ?? "cholesky");
  const coloured = np.matmul(factor, reshape(z, [...full, n, 1]));
  return np.add(convert(mean, dtype), reshape(coloured, [...full, n]));
}

/** Orthogonal matrices (...shape, n, m), m = n by default, uniform over all of them (jax.random.orthogonal). */
export function orthogonal(
  key: Value,
  n: number,
  shape: Shape = [],
  options: FloatOptions & { readonly m?: number } = {},
): Value {
  const dtype = sampleDtype("orthogonal", options);
  const { m = n } = options;
  const z = normal(key, [...shape, Math.max(n, m), Math.min(n, m)], { dtype });
  const [q, r] = qr(z, false);
  // The signs of r's diagonal are the factorisation's choice; without them q is uniform.
  const signs = np.expandDims(np.sign(diagonal(r)), -2);
  const x = np.multiply(q, signs);
  return n < m ? transposed(x) : x;
}

/** @file Maximum likelihood of a multivariate Gaussian by gradient descent through a triangular factor. */
import * as Plot from "@observablehq/plot";
import { grad, jit, linalg, numpy as np, optimizers, random, scipy, vmap, type Value } from "unirep-ts/ad"; // prettier-ignore
import { savePlot } from "./lib/plot.ts";

export const truth = {
  mean: [1, -2],
  covariance: [
    [2, 1.2],
    [1.2, 1.5],
  ],
};
export const points = random.multivariateNormal(
  random.key(1),
  np.array(truth.mean),
  np.array(truth.covariance),
  [2000],
);

interface Params {
  readonly mean: Value; // (2)
  readonly factor: Value; // (2, 2), lower triangle; its diagonal is the logarithm
}
/** L with a positive diagonal, so that every factor gives a covariance L L'. */
const lower = ({ factor }: Params) =>
  np.add(np.tril(factor, -1), np.diag(np.exp(np.diag(factor))));
export const covarianceOf = (p: Params): Value =>
  np.matmul(lower(p), np.transpose(lower(p)));

const loss = (p: Params) => {
  const covariance = covarianceOf(p);
  const logpdf = (x: Value) =>
    scipy.stats.multivariateNormal.logpdf(x, p.mean, covariance);
  return np.negative(np.mean(vmap(logpdf)(points)));
};

const adam = optimizers.adam(0.05);
const step = jit((i: Value, state: ReturnType<typeof adam.init<Params>>) =>
  adam.update(i, grad(loss)(adam.getParams(state)), state),
);
let state = adam.init<Params>({
  mean: np.zeros([2]),
  factor: np.zeros([2, 2]),
});
for (let i = 0; i < 400; i++) state = step(np.array(i), state);
export const fitted = adam.getParams(state);
await fitted.mean.data();
await fitted.factor.data();

/** The ellipse two standard deviations around a mean. */
const ellipse = (mean: Value, factor: Value, who: string) =>
  Array.from({ length: 61 }, (_, k) => {
    const t = (2 * Math.PI * k) / 60;
    const ring = np.array([2 * Math.cos(t), 2 * Math.sin(t)]);
    const [x, y] = np.add(mean, np.matmul(factor, ring)).tolist() as number[];
    return { x, y, who };
  });

// prettier-ignore
savePlot("gaussian-mle", {
  aspectRatio: 1, color: { legend: false, domain: ["truth", "fitted"], range: ["black", "crimson"] },
  marks: [
    Plot.dot(points.tolist() as number[][], { x: "0", y: "1", r: 1, fill: "steelblue", fillOpacity: 0.4 }),
    Plot.line(ellipse(np.array(truth.mean), linalg.cholesky(np.array(truth.covariance)), "truth"), { x: "x", y: "y", stroke: "who", strokeWidth: 3 }),
    Plot.line(ellipse(fitted.mean, lower(fitted), "fitted"), { x: "x", y: "y", stroke: "who", strokeDasharray: "4" }),
  ],
});

/** @file Hamiltonian Monte Carlo: the leapfrog is a scan, the chain a scan of leapfrogs, all chains one vmap, compiled whole. */
import * as Plot from "@observablehq/plot";
import { grad, jit, lax, linalg, numpy as np, random, scan, vmap, type Value } from "unirep-ts/ad"; // prettier-ignore
import { savePlot } from "./lib/plot.ts";

// Bayesian linear regression y = X w + noise: its posterior is a Gaussian known in closed form.
const [kx, kw, kn, kChains] = random.split(random.key(3), 4);
const [rows, noise] = [50, 0.5];
const x = np.matmul(random.normal(kx, [rows, 2]), np.array([[1, 0.7], [0, 0.6]])); // prettier-ignore
const y = np.add(
  np.matmul(x, random.normal(kw, [2])),
  np.multiply(noise, random.normal(kn, [rows])),
);
const precision = np.add(
  np.divide(np.matmul(np.transpose(x), x), noise ** 2),
  np.eye(2),
);
export const exact = {
  covariance: linalg.inv(precision),
  mean: linalg.solve(
    precision,
    np.divide(np.matmul(np.transpose(x), y), noise ** 2),
  ),
};

const logPosterior = (w: Value) => {
  const residual = np.subtract(y, np.matmul(x, w));
  return np.multiply(
    -0.5,
    np.add(np.divide(np.vdot(residual, residual), noise ** 2), np.vdot(w, w)),
  );
};
const force = grad(logPosterior);
const [stepSize, leaps] = [0.08, 12];
const along = (a: Value, b: Value, k: number) => np.add(a, np.multiply(k, b));

const leapfrog = (w: Value, p: Value) =>
  scan(
    ([w, p]: readonly [Value, Value]) => {
      const half = along(p, force(w), stepSize / 2);
      const moved = along(w, half, stepSize);
      return [[moved, along(half, force(moved), stepSize / 2)] as const, null];
    },
    [w, p] as const,
    null,
    { length: leaps },
  )[0];
const energy = (w: Value, p: Value) =>
  np.subtract(np.multiply(0.5, np.vdot(p, p)), logPosterior(w));

const chain = (key: Value, draws: number) => {
  const transition = (w: Value, key: Value) => {
    const [kp, ku] = random.split(key);
    const p = random.normal(kp, [2]);
    const [moved, pushed] = leapfrog(w, p);
    const gain = np.subtract(energy(w, p), energy(moved, pushed));
    const accept = np.less(np.log(random.uniform(ku)), gain);
    const next = lax.select(np.broadcastTo(accept, [2]), moved, w);
    return [next, next] as const;
  };
  return scan(transition, np.zeros([2]), random.split(key, draws))[1]; // (draws, 2)
};
const sample = jit(vmap((key: Value) => chain(key, 1000)));
const chains = sample(random.split(kChains, 4));
await chains.data();
/** Draws of four chains after 100 steps of warming up: (4, 900, 2). */
export const draws = (chains.tolist() as number[][][]).map((c) => c.slice(100));

// prettier-ignore
savePlot("hamiltonian-monte-carlo", {
  aspectRatio: 1, width: 480, color: { legend: false },
  marks: [
    Plot.dot(draws.flatMap((c, k) => c.filter((_, i) => i % 5 === 0).map(([a, b]) => ({ a, b, chain: `chain ${k}` }))), { x: "a", y: "b", r: 1.5, fill: "chain" }),
    Plot.dot([exact.mean.tolist() as number[]], { x: "0", y: "1", symbol: "plus", stroke: "black", r: 8, strokeWidth: 2 }),
  ],
});

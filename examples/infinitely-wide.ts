/** @file Infinitely wide networks: NNGP and NTK kernels in closed form against the empirical NTK of networks that grow. */
import * as Plot from "@observablehq/plot";
import {
  grad,
  linalg,
  nn,
  numpy as np,
  random,
  tree,
  vmap,
  type Value,
} from "unirep-ts/ad";
import { savePlot } from "./lib/plot.ts";

type Params = { readonly w1: Value; readonly w2: Value };
/** f(x) = relu(x W1 sqrt(2/d)) w2 / sqrt(n), all weights standard normal: x (d) -> scalar */
const network = ({ w1, w2 }: Params, x: Value) => {
  const hidden = nn.relu(np.multiply(np.matmul(x, w1), Math.sqrt(2 / x.size)));
  return np.divide(np.matmul(hidden, w2), Math.sqrt(w2.size));
};
export const initParams = (key: Value, width: number): Params => {
  const [k1, k2] = random.split(key);
  return { w1: random.normal(k1, [2, width]), w2: random.normal(k2, [width]) };
};

/** <df(x)/dw, df(y)/dw> over all weights, for every pair of rows. */
export const empiricalNtk = (params: Params, xs: Value): Value => {
  const rows = vmap(grad(network), [null, 0])(params, xs);
  return tree.reduce(
    (total: Value, g: Value) => {
      const flat = np.reshape(g, [xs.shape[0], -1]);
      return np.add(total, np.matmul(flat, np.transpose(flat)));
    },
    rows,
    np.zeros([xs.shape[0], xs.shape[0]]),
  );
};

/** Arc-cosine kernels (Cho & Saul 2009): NNGP E[relu relu], and NTK = NNGP + <x, y> E[relu' relu']. Jacot et al. 2018. */
export const kernels = (xs: Value, ys: Value) => {
  const product = np.divide(np.matmul(xs, np.transpose(ys)), xs.shape[1] / 2);
  const norm = (x: Value) => np.sqrt(np.divide(np.sum(np.square(x), { axis: 1 }), x.shape[1] / 2));
  const scale = np.outer(norm(xs), norm(ys));
  const angle = np.arccos(np.clip(np.divide(product, scale), -1, 1));
  const turned = np.subtract(Math.PI, angle);
  const nngp = np.divide(np.multiply(scale, np.add(np.sin(angle), np.multiply(turned, np.cos(angle)))), 2 * Math.PI);
  return { nngp, ntk: np.add(nngp, np.divide(np.multiply(product, turned), 2 * Math.PI)) };
}; // prettier-ignore

const circle = (angles: Value) => np.stack([np.cos(angles), np.sin(angles)], 1);
const xs = circle(np.linspace(0, Math.PI, 8));
const limit = kernels(xs, xs).ntk;
const distance = (k: Value) =>
  np.divide(linalg.norm(np.subtract(k, limit)), linalg.norm(limit)).item();
export const errors = [16, 64, 256, 1024, 4096].map((width) => {
  const runs = [...random.split(random.key(width), 8)].map((key) => distance(empiricalNtk(initParams(key, width), xs)));
  return { width, error: runs.reduce((a, b) => a + b, 0) / runs.length };
}); // prettier-ignore

// Where it helps: from 20 noisy points the infinite network predicts without any training.
const target = (a: Value) =>
  np.sin(np.add(np.multiply(2, a), np.cos(np.multiply(2, a))));
const [kA, kE] = random.split(random.key(11));
const seen = random.uniform(kA, [20], { minval: -Math.PI, maxval: Math.PI });
const noisy = np.add(target(seen), np.multiply(0.05, random.normal(kE, [20])));
const grid = np.linspace(-Math.PI, Math.PI, 100);
const [at, from] = [circle(grid), circle(seen)];
const predict = (kind: "nngp" | "ntk") => {
  const noise = np.multiply(0.0025, np.eye(20));
  const inner = np.add(kernels(from, from)[kind], noise);
  return np.matmul(kernels(at, from)[kind], linalg.solve(inner, noisy));
};
export const rootMeanSquare = (y: Value) =>
  np.sqrt(np.mean(np.square(np.subtract(y, target(grid))))).item();
export const predictions = {
  ntk: predict("ntk"),
  nngp: predict("nngp"),
  mean: np.fullLike(grid, np.mean(noisy).item()),
};

// prettier-ignore
savePlot("infinitely-wide", {
  x: { type: "log", label: "width" }, y: { type: "log", tickFormat: ".2f", label: "relative distance of the empirical NTK from its limit" },
  marks: [
    Plot.line(errors, { x: "width", y: "error", marker: true, stroke: "crimson" }),
    Plot.line(errors, { x: "width", y: ({ width }: { width: number }) => (errors[0].error * Math.sqrt(errors[0].width)) / Math.sqrt(width), strokeDasharray: "4" }),
  ],
});

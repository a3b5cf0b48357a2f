/** @file A generative program turned into its log-density: named sample sites, then vmap and grad on it. */
import * as Plot from "@observablehq/plot";
import {
  grad,
  hessian,
  numpy as np,
  scipy,
  vmap,
  type Value,
} from "unirep-ts/ad";
import { savePlot } from "./lib/plot.ts";

const { norm, gamma } = scipy.stats;
type Site = (name: string, logpdf: (x: Value) => Value) => Value;
type Program = (site: Site) => void;

/** The joint log-density of a program at values for its sites: running it with the values in place of draws. */
export const logDensity =
  (program: Program) =>
  (values: Readonly<Record<string, Value>>): Value => {
    let total: Value = np.zeros([]);
    program((name, logpdf) => {
      if (!(name in values))
        throw new TypeError(`logDensity: expected a value for site ${name}, got ${Object.keys(values).join(", ")}`);
      total = np.add(total, np.sum(logpdf(values[name])));
      return values[name];
    });
    return total;
  }; // prettier-ignore

/** Measurements of one quantity with an unknown precision. */
export const model: Program = (site) => {
  const mean = site("mean", (x) => norm.logpdf(x, 0, 10));
  const precision = site("precision", (x) => gamma.logpdf(x, 2));
  const scale = np.divide(1, np.sqrt(precision));
  site("data", (x) => norm.logpdf(x, mean, scale));
};

export const data = np.array([2.1, 1.4, 2.9, 1.9, 2.4, 2.2]);
const density = logDensity(model);
export const posterior = (mean: Value, precision: Value): Value =>
  density({ mean, precision, data });

/** The posterior's peak by Newton's method: gradient and Hessian of the program's density. */
let at: [Value, Value] = [np.array(2), np.array(1)];
const both = { argnums: [0, 1] } as const;
for (let i = 0; i < 30; i++) {
  const [gm, gp] = grad(posterior, both)(...at).map((g) => g.item());
  const [[a, b], [c, d]] = hessian(
    posterior,
    both,
  )(...at).map((row) => row.map((h) => h.item()));
  const det = a * d - b * c;
  const move = [(d * gm - b * gp) / det, (a * gp - c * gm) / det].map((s) =>
    Math.max(-0.3, Math.min(0.3, s)),
  );
  at = [np.subtract(at[0], move[0]), np.subtract(at[1], move[1])];
}
export const peak = at.map((x) => x.item());

const means = np.linspace(0.5, 3.5, 60);
const precisions = np.linspace(0.05, 8, 60);
const surface = vmap(vmap(posterior, [0, null]), [null, 0])(
  means,
  precisions,
).tolist() as number[][];
const [ms, ps] = [means.tolist() as number[], precisions.tolist() as number[]];

// prettier-ignore
savePlot("log-density", {
  x: { label: "mean" }, y: { label: "precision" }, color: { scheme: "blues", legend: false },
  marks: [
    Plot.contour(surface.flatMap((row, i) => row.map((value, j) => ({ x: ms[j], y: ps[i], density: Math.exp(value - Math.max(...surface.flat())) }))), { x: "x", y: "y", fill: "density", thresholds: 12 }),
    Plot.dot([peak], { x: "0", y: "1", fill: "crimson" }),
  ],
});

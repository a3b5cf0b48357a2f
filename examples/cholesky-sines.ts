/** @file The gradient of a sum of sines of a Cholesky factor: a derivative through a factorisation. */
import * as Plot from "@observablehq/plot";
import { grad, linalg, numpy as np, random, type Value } from "unirep-ts/ad";
import { savePlot } from "./lib/plot.ts";

const n = 12;
const b = random.normal(random.key(0), [n, n], { dtype: "float64" });
const a = np.add(np.matmul(b, np.transpose(b)), np.multiply(n, np.eye(n)));

/** sum of sin(L), A = L L' */
const f = (a: Value) => np.sum(np.sin(linalg.cholesky(a)));
export const gradient = grad(f)(np.astype(a, "float64"));

/** The slope along a symmetric direction, measured: what the gradient must say. */
export function slopes(
  direction: Value,
): [measured: number, predicted: number] {
  const h = 1e-6;
  const at = (s: number) =>
    f(np.add(np.astype(a, "float64"), np.multiply(direction, s))).item();
  return [
    (at(h) - at(-h)) / (2 * h),
    np.sum(np.multiply(gradient, direction)).item(),
  ];
}

const cells = (gradient.tolist() as number[][]).flatMap((row, i) =>
  row.map((value, j) => ({ row: i, column: j, value })),
);

// prettier-ignore
savePlot("cholesky-sines", {
  width: 420, height: 400, padding: 0, color: { type: "diverging", scheme: "RdBu", legend: false },
  marks: [
    Plot.cell(cells, { x: "column", y: "row", fill: "value" }),
  ],
});

/** @file Every example runs, comes to the numbers it claims, and draws its plot; its page in docs shows that plot. */
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { numpy as np, random, type Value } from "../src/ad/index.ts";

const root = path.resolve(import.meta.dirname, "..");
const out = mkdtempSync(path.join(tmpdir(), "examples-"));
process.env.EXAMPLES_OUT = out;
afterAll(() => rmSync(out, { recursive: true }));

type Numbers = number | Numbers[];
const list = (x: Value) => x.tolist() as never;
const near = (got: Numbers, want: Numbers, tolerance: number): void => {
  if (typeof got === "number")
    expect(Math.abs(got - (want as number))).toBeLessThanOrEqual(tolerance);
  else got.forEach((g, i) => near(g, (want as Numbers[])[i], tolerance));
};
const mean = (xs: readonly number[]) =>
  xs.reduce((a, b) => a + b, 0) / xs.length;

/** What each example must have found, by means of its own. */
const checks: Record<string, (m: never) => unknown> = {
  "cholesky-sines": ({ slopes }: typeof import("../examples/cholesky-sines.ts")) => {
    for (const seed of [1, 2, 3]) {
      const b = random.normal(random.key(seed), [12, 12], { dtype: "float64" });
      const [measured, predicted] = slopes(np.add(b, np.transpose(b)));
      expect(Math.abs(measured - predicted)).toBeLessThan(1e-6);
    }
  },
  // The maximum of the likelihood is the sample's own mean and covariance; the truth is within sampling error.
  "gaussian-mle": ({ fitted, covarianceOf, points, truth }: typeof import("../examples/gaussian-mle.ts")) => {
    const xs = list(points) as number[][];
    const centre = [0, 1].map((i) => mean(xs.map((x) => x[i])));
    const spread = [0, 1].map((i) => [0, 1].map((j) => mean(xs.map((x) => (x[i] - centre[i]) * (x[j] - centre[j])))));
    near(list(fitted.mean), centre, 5e-3);
    near(list(covarianceOf(fitted)), spread, 1e-2);
    near(list(fitted.mean), truth.mean, 0.15);
    near(list(covarianceOf(fitted)), truth.covariance, 0.2);
  },
  "gaussian-mixture": ({ fitted, truth, responsibilities }: typeof import("../examples/gaussian-mixture.ts")) => {
    near(list(fitted.means), truth.means, 0.15);
    near(list(np.exp(fitted.logScales)), truth.scales, 0.1);
    near(list(responsibilities(np.array(-5))), [1, 0, 0], 1e-3);
    near(mean(list(responsibilities(np.array(-1)))), 1 / 3, 1e-5);
  },
  // Against the sum over all paths of a short game, and the posterior of that game counted out.
  "hidden-markov": ({ logLikelihood, emissionsOf, loaded, truth }: typeof import("../examples/hidden-markov.ts")) => {
    const rolls = [5, 0, 5, 5, 3];
    const show = [Array.from({ length: 6 }, () => 1 / 6), [0.1, 0.1, 0.1, 0.1, 0.1, 0.5]];
    const move = [[0.95, 0.05], [0.1, 0.9]];
    let total = 0;
    for (let code = 0; code < 32; code++) {
      const dice = rolls.map((_, t) => (code >> t) & 1);
      total += dice.reduce((p, die, t) => p * (t ? move[dice[t - 1]][die] : 0.5) * show[die][rolls[t]], 1);
    }
    near(logLikelihood(emissionsOf(np.array(rolls, { dtype: "int32" }))).item(), Math.log(total), 1e-4);
    const right = loaded.filter((p, t) => p > 0.5 === (truth[t] === 1)).length / truth.length;
    expect(right).toBeGreaterThan(0.7);
    expect(mean(loaded.filter((_, t) => truth[t] === 1))).toBeGreaterThan(mean(loaded.filter((_, t) => truth[t] === 0)) + 0.3);
  },
  "hamiltonian-monte-carlo": ({ draws, exact }: typeof import("../examples/hamiltonian-monte-carlo.ts")) => {
    const all = draws.flat();
    const centre = [0, 1].map((i) => mean(all.map((w) => w[i])));
    const spread = [0, 1].map((i) => [0, 1].map((j) => mean(all.map((w) => (w[i] - centre[i]) * (w[j] - centre[j])))));
    const covariance = list(exact.covariance) as number[][];
    near(centre, list(exact.mean), 0.1 * Math.sqrt(covariance[1][1]));
    near(spread, covariance, 0.12 * covariance[1][1]);
  },
  // The best sequence of all 5^16, by dynamic programming.
  "input-design": ({ design, single, pair }: typeof import("../examples/input-design.ts")) => {
    const [s, p] = [list(single) as number[][], list(pair) as number[][]];
    const best = s.slice(1).reduce((scores, row) => row.map((v, b) => v + Math.max(...scores.map((t, a) => t + p[a][b]))), s[0]);
    near(design.score, Math.max(...best), 1e-4);
  },
  "infinitely-wide": ({ errors, predictions, rootMeanSquare }: typeof import("../examples/infinitely-wide.ts")) => {
    // The distance falls with the square root of the width.
    const slope = Math.log(errors[0].error / errors[4].error) / Math.log(4096 / 16);
    near(slope, 0.5, 0.12);
    const [ntk, nngp, flat] = [predictions.ntk, predictions.nngp, predictions.mean].map(rootMeanSquare);
    expect(ntk).toBeLessThan(0.5 * flat);
    expect(nngp).toBeLessThan(0.5 * flat);
  },
  // The same density written out, and a peak where no neighbour is higher.
  "log-density": ({ posterior, peak, data }: typeof import("../examples/log-density.ts")) => {
    const written = (m: number, t: number) => {
      const normal = (x: number, centre: number, s: number) => -0.5 * ((x - centre) / s) ** 2 - Math.log(s * Math.sqrt(2 * Math.PI));
      return normal(m, 0, 10) + Math.log(t) - t + (list(data) as number[]).reduce((sum, x) => sum + normal(x, m, t ** -0.5), 0);
    };
    for (const [m, t] of [[1, 1], [2.2, 3], peak]) near(posterior(np.array(m), np.array(t)).item(), written(m, t), 1e-4);
    for (const [dm, dt] of [[0.05, 0], [-0.05, 0], [0, 0.05], [0, -0.05]])
      expect(written(peak[0] + dm, peak[1] + dt)).toBeLessThan(written(peak[0], peak[1]));
  },
  "stax-training": ({ accuracy, losses }: typeof import("../examples/stax-training.ts")) => {
    expect(accuracy).toBeGreaterThan(0.97);
    expect(losses[losses.length - 1]).toBeLessThan(0.05 * losses[0]);
  },
}; // prettier-ignore

test("every example is checked", () => {
  const files = readdirSync(path.join(root, "examples")).filter((f) => f.endsWith(".ts"));
  expect(files.map((f) => f.slice(0, -3)).sort()).toEqual(Object.keys(checks).sort());
}); // prettier-ignore

describe.each(Object.entries(checks))("%s", (name, check) => {
  const source = readFileSync(
    path.join(root, "examples", `${name}.ts`),
    "utf8",
  );

  test("finds what it should and draws it", async () => {
    check((await import(`../examples/${name}.ts`)) as never);
    const svg = readFileSync(path.join(out, `${name}.svg`), "utf8");
    expect(svg).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect(svg).not.toContain("NaN");
  });

  test("fits on a page, and has one in docs with its plot", () => {
    const program = source
      .replaceAll(/^import [^]*?;\n/gm, "")
      .split("\n")
      .filter((line) => line.trim() && !/^\s*(?:\/\/|\/?\*)/.test(line));
    expect(program.length).toBeLessThanOrEqual(66);
    const page = readFileSync(path.join(root, "docs/examples", `${name}.md`), "utf8");
    expect(page).toContain(`![](${name}.svg)`);
    expect(page).toContain(`examples/${name}.ts`);
    expect(existsSync(path.join(root, "docs/examples", `${name}.svg`))).toBe(true);
  }); // prettier-ignore
});

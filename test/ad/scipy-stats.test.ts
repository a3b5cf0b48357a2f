/** @file Distributions: densities add up to 1, other functions follow from densities, and gradients are finite. */
import { describe, expect, test } from "vitest";
import {
  Array as Arr,
  array,
  grad,
  jit,
  numpy as np,
  vmap,
  type Value,
} from "../../src/ad/index.ts";
import { stats } from "../../src/ad/scipy/index.ts";

const f64 = (...xs: number[]) => array(xs, { dtype: "float64" });
const numbers = (x: Value): number[] => [...(x as Arr).dataSync()];
type Distribution = Readonly<Record<string, (...xs: Value[]) => Value>>;
const named = (name: string) => (stats as unknown as Record<string, Distribution>)[name]; // prettier-ignore

const linspace = (low: number, high: number, n: number) =>
  Array.from({ length: n }, (_, i) => low + ((high - low) * i) / (n - 1));

/** Simpson's rule over equally spaced values. */
const simpson = (values: readonly number[], step: number) =>
  values.reduce(
    (sum, y, i) =>
      sum + y * (i === 0 || i === values.length - 1 ? 1 : i % 2 === 1 ? 4 : 2),
    0,
  ) *
  (step / 3);

interface Continuous {
  readonly name: string;
  readonly parameters: readonly number[];
  /** Where the density is smooth; what it leaves out has less than 1e-9 of the mass. */
  readonly low: number;
  readonly high: number;
  readonly outside?: number;
}

const continuous: readonly Continuous[] = [
  { name: "norm", parameters: [0.5, 1.5], low: -10, high: 11 },
  { name: "gamma", parameters: [4, -1, 0.5], low: -1, high: 20, outside: -1.5 },
  { name: "beta", parameters: [3, 4, 1, 2], low: 1, high: 3, outside: 3.1 },
  { name: "chi2", parameters: [8, 0, 1], low: 0, high: 80, outside: -1 },
  { name: "expon", parameters: [1, 0.5], low: 1, high: 14, outside: 0 },
  { name: "logistic", parameters: [0, 0.5], low: -13, high: 13 },
  { name: "gumbelL", parameters: [0, 1], low: -24, high: 4 },
  { name: "gumbelR", parameters: [0, 1], low: -4, high: 24 },
  { name: "uniform", parameters: [1, 3], low: 1, high: 4, outside: 5 },
  { name: "truncnorm", parameters: [-1, 2, 1, 2], low: -1, high: 5, outside: 6 }, // prettier-ignore
  { name: "vonmises", parameters: [2], low: -Math.PI, high: Math.PI },
  { name: "wrapcauchy", parameters: [0.4], low: 0, high: 2 * Math.PI, outside: 7 }, // prettier-ignore
  { name: "gennorm", parameters: [4], low: -4, high: 4 },
  { name: "t", parameters: [9, 0, 1], low: -60, high: 60 },
];

describe.each(continuous)(
  "$name",
  ({ name, parameters, low, high, outside }) => {
    const d = named(name);
    const at = (method: string, xs: readonly number[]) =>
      numbers(d[method](f64(...xs), ...parameters.map((p) => f64(p))));
    const has = (method: string) => method in d;
    const [xs, n] = [linspace(low, high, 4001), 4001];
    const step = (high - low) / (n - 1);
    const inner = linspace(
      low + 0.2 * (high - low),
      low + 0.8 * (high - low),
      7,
    );

    test("its density adds up to 1 and is the exponential of its logarithm", () => {
      expect(simpson(at("pdf", xs), step)).toBeCloseTo(1, 8);
      at("logpdf", inner).forEach((log, i) => {
        const [density] = at("pdf", [inner[i]]);
        expect(Math.exp(log) / density).toBeCloseTo(1, 12);
      });
    });

    if (has("cdf"))
      test("its distribution function is the density's integral, sf the rest", () => {
        for (const x of inner) {
          const h = (x - low) / 2000;
          const part = simpson(at("pdf", linspace(low, x, 2001)), h);
          expect(at("cdf", [x])[0]).toBeCloseTo(part, 8);
          if (has("sf")) expect(at("sf", [x])[0]).toBeCloseTo(1 - part, 8);
          for (const f of ["cdf", "sf"])
        if (has(`log${f}`))
          expect(at(`log${f}`, [x])[0]).toBeCloseTo(Math.log(at(f, [x])[0]), 10); // prettier-ignore
        }
      });

    if (has("ppf"))
      test("its quantiles invert its distribution function", () => {
        for (const x of inner) {
          expect(at("ppf", at("cdf", [x]))[0]).toBeCloseTo(x, 6);
          if (has("isf")) expect(at("isf", at("sf", [x]))[0]).toBeCloseTo(x, 6);
        }
      });

    if (outside !== undefined)
      test("off its support the density is 0 with finite gradients", () => {
        const x = outside;
        expect(at("logpdf", [x])[0]).toBe(-Infinity);
        expect(at("pdf", [x])[0]).toBe(0);
        const slope = vmap(grad((y: Value) => d.pdf(y, ...parameters.map((p) => array(p, { dtype: "float64" }))))); // prettier-ignore
        expect(numbers(slope(f64(x)))[0]).toBeCloseTo(0, 15);
      });

    test("its gradients by every argument agree with differences, and so they do compiled", async () => {
      const x = inner[2];
      const point = [x, ...parameters];
      const f = (v: Value) =>
      np.sum(d.logpdf(...point.map((_, i) => np.take(v, array([i], { dtype: "int32" }))))); // prettier-ignore
      const value = (v: readonly number[]) => numbers(f(f64(...v)))[0];
      const got = numbers(grad(f)(f64(...point)));
      const h = 1e-5;
      point.forEach((p, i) => {
        const moved = (by: number) => value(point.map((q, k) => (k === i ? p + by : q))); // prettier-ignore
        expect(got[i]).toBeCloseTo((moved(h) - moved(-h)) / (2 * h), 6);
      });
      const compiled = jit(grad(f), { threads: 1 });
      const fast = await (compiled(f64(...point)) as Arr).data();
      got.forEach((g, i) => expect(fast[i]).toBeCloseTo(g, 10));
      await compiled.dispose();
    });
  },
);

const discrete: readonly {
  readonly name: string;
  readonly parameters: readonly number[];
  readonly support: readonly [number, number];
}[] = [
  { name: "bernoulli", parameters: [0.3], support: [0, 1] },
  { name: "binom", parameters: [9, 0.3], support: [0, 9] },
  { name: "nbinom", parameters: [3.5, 0.6], support: [0, 80] },
  { name: "geom", parameters: [0.4], support: [1, 80] },
  { name: "poisson", parameters: [4.2], support: [0, 80] },
  { name: "betabinom", parameters: [9, 2.5, 1.5], support: [0, 9] },
];

describe.each(discrete)(
  "$name",
  ({ name, parameters, support: [low, high] }) => {
    const d = named(name);
    const at = (method: string, xs: readonly number[]) =>
      numbers(d[method](f64(...xs), ...parameters.map((p) => f64(p))));
    const ks = linspace(low, high, high - low + 1);
    const sum = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0);

    test("its probabilities add up to 1 over whole numbers and are 0 elsewhere", () => {
      expect(sum(at("pmf", ks))).toBeCloseTo(1, 12);
      expect(at("logpmf", [low - 1, low + 0.5])).toEqual([
        -Infinity,
        -Infinity,
      ]);
    });

    test("loc moves it", () => {
      const loc = 3;
      const moved = d.logpmf(f64(low + loc), ...parameters.map((p) => f64(p)), f64(loc)); // prettier-ignore
      expect(numbers(moved)).toEqual(at("logpmf", [low]));
    });

    if ("cdf" in d)
      test("its distribution function adds up its probabilities", () => {
        ks.slice(0, 6).forEach((k, i) => {
          const total = sum(at("pmf", ks.slice(0, i + 1)));
          expect(at("cdf", [k, k + 0.5])).toEqual([
            expect.closeTo(total, 12) as number,
            expect.closeTo(total, 12) as number,
          ]);
        });
        expect(at("cdf", [low - 1])).toEqual([0]);
      });

    test("its gradients by its last parameter are finite and agree with differences", () => {
      const last = parameters.length - 1;
      const f = (p: Value) =>
      np.sum(d.logpmf(f64(...ks.slice(0, 2)), ...parameters.slice(0, last).map((v) => f64(v)), p)); // prettier-ignore
      const scalar = (v: number) => array(v, { dtype: "float64" });
      const [got] = numbers(grad(f)(scalar(parameters[last])));
      const [up, down] = [1e-6, -1e-6].map((h) => numbers(f(scalar(parameters[last] + h)))[0]); // prettier-ignore
      expect(got).toBeCloseTo((up - down) / 2e-6, 6);
    });
  },
);

describe("several variables", () => {
  const m = (rows: number[][]) => array(rows, { dtype: "float64" });
  const normal = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

  test("a normal density of a diagonal covariance is a product of normal densities", () => {
    const got = stats.multivariateNormal.pdf(
      m([[1, 2], [0, -1]]), // prettier-ignore
      f64(0.5, 1),
      m([[4, 0], [0, 9]]), // prettier-ignore
    );
    const want = (x: number, y: number) =>
      (normal((x - 0.5) / 2) * normal((y - 1) / 3)) / 6;
    expect(numbers(got)).toEqual([
      expect.closeTo(want(1, 2), 14),
      expect.closeTo(want(0, -1), 14),
    ]);
  });

  test("a normal's leading axes broadcast, and a scalar covariance is a multiple of the identity", () => {
    const cov = array([[[2, 0.5], [0.5, 1]], [[3, 0], [0, 3]]], { dtype: "float64" }); // prettier-ignore
    const x = array([[[1, 2]], [[0, 1]], [[3, 3]]], { dtype: "float64" });
    const all = stats.multivariateNormal.logpdf(x, f64(0, 1), cov);
    expect(all.shape).toEqual([3, 2]);
    const round = stats.multivariateNormal.logpdf(
      m([[1, 2], [0, 1], [3, 3]]), // prettier-ignore
      f64(0, 1),
      3,
    );
    numbers(round).forEach((v, i) =>
      expect(numbers(all)[2 * i + 1]).toBeCloseTo(v, 12),
    );
    expect(() => stats.multivariateNormal.logpdf(x, f64(0, 1), f64(1, 1))).toThrow(/multivariateNormal.logpdf: .*\[2\] and \[2\]/); // prettier-ignore
  });

  test("a normal's gradient by its covariance is that of its closed form", () => {
    const cov = m([[2, 0.5], [0.5, 1]]); // prettier-ignore
    const slope = grad((c: Value) => stats.multivariateNormal.logpdf(f64(1, -1), f64(0, 0), c))(cov); // prettier-ignore
    // (c^-1 x x^T c^-1 - c^-1) / 2
    const [a, b, c] = [1 / 1.75, -0.5 / 1.75, 2 / 1.75];
    const [u, v] = [a - b, b - c];
    const want = [u * u - a, u * v - b, u * v - b, v * v - c];
    numbers(slope).forEach((g, i) => expect(g).toBeCloseTo(want[i] / 2, 12));
  });

  test("a multinomial of two classes is binomial, and counts must add up", () => {
    const got = stats.multinomial.pmf(m([[2, 3], [1, 1]]), 5, f64(0.3, 0.7)); // prettier-ignore
    const want = numbers(stats.binom.pmf(f64(2), 5, 0.3))[0];
    expect(numbers(got)).toEqual([expect.closeTo(want, 7), 0]);
  });

  test("a Dirichlet density of two classes is a beta density, and its last class may be left out", () => {
    const want = numbers(stats.beta.pdf(f64(0.3), f64(2), f64(5)))[0];
    const both = stats.dirichlet.pdf(m([[0.3], [0.7]]), f64(2, 5));
    const one = stats.dirichlet.pdf(m([[0.3]]), f64(2, 5));
    for (const got of [both, one])
      expect(numbers(got)).toEqual([expect.closeTo(want, 12)]);
    expect(numbers(stats.dirichlet.pdf(f64(0.5, 0.6), f64(2, 5)))).toEqual([0]);
    expect(() => stats.dirichlet.pdf(f64(1), f64(1, 2, 3))).toThrow(/dirichlet.logpdf: .*\[3\] and \[1\]/); // prettier-ignore
  });

  test("a categorical picks the logarithm of a softmax, -infinity for classes there are not", () => {
    const logits = m([[0, Math.log(3)], [5, 5]]); // prettier-ignore
    const k = (...at: number[]) => array(at, { dtype: "int32" });
    expect(numbers(stats.categorical.pmf(k(1, 0), logits))).toEqual([
      expect.closeTo(0.75, 14),
      expect.closeTo(0.5, 14),
    ]);
    expect(numbers(stats.categorical.logpmf(k(2, -1), logits))).toEqual([
      -Infinity,
      -Infinity,
    ]);
    const slope = grad((l: Value) => np.sum(stats.categorical.logpmf(1, l)))(logits); // prettier-ignore
    expect(numbers(slope)[0]).toBeCloseTo(-0.25, 12);
  });

  test("the tails of a truncated normal keep their digits", () => {
    const [mass] = numbers(stats.truncnorm.logpdf(f64(30), 30, 31));
    // log of x e^(1/2 x^2) times the tail, to the third order
    expect(mass).toBeCloseTo(Math.log(30) - Math.log(1 - 1 / 900 + 3 / 810000 - 15 / 7.29e8), 9); // prettier-ignore
  });
});

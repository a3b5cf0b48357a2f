/** @file Random numbers against JAX's own for the same keys, under every transform, and by their moments. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  array,
  grad,
  jit,
  scan,
  numpy as np,
  random,
  vmap,
  type DType,
  type Value,
} from "../../src/ad/index.ts";
import * as special from "../../src/ad/scipy/special/index.ts";
import * as initializers from "../../src/ad/nn/initializers.ts";
import { expectClose, toNd, toNdAsync, type Nd } from "./naive.cases.ts";
import { A, K, N, P, cov, draws, f32, ints, logits } from "./random.cases.ts";

interface Golden extends Nd {
  readonly dtype: string;
}
const { cases: written } = JSON.parse(
  readFileSync(new URL("goldens/draws.json", import.meta.url), "utf8"),
) as { cases: Record<string, Golden> };
/** What JAX draws, by draws.py beside it; its float32 are written with as few digits as tell them apart. */
const goldens = Object.fromEntries(
  Object.entries(written).map(([name, golden]): [string, Golden] => [
    name,
    golden.dtype === "float32"
      ? { ...golden, data: golden.data.map(Math.fround) }
      : golden,
  ]),
);

/** Bits, integers and what is made of them without rounding are JAX's; other floats to their dtype's accuracy. */
const exact = /^(split|foldIn|bits|keys|uniform|randint|permutation|choice)/;
const toleranceOf = (name: string, dtype: DType): number =>
  dtype === "float64"
    ? 1e-10
    : dtype === "float32" && !exact.test(name)
      ? 1e-5
      : 0;

describe("for the same key as JAX", () => {
  test("keys of seeds are JAX's, with all bits of large ones", () => {
    const keys = [0, 2 ** 31, 2 ** 40 + 5].map((seed) => random.key(seed));
    expectClose(toNd(np.stack(keys)), goldens.key, 0);
    expect(toNd(random.key(-1)).data).toEqual([0, 2 ** 32 - 1]);
    expect(toNd(random.key(np.reshape(ints([7]), []))).data).toEqual([0, 7]);
    expect(random.PRNGKey).toBe(random.key);
  });

  test("every golden draw has its counterpart", () => {
    expect(["key", ...Object.keys(draws)].sort()).toEqual(
      Object.keys(goldens).sort(),
    );
  });

  describe.each(Object.entries(draws))("%s", (name, draw) => {
    const want = goldens[name];
    test("is JAX's", () => {
      const got = draw(K);
      expectClose(toNd(got), want, toleranceOf(name, got.dtype));
      if (want.dtype.startsWith("float")) expect(got.dtype).toBe(want.dtype);
    });

    test("is the same compiled, with the key as an argument", async () => {
      const compiled = jit(draw, { threads: 1 });
      const got = compiled(K);
      const tolerance = toleranceOf(name, got.dtype);
      expectClose(await toNdAsync(got), want, tolerance && tolerance * 10);
      await compiled.dispose();
    });
  });
});

describe("random functions", () => {
  test("draw under vmap what each key draws alone", () => {
    const keys = random.split(K, 3);
    const all = (key: Value) => [
      random.gamma(key, A(), N),
      random.poisson(key, 4, [2]),
      random.permutation(key, 5),
      random.categorical(key, logits),
      random.foldIn(key, 3),
    ];
    const got = vmap(all)(keys);
    const alone = [0, 1, 2].map((i) =>
      all(np.reshape(np.take(keys, ints([i]), 0), [2])),
    );
    got.forEach((x, j) =>
      expectClose(toNd(x), toNd(np.stack(alone.map((xs) => xs[j]))), 1e-6),
    );
  });

  test("draw in a scan what the same keys draw in a loop", () => {
    const step = (key: Value, _x: null) => {
      const [next, own] = np.unstack(random.split(key));
      return [next, random.normal(own, [2])] as const;
    };
    const [, rows] = scan(step, K, null, { length: 3 });
    let key = K;
    const want = [0, 1, 2].map(() => {
      const [next, row] = step(key, null);
      key = next;
      return row;
    });
    expectClose(toNd(rows), toNd(np.stack(want)), 0);
  });

  test("are differentiable in their parameters", () => {
    const slope = (draw: (x: Value) => Value, at: number) => {
      const x = f32([at], "float64");
      const f = (y: Value) => np.sum(draw(y));
      const h = f32([1e-6], "float64");
      const [up, down] = [np.add(x, h), np.subtract(x, h)].map(f);
      const want = toNd(np.divide(np.subtract(up, down), 2e-6)).data[0];
      const got = toNd(grad(f)(x)).data[0];
      expect(Math.abs(got - want)).toBeLessThan(
        1e-7 * Math.max(1, Math.abs(want)),
      );
    };
    slope((x) => random.uniform(K, [3], { maxval: x }), 2);
    slope((x) => random.truncatedNormal(K, -1, x, [3]), 0.5);
    slope((x) => random.lognormal(K, x, [3]), 0.5);
    slope((x) => random.pareto(K, x, [3]), 2);
    slope((x) => random.weibullMin(K, 1, x, [3]), 2);
  });

  test.each([0.4, 0.7, 3, 40])(
    "move with a = %d as the quantile of a gamma sample does",
    (a) => {
      // With the quantile fixed P(a, x(a)) is constant: dP/da + p dx/da = 0.
      const x = array([a, a], { dtype: "float64" });
      const draw = (y: Value) => random.gamma(K, y);
      const sample = draw(x);
      const dx = grad((y: Value) => np.sum(draw(y)))(x);
      const moved = (t: number) =>
        special.gammainc(np.add(x, t), np.add(sample, np.multiply(dx, t)));
      const drift = np.divide(np.subtract(moved(1e-5), moved(-1e-5)), 2e-5);
      expectClose(toNd(drift), { shape: [2], data: [0, 0] }, 1e-7);
    },
  );

  const count = 20000;
  const moments: [string, (key: Value) => Value, mean: number, variance: number][] = [
    ["uniform", (k) => random.uniform(k, [count]), 1 / 2, 1 / 12],
    ["normal", (k) => random.normal(k, [count]), 0, 1],
    ["truncatedNormal", (k) => random.truncatedNormal(k, -2, 2, [count]), 0, 0.87962566103423978 ** 2],
    ["exponential", (k) => random.exponential(k, [count]), 1, 1],
    ["gumbel", (k) => random.gumbel(k, [count]), 0.5772156649, Math.PI ** 2 / 6],
    ["laplace", (k) => random.laplace(k, [count]), 0, 2],
    ["logistic", (k) => random.logistic(k, [count]), 0, Math.PI ** 2 / 3],
    ["gamma of 0.5", (k) => random.gamma(k, 0.5, [count]), 0.5, 0.5],
    ["gamma of 7", (k) => random.gamma(k, 7, [count]), 7, 7],
    ["beta", (k) => random.beta(k, 2, 3, [count]), 0.4, 0.04],
    ["poisson of 3", (k) => random.poisson(k, 3, [count]), 3, 3],
    ["poisson of 50", (k) => random.poisson(k, 50, [count]), 50, 50],
    ["binomial of 5", (k) => random.binomial(k, 5, 0.3, [count]), 1.5, 1.05],
    ["binomial of 1e6", (k) => random.binomial(k, 1e6, 0.7, [count]), 7e5, 2.1e5],
    ["geometric", (k) => random.geometric(k, 0.25, [count]), 4, 12],
    ["rademacher", (k) => random.rademacher(k, [count]), 0, 1],
    ["wald", (k) => random.wald(k, 1.5, [count]), 1.5, 1.5 ** 3],
    ["rayleigh", (k) => random.rayleigh(k, 2, [count]), 2 * Math.sqrt(Math.PI / 2), (2 - Math.PI / 2) * 4],
    ["randint", (k) => random.randint(k, [count], 0, 6), 2.5, 35 / 12],
  ]; // prettier-ignore
  test.each(moments)(
    "%s has its mean and variance",
    (_name, draw, mean, variance) => {
      const { data } = toNd(draw(random.key(3)));
      const average = data.reduce((a, b) => a + b, 0) / count;
      const spread = data.reduce((a, b) => a + (b - mean) ** 2, 0) / count;
      // Five standard errors of the mean; variances of heavy tails are known to a tenth.
      expect(Math.abs(average - mean)).toBeLessThan(
        5 * Math.sqrt(variance / count),
      );
      expect(Math.abs(spread / variance - 1)).toBeLessThan(0.1);
    },
  );

  test.each(["cholesky", "eigh", "svd"] as const)(
    "multivariateNormal by %s has its covariance",
    (method) => {
      const x = random.multivariateNormal(
        K,
        array([1, -1, 0.5]),
        array(cov),
        [count],
        { method },
      );
      const centred = np.subtract(x, np.mean(x, { axis: 0 }));
      const got = np.divide(np.matmul(np.transpose(centred), centred), count);
      expectClose(toNd(got), { shape: [3, 3], data: cov.flat() }, 0.05);
    },
  );

  test("refuse what they cannot draw, in one sentence", () => {
    const refused: [() => unknown, RegExp][] = [
      [() => random.normal(random.split(K)), /^uniform: expected a single key, u32\[2\], got u32\[2,2\]/],
      [() => random.split(array([1, 2])), /^split: .* got f32\[2\]/],
      [() => random.key(1.5), /^prngKey: .* got 1.5$/],
      [() => random.foldIn(K, 2 ** 32), /^foldIn: .* got 4294967296$/],
      [() => random.normal(K, [2], { dtype: "int32" }), /^normal: .* got int32$/],
      [() => random.gamma(K, A(), [3]), /^gamma: .*\[4\]/],
      [() => random.randint(K, [2], 0, 3, { dtype: "float32" }), /^randint: .* got float32$/],
      [() => random.choice(K, 3, [4], { replace: false }), /^choice: .* at most 3 draws .* got 4$/],
      [() => random.choice(K, 3, [4], { p: P() }), /^choice: .*\[3\].*f32\[4\]$/],
      [() => random.permutation(K, -1), /^permutation: .* got -1$/],
      [() => random.categorical(K, logits, { shape: [4, 2], replace: false }), /^categorical: .* at most 3 .* got 4$/],
      [() => initializers.heNormal()(K, [3]), /^varianceScaling: .*\[3\]$/],
    ]; // prettier-ignore
    for (const [draw, message] of refused) expect(draw).toThrow(message);
  });
});

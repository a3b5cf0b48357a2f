/** @file jax.nn: activations against closed forms and at their kinks, functions of axes, masks, and error sentences. */
import { describe, expect, test } from "vitest";
import {
  array,
  grad,
  jit,
  numpy as np,
  vmap,
  type Array as Arr,
  type Value,
} from "../../src/ad/index.ts";
import * as nn from "../../src/ad/nn/index.ts";

type Activation = (x: Value) => Value;

const inf = Infinity;
const f64 = (...xs: number[]) => array(xs, { dtype: "float64" });
const point = (x: number) => array(x, { dtype: "float64" });
const list = (x: Value): number[] => [...(x as Arr).dataSync()];
const close = (got: number, want: number, tolerance = 1e-13) => {
  if (Number.isFinite(want))
    expect(Math.abs(got - want)).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(want)),
    );
  else expect(got).toBe(want);
};

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const relu6 = (x: number) => Math.min(Math.max(x, 0), 6);
const tanhGelu = (x: number) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))); // prettier-ignore
const selu = (x: number) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (Math.exp(x) - 1)); // prettier-ignore

/** Each function, its closed form, and the slopes JAX takes at 0 and at its kinks. */
const activations: [string, Activation, (x: number) => number, [number, number][]][] = [
  ["relu", nn.relu, (x) => Math.max(x, 0), [[0, 0], [1, 1]]],
  ["relu6", nn.relu6, relu6, [[0, 0], [3, 1], [6, 0]]],
  ["sigmoid", nn.sigmoid, sigmoid, [[0, 0.25]]],
  ["softplus", nn.softplus, (x) => Math.log(1 + Math.exp(x)), [[0, 0.5], [800, 1], [-800, 0]]],
  ["sparsePlus", nn.sparsePlus, (x) => (x <= -1 ? 0 : x >= 1 ? x : (x + 1) ** 2 / 4), [[-1, 0], [0, 0.5], [1, 1]]],
  ["sparseSigmoid", nn.sparseSigmoid, (x) => Math.min(Math.max((x + 1) / 2, 0), 1), [[-1, 0.25], [0, 0.5], [1, 0.25]]],
  ["softSign", nn.softSign, (x) => x / (1 + Math.abs(x)), [[0, 1]]],
  ["silu", nn.silu, (x) => x * sigmoid(x), [[0, 0.5]]],
  ["mish", nn.mish, (x) => x * Math.tanh(Math.log(1 + Math.exp(x))), [[0, 0.6]]],
  ["logSigmoid", nn.logSigmoid, (x) => Math.log(sigmoid(x)), [[0, 0.5], [-800, 1]]],
  ["leakyRelu", (x) => nn.leakyRelu(x), (x) => (x < 0 ? 0.01 * x : x), [[0, 1], [-1, 0.01]]],
  ["leakyRelu of slope 1/2", (x) => nn.leakyRelu(x, { negativeSlope: 0.5 }), (x) => (x < 0 ? 0.5 * x : x), [[0, 1]]],
  ["hardSigmoid", nn.hardSigmoid, (x) => relu6(x + 3) / 6, [[-3, 0], [0, 1 / 6], [3, 0]]],
  ["hardSilu", nn.hardSilu, (x) => (x * relu6(x + 3)) / 6, [[-3, 0], [0, 0.5], [3, 1]]],
  ["hardTanh", nn.hardTanh, (x) => Math.min(Math.max(x, -1), 1), [[-1, 1], [0, 1], [1, 1]]],
  ["elu", (x) => nn.elu(x), (x) => (x > 0 ? x : Math.exp(x) - 1), [[0, 1], [800, 1]]],
  ["elu of alpha 2", (x) => nn.elu(x, { alpha: 2 }), (x) => (x > 0 ? x : 2 * (Math.exp(x) - 1)), [[0, 2]]],
  ["celu of alpha 2", (x) => nn.celu(x, { alpha: 2 }), (x) => (x > 0 ? x : 2 * (Math.exp(x / 2) - 1)), [[0, 1], [2000, 1]]],
  ["selu", nn.selu, selu, [[1, 1.0507009873554805]]],
  ["gelu by tanh", (x) => nn.gelu(x), tanhGelu, [[0, 0.5]]],
  ["gelu", (x) => nn.gelu(x, { approximate: false }), (x) => tanhGelu(x), [[0, 0.5]]],
  ["squareplus", (x) => nn.squareplus(x), (x) => (x + Math.sqrt(x * x + 4)) / 2, [[0, 0.5]]],
  ["identity", nn.identity, (x) => x, [[0, 1]]],
]; // prettier-ignore

const points = [-7, -2.5, -1.2, -0.3, 0, 0.4, 0.9, 1.7, 2.9, 8];

describe.each(activations)("%s", (name, f, reference, kinks) => {
  // The exact gelu differs from its approximation in the fourth digit.
  const tolerance = name === "gelu" ? 5e-4 : 1e-13;

  test("gives its closed form, compiled too, and float32 of float32 and of integers", async () => {
    const want = points.map(reference);
    list(f(f64(...points))).forEach((y, i) => close(y, want[i], tolerance));
    const compiled = jit(f, { threads: 1 });
    const got = await (compiled(f64(...points)) as Arr).data();
    got.forEach((y, i) => close(y, want[i], tolerance));
    await compiled.dispose();
    expect(f(array(points)).dtype).toBe("float32");
  });

  test("has JAX's slope at its kinks and central differences elsewhere, twice", () => {
    const slope = grad((x: Value) => f(x));
    const bend = grad((x: Value) => slope(x));
    for (const [x, want] of kinks) close(slope(point(x)).item(), want);
    const h = 1e-5;
    for (const x of points.filter((v) => v !== 0)) {
      const difference = (g: Activation) =>
        (g(point(x + h)).item() - g(point(x - h)).item()) / (2 * h);
      close(slope(point(x)).item(), difference(f), 1e-8);
      close(bend(point(x)).item(), difference(slope), 1e-8);
    }
  });
});

test("relu keeps NaN and integers", () => {
  expect(list(nn.relu(f64(NaN, -1)))).toEqual([NaN, 0]);
  expect(nn.relu(array([-1, 2], { dtype: "int32" })).dtype).toBe("int32");
});

test("the exact gelu keeps its digits in the tail", () => {
  // x Phi(x) at -10, by the asymptotic series of the normal tail.
  const x = -10;
  const series = [1, -1, 3, -15, 105, -945, 10395].reduce((sum, c, k) => sum + c / x ** (2 * k), 0); // prettier-ignore
  const want = (-Math.exp(-50) / Math.sqrt(2 * Math.PI)) * series;
  const got = nn.gelu(point(x), { approximate: false }).item();
  expect(Math.abs(got / want - 1)).toBeLessThan(1e-6);
});

test("log1mexp loses no digits at either end, nor its slope", () => {
  const got = list(nn.log1mexp(f64(1e-20, 0.5, 1, 50)));
  [Math.log(1e-20), Math.log(1 - Math.exp(-0.5)), Math.log(1 - Math.exp(-1)), -Math.exp(-50)].forEach((want, i) => expect(Math.abs(got[i] / want - 1)).toBeLessThan(1e-12)); // prettier-ignore
  const slope = grad((x: Value) => nn.log1mexp(x));
  for (const x of [0.1, 1, 30])
    close(slope(point(x)).item(), 1 / Math.expm1(x));
});

describe("softmax and its kin", () => {
  const x = array([[1, 2, 3, -1], [0, 1000, 999, -inf]], { dtype: "float64" }); // prettier-ignore

  test("softmax sums to one along its axes, whatever the size of its operands", () => {
    expect(list(np.sum(nn.softmax(x), { axis: -1 })).map((s) => Math.round(s * 1e14) / 1e14)).toEqual([1, 1]); // prettier-ignore
    close(np.sum(nn.softmax(x, { axis: [0, 1] })).item(), 1);
    const [first] = nn.softmax(x).tolist() as number[][];
    const terms = [1, 2, 3, -1].map(Math.exp);
    const total = terms.reduce((a, b) => a + b);
    first.forEach((p, i) => close(p, terms[i] / total));
  });

  test("logSoftmax is its logarithm, with -Infinity where it is 0", () => {
    const got = list(nn.logSoftmax(x));
    list(np.log(nn.softmax(x))).forEach((want, i) =>
      expect(got[i] === want || Math.abs(got[i] - want) < 1e-12 || want === -inf).toBe(true),
    ); // prettier-ignore
    expect(got[7]).toBe(-inf);
    expect(got[4]).toBeCloseTo(-1000.3132616875182, 10);
  });

  test("their derivatives are finite beside -Infinity", () => {
    const weigh = (f: Activation) => (y: Value) =>
      np.sum(np.where(np.isfinite(f(y)), np.multiply(f(y), f64(1, 2, 3)), 0));
    const y = f64(-inf, 0, 1);
    for (const f of [
      (v: Value) => nn.softmax(v),
      (v: Value) => nn.logSoftmax(v),
    ])
      // prettier-ignore
      expect(list(grad(weigh(f))(y)).every(Number.isFinite)).toBe(true);
  });

  test("where leaves elements out: 0 in softmax, -Infinity in logSoftmax", () => {
    const mask = array([1, 1, 0], { dtype: "bool" });
    const options = { where: mask };
    const [a, b, c] = list(nn.softmax(f64(1, 2, 300), options));
    close(a, sigmoid(-1));
    close(b, sigmoid(1));
    expect(c).toBe(0);
    const logs = list(nn.logSoftmax(f64(1, 2, 300), options));
    close(logs[1], Math.log(sigmoid(1)));
    expect(logs[2]).toBe(-inf);
  });

  test("the Jacobian of softmax is diag(p) - p p'", () => {
    const y = f64(0.3, -1, 2);
    const p = list(nn.softmax(y));
    p.forEach((pi, i) => {
      const row = list(grad((v: Value) => np.sum(np.multiply(nn.softmax(v), f64(...p.map((_, j) => Number(i === j))))))(y)); // prettier-ignore
      row.forEach((d, j) => close(d, pi * (Number(i === j) - p[j])));
    });
  });

  test("they map over a batch and compile", async () => {
    const f = (v: Value) => np.add(nn.softmax(v), nn.logSoftmax(v));
    const y = array([[1, 2], [3, -4]], { dtype: "float64" }); // prettier-ignore
    const want = list(f(y));
    list(vmap(f)(y)).forEach((v, i) => close(v, want[i]));
    const compiled = jit(f, { threads: 1 });
    const got = await (compiled(y) as Arr).data();
    got.forEach((v, i) => close(v, want[i]));
    await compiled.dispose();
  });

  test("logmeanexp is logsumexp less the logarithm of the count, of those that take part", () => {
    close(nn.logmeanexp(f64(800, 800, 800)).item(), 800);
    const where = array([1, 0, 1], { dtype: "bool" });
    close(nn.logmeanexp(f64(0, 9, Math.log(3)), { where }).item(), Math.LN2);
    close(nn.logsumexp(f64(0, Math.log(3))).item(), Math.log(4));
  });
});

describe("standardize", () => {
  test("gives mean 0 and variance 1, or uses those given", () => {
    const x = f64(1, 2, 6);
    const y = list(nn.standardize(x, { epsilon: 0 }));
    close(y.reduce((a, b) => a + b), 0); // prettier-ignore
    close(y.reduce((a, b) => a + b * b, 0) / 3, 1); // prettier-ignore
    expect(list(nn.standardize(x, { mean: 2, variance: 4, epsilon: 0 }))).toEqual([-0.5, 0, 2]); // prettier-ignore
  });
  test("where leaves elements out of the moments", () => {
    const where = array([1, 1, 0], { dtype: "bool" });
    const y = list(nn.standardize(f64(1, 3, 50), { where, epsilon: 0 }));
    expect(y.slice(0, 2)).toEqual([-1, 1]);
  });
});

describe("oneHot", () => {
  const codes = array([0, 2, -1, 3], { dtype: "int32" });
  test("has 1 at each index and zeros for indices out of range", () => {
    expect(nn.oneHot(codes, 3).tolist()).toEqual([[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]); // prettier-ignore
    expect(nn.oneHot(1, 3).tolist()).toEqual([0, 1, 0]);
    expect(nn.oneHot(codes, 0).shape).toEqual([4, 0]);
  });
  test("takes a dtype and the place of the new axis", () => {
    const out = nn.oneHot(codes, 3, { axis: 0, dtype: "bool" });
    expect(out.type).toEqual({ shape: [3, 4], dtype: "bool" });
    expect(out.tolist()).toEqual(np.astype(np.transpose(nn.oneHot(codes, 3)), "bool").tolist()); // prettier-ignore
  });
});

test("glu gates the first half by the second, along any axis", () => {
  const x = array([[1, 2, 0, -1], [3, 4, 5, 6]], { dtype: "float64" }); // prettier-ignore
  const [row] = nn.glu(x).tolist() as number[][];
  close(row[0], sigmoid(0));
  close(row[1], 2 * sigmoid(-1));
  const [column] = nn.glu(x, { axis: 0 }).tolist() as number[][];
  close(column[3], -1 * sigmoid(6));
});

describe("error sentences", () => {
  test.each<[string, () => unknown]>([
    ["glu: expected an even size along axis 0, got 3 in [3]", () => nn.glu(f64(1, 2, 3))],
    ["oneHot: expected a whole number of classes, got 1.5", () => nn.oneHot(0, 1.5)],
    ["softmax: expected an axis between -1 and 0, got 1", () => nn.softmax(f64(1), { axis: 1 })],
  ])("%s", (sentence, call) => {
    expect(call).toThrow(sentence);
  }); // prettier-ignore
});

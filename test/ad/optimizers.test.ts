/** @file Optimizers against the same methods written out in plain numbers; schedules and clipping against closed forms. */
import { describe, expect, test } from "vitest";
import {
  array,
  grad,
  jit,
  numpy as np,
  optimizers,
  tree,
  type Value,
} from "../../src/ad/index.ts";

const f64 = (data: number | readonly number[]) =>
  array(data, { dtype: "float64" }) as Value;

/** A method on one number: its memory and the step it makes. */
type ByHand = (
  rate: number,
) => (
  g: number,
  i: number,
  memory: Record<string, number>,
  x: number,
) => number;

const adamByHand =
  (decay: number): ByHand =>
  (rate) =>
  (g, i, memory, x) => {
    memory.m = 0.9 * (memory.m ?? 0) + 0.1 * g;
    memory.v = 0.999 * (memory.v ?? 0) + 0.001 * g * g;
    const [m, v] = [memory.m / (1 - 0.9 ** (i + 1)), memory.v / (1 - 0.999 ** (i + 1))]; // prettier-ignore
    return rate * (m / (Math.sqrt(v) + 1e-8) + decay * x);
  };
const methods: readonly [string, (rate: number) => optimizers.Optimizer, ByHand][] = [
  ["sgd", (rate) => optimizers.sgd(rate), (rate) => (g) => rate * g],
  ["momentum", (rate) => optimizers.momentum(rate, 0.9), (rate) => (g, _i, memory) => rate * (memory.v = 0.9 * (memory.v ?? 0) + g)],
  ["nesterov", (rate) => optimizers.nesterov(rate, 0.9), (rate) => (g, _i, memory) => {
    memory.v = 0.9 * (memory.v ?? 0) + g;
    return rate * (0.9 * memory.v + g);
  }],
  ["adagrad", (rate) => optimizers.adagrad(rate), (rate) => (g, _i, memory) => {
    memory.s = (memory.s ?? 0) + g * g;
    return rate * (memory.m = 0.9 * (memory.m ?? 0) + (0.1 * g) / Math.sqrt(memory.s));
  }],
  ["rmsprop", (rate) => optimizers.rmsprop(rate), (rate) => (g, _i, memory) => {
    memory.s = 0.9 * (memory.s ?? 0) + 0.1 * g * g;
    return (rate * g) / Math.sqrt(memory.s + 1e-8);
  }],
  ["rmspropMomentum", (rate) => optimizers.rmspropMomentum(rate), (rate) => (g, _i, memory) => {
    memory.s = 0.9 * (memory.s ?? 0) + 0.1 * g * g;
    return (memory.m = 0.9 * (memory.m ?? 0) + (rate * g) / Math.sqrt(memory.s + 1e-8));
  }],
  ["adam", (rate) => optimizers.adam(rate), adamByHand(0)],
  ["adamW", (rate) => optimizers.adamW(rate, { weightDecay: 0.1 }), adamByHand(0.1)],
  ["adamax", (rate) => optimizers.adamax(rate), (rate) => (g, i, memory) => {
    memory.m = 0.9 * (memory.m ?? 0) + 0.1 * g;
    memory.v = Math.max(0.999 * (memory.v ?? 0), Math.abs(g));
    return ((rate / (1 - 0.9 ** (i + 1))) * memory.m) / (memory.v + 1e-8);
  }],
]; // prettier-ignore

const slope = (x: number) => 2 * x + Math.cos(x);
const loss = (p: { a: Value; rest: readonly Value[] }): Value =>
  [p.a, ...p.rest]
    .map((x) => np.sum(np.add(np.multiply(x, x), np.sin(x))))
    .reduce((a, b) => np.add(a, b));
const start = [3, -2, 0.5];
const params = {
  a: f64([start[0], start[1]]),
  rest: [f64(start[2])] as readonly Value[],
};

describe.each(methods)("%s", (_name, make, byHand) => {
  test.each(["eager", "jit"] as const)(
    "moves every leaf as the method written out does, %s",
    (how) => {
      const { init, update, getParams } = make(0.1);
      const step = (i: Value, state: optimizers.OptimizerState<typeof params>) =>
        update(i, grad(loss)(getParams(state)), state);
      const run = how === "jit" ? jit(step, { device: "js" }) : step;
      let state = init(params);
      const want = [...start];
      const memories = want.map(() => ({}));
      const hand = byHand(0.1);
      for (let i = 0; i < 5; i++) {
        state = run(array(i, { dtype: "int32" }), state);
        want.forEach((x, k) => (want[k] = x - hand(slope(x), i, memories[k], x)));
      }
      const got = tree.leaves(getParams(state)).flatMap((x) => (x as Value).tolist() as number[]);
      want.forEach((x, k) => expect(got[k]).toBeCloseTo(x, 12));
      expect(getParams(state).a.dtype).toBe("float64");
    },
  ); // prettier-ignore

  test("reaches the minimum of a bowl", () => {
    const { init, update, getParams } = make(0.05);
    let state = init(f64([2, -3]));
    const bowl = (x: Value): Value => np.sum(np.multiply(x, x));
    const before = bowl(getParams(state)).item();
    for (let i = 0; i < 100; i++)
      state = update(i, grad(bowl)(getParams(state)), state);
    expect(bowl(getParams(state)).item()).toBeLessThan(before / 2);
  });
});

describe("schedules", () => {
  test.each([
    ["constant", optimizers.constant(0.3), (_i: number): number => 0.3],
    ["exponentialDecay", optimizers.exponentialDecay(2, 10, 0.5), (i: number) => 2 * 0.5 ** (i / 10)],
    ["inverseTimeDecay", optimizers.inverseTimeDecay(2, 10, 0.5), (i: number) => 2 / (1 + (0.5 * i) / 10)],
    ["inverseTimeDecay in stairs", optimizers.inverseTimeDecay(2, 10, 0.5, true), (i: number) => 2 / (1 + 0.5 * Math.floor(i / 10))],
    ["polynomialDecay", optimizers.polynomialDecay(2, 20, 0.5, 2), (i: number) => 1.5 * (1 - Math.min(i, 20) / 20) ** 2 + 0.5],
    ["piecewiseConstant", optimizers.piecewiseConstant([5, 15], [1, 0.1, 0.01]), (i: number) => (i <= 5 ? 1 : i <= 15 ? 0.1 : 0.01)],
    ["warmupCosine", optimizers.warmupCosine(1, 10, 30, 0.1), (i: number) => (i < 10 ? i / 10 : 0.1 + 0.45 * (1 + Math.cos((Math.PI * Math.min(i - 10, 20)) / 20)))],
  ] as const)("%s follows its formula, on numbers of steps and under jit", (_name, schedule, want) => {
    const at = (i: Value): Value => np.multiply(schedule(i), np.ones([]));
    const compiled = jit(at, { device: "js" });
    for (const i of [0, 1, 4, 5, 9, 10, 14, 15, 19, 20, 25, 30, 100]) {
      const step = array(i, { dtype: "int32" });
      expect(at(step).item()).toBeCloseTo(want(i), 6);
      expect(compiled(step).item()).toBeCloseTo(want(i), 6);
    }
  }); // prettier-ignore

  test("drive a method's step size", () => {
    const { init, update, getParams } = optimizers.sgd(
      optimizers.piecewiseConstant([1], [1, 0]),
    );
    let state = init(f64(5));
    for (const i of [0, 1, 2]) state = update(i, f64(1), state);
    expect(getParams(state).item()).toBe(3);
  });

  test("piecewiseConstant counts its values", () => {
    expect(() => optimizers.piecewiseConstant([1, 2], [1, 2])).toThrow(
      "piecewiseConstant: expected one value more than the 2 boundaries, got 2",
    );
  });
});

describe("clipping", () => {
  const grads = { a: f64([3, 0]), b: [f64(4)] };
  test("l2Norm is the length of all leaves together", () =>
    expect(optimizers.l2Norm(grads).item()).toBeCloseTo(5, 6));
  test.each([
    [1, [0.6, 0, 0.8]],
    [5.5, [3, 0, 4]],
  ])("at %d", (limit, want) => {
    const got = tree
      .leaves(optimizers.clipGrads(grads, limit))
      .flatMap((x) => (x as Value).tolist() as number[]);
    got.forEach((v, i) => expect(v).toBeCloseTo(want[i], 6));
  });
});

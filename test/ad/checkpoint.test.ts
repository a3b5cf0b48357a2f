/** @file Rematerialisation: what is kept, what is computed again, how memory grows with the steps, and that no result changes. */
import { describe, expect, test } from "vitest";
import {
  checkJaxpr,
  checkpoint,
  checkpointPolicies,
  grad,
  jit,
  makeJaxpr,
  numpy as np,
  scan,
  valueAndGrad,
  vmap,
  type Value,
} from "../../src/ad/index.ts";
import type { Jaxpr, Var } from "../../src/ad/jaxpr/jaxpr.ts";
import { jaxprsIn } from "../../src/ad/jaxpr/print.ts";
import { optimize } from "../../src/ad/passes/index.ts";
import { sizeOf } from "../../src/ad/shape.ts";
import {
  expectClose,
  fillNd,
  random,
  toArray,
  toNd,
  toNdAsync,
} from "./naive.cases.ts";

let seed = 1;
const draw = (...shape: number[]): Value =>
  toArray(fillNd(shape, "float64", "any", random(seed++)), "float64");
const N = 4;

/** A recurrence with a bias row a step, its states read afterwards, and a scalar made of all of it. */
const total =
  (options: { checkpoint?: boolean | number; reverse?: boolean }) =>
  (w: Value, h: Value, xs: Value): Value => {
    const [last, sums] = scan(
      (h: Value, x: Value) => {
        const next = np.tanh(np.add(np.matmul(h, w), x));
        return [next, np.sum(np.multiply(next, x))];
      },
      h,
      xs,
      options,
    );
    return np.add(np.sum(np.multiply(last, last)), np.sum(np.sin(sums)));
  };
const all = { argnums: [0, 1, 2] } as const;

describe("scan with checkpoint", () => {
  test.each([
    [true, 16],
    [true, 7],
    [true, 1],
    [true, 0],
    [1, 5],
    [3, 7],
    [3, 6],
    [100, 5],
  ] as const)(
    "%s over %i steps gives the values and gradients of the plain scan",
    async (segment, steps) => {
      for (const reverse of [false, true]) {
        const args = [draw(N, N), draw(N), draw(steps, N)] as const;
        const [value, grads] = valueAndGrad(total({ reverse }), all)(...args);
        const want = [value, ...grads].map(toNd);
        const f = valueAndGrad(total({ reverse, checkpoint: segment }), all);
        checkJaxpr(makeJaxpr(f)(...args).jaxpr);
        const [again, more] = f(...args);
        [again, ...more].forEach((x, i) =>
          expectClose(toNd(x), want[i], 1e-12),
        );
        const compiled = jit(f, { threads: 1 });
        const [fast, fastGrads] = compiled(...args);
        for (const [i, x] of [fast, ...fastGrads].entries())
          expectClose(await toNdAsync(x), want[i], 1e-12);
        await compiled.dispose();
      }
    },
  );

  test("has the second derivatives of the plain scan, and its members' over a batch", () => {
    const args = [draw(N, N), draw(N), draw(7, N)] as const;
    const twice = (options: { checkpoint?: boolean }) =>
      grad((w: Value, h: Value, xs: Value) =>
        np.sum(np.sin(grad(total(options))(w, h, xs))),
      );
    expectClose(
      toNd(twice({ checkpoint: true })(...args)),
      toNd(twice({})(...args)),
      1e-10,
    );
    const lanes = draw(3, N);
    const over = (options: { checkpoint?: boolean }) =>
      vmap(grad(total(options), { argnums: [1] }), [null, 0, null])(
        args[0],
        lanes,
        args[2],
      )[0];
    expectClose(toNd(over({ checkpoint: true })), toNd(over({})), 1e-12);
  });

  test.each([0, -1, 1.5, NaN])("refuses segments of %d steps", (segment) => {
    expect(() =>
      total({ checkpoint: segment })(draw(N, N), draw(N), draw(3, N)),
    ).toThrow(
      `scan: expected checkpoint to be true or a positive number of steps, got ${segment}`,
    );
  });
});

/** The most elements a program holds at a time, its own inputs aside: a value lives until it is last read. */
function peakElements(jaxpr: Jaxpr): number {
  const last = new Map<Var, number>();
  jaxpr.eqns.forEach((eqn, i) => eqn.inputs.forEach((v) => last.set(v, i)));
  jaxpr.outputs.forEach((v) => last.set(v, Infinity));
  const inputs = new Set(jaxpr.inputs);
  const size = (vs: readonly Var[]) =>
    vs.reduce((n, v) => n + sizeOf(v.type.shape), 0);
  let [live, peak] = [0, 0];
  jaxpr.eqns.forEach((eqn, i) => {
    live += size(eqn.outputs);
    const inside = jaxprsIn(eqn.params).map(peakElements);
    peak = Math.max(peak, live + Math.max(0, ...inside));
    const done = new Set([...eqn.inputs, ...eqn.outputs]);
    for (const v of done)
      if (!inputs.has(v) && (last.get(v) ?? i) === i) live -= size([v]);
  });
  return peak;
}

test("the gradient's memory grows with the steps, with checkpoint with their square root", () => {
  const width = 24;
  const peak = (steps: number, checkpoint: boolean) => {
    const f = grad((w: Value, h: Value, xs: Value) => {
      const [, ys] = scan(
        (h: Value, x: Value) => {
          const next = np.tanh(np.matmul(np.add(h, x), w));
          return [next, np.sum(next)];
        },
        h,
        xs,
        { checkpoint },
      );
      return np.sum(ys);
    });
    const closed = makeJaxpr(f)(
      draw(width, width),
      draw(8, width),
      draw(steps),
    );
    return peakElements(optimize(closed).jaxpr);
  };
  const [few, many] = [256, 4096];
  expect(peak(many, false) / peak(few, false)).toBeGreaterThan(14);
  expect(peak(many, true) / peak(few, true)).toBeLessThan(4.5);
  expect(peak(many, true) * 20).toBeLessThan(peak(many, false));
});

/** How often a primitive occurs, in jaxprs inside equations too. */
const count = (jaxpr: Jaxpr, name: string): number =>
  jaxpr.eqns.reduce(
    (n, { primitive, params }) =>
      jaxprsIn(params).reduce(
        (m, inner) => m + count(inner, name),
        n + Number(primitive.name === name),
      ),
    0,
  );

describe("policies", () => {
  const deep = (x: Value, w: Value) => {
    let h = x;
    for (let k = 0; k < 3; k++) h = np.tanh(np.matmul(h, w));
    return np.sum(h);
  };
  // Forwards 3 products and 3 tanh, backwards 6 products.
  test.each([
    ["nothingSaveable", { dot: 12, tanh: 6 }],
    ["dotsSaveable", { dot: 9, tanh: 6 }],
    ["everythingSaveable", { dot: 9, tanh: 3 }],
  ] as const)("%s computes again what it does not keep", (name, want) => {
    const f = checkpoint(deep, { policy: checkpointPolicies[name] });
    const args = [draw(2, N), draw(N, N)] as const;
    const { jaxpr } = makeJaxpr(valueAndGrad(f, { argnums: [0, 1] }))(...args);
    checkJaxpr(jaxpr);
    expect({ dot: count(jaxpr, "dot"), tanh: count(jaxpr, "tanh") }).toEqual(
      want,
    );
    const [dx, dw] = grad(f, { argnums: [0, 1] })(...args);
    const [wantX, wantW] = grad(deep, { argnums: [0, 1] })(...args);
    expectClose(toNd(dx), toNd(wantX), 1e-12);
    expectClose(toNd(dw), toNd(wantW), 1e-12);
  });

  test("compiled code computes again too: nothing is taken from the program around a checkpoint", async () => {
    const f = checkpoint((x: Value) => np.sum(np.tanh(np.tanh(x))));
    const both = (x: Value) => np.add(np.tanh(np.tanh(x)), grad(f)(x));
    const x = draw(5);
    const compiled = jit(both, { threads: 1 });
    expectClose(await toNdAsync(compiled(x)), toNd(both(x)), 1e-12);
    await compiled.dispose();
    expect(count(optimize(makeJaxpr(both)(x)).jaxpr, "tanh")).toBe(4);
  });
});

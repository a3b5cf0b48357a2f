/** @file Reverse mode on random programs: adjoint to forward mode, symmetric at second order, the same batched, compiled or rematerialised. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  checkJaxpr,
  checkpoint,
  grad,
  jit,
  jvp,
  linearize,
  makeJaxpr,
  numpy as np,
  scan,
  vjp,
  vmap,
  type Value,
} from "../../src/ad/index.ts";
import { fillNd, random, toArray, toNd, toNdAsync } from "./naive.cases.ts";
import { close, programs, setUp } from "./random-programs.cases.ts";

const inner = (xs: readonly Value[], ys: readonly Value[]): number =>
  xs.reduce((total, x, i) => {
    const y = toNd(ys[i]).data;
    return total + toNd(x).data.reduce((sum, v, k) => sum + v * y[k], 0);
  }, 0);
const sameNumber = (a: number, b: number, tolerance = 1e-9) =>
  expect(Math.abs(a - b)).toBeLessThanOrEqual(
    tolerance * Math.max(1, Math.abs(a)),
  );

const cotangents = (out: readonly Value[], seed: number): Value[] => {
  const next = random(seed + 7);
  return out.map((y) =>
    toArray(fillNd(y.shape, "float64", "any", next), "float64"),
  );
};
type F = (x: Value, y: Value) => Value[];
/** A scalar of all results, curved so that second derivatives do not vanish. */
const scalarOf =
  (f: F) =>
  (x: Value, y: Value): Value =>
    f(x, y).reduce((total: Value, v) => np.add(total, np.sum(np.tanh(v))), np.zeros([], "float64")); // prettier-ignore
const both = { argnums: [0, 1] } as const;

test("vjp is adjoint to jvp, and linearize is jvp", () => {
  fc.assert(
    fc.property(programs, ([steps, shape, seed]) => {
      const { f, args, directions } = setUp(steps, shape, seed);
      const [out, tangents] = jvp(f, args, directions);
      const [same, pull] = vjp(f, args);
      same.forEach((y, i) => close(toNd(y), toNd(out[i])));
      const cts = cotangents(out, seed);
      sameNumber(inner(tangents, cts), inner(pull(cts), directions));
      const [, push] = linearize(f, args);
      push(...directions).forEach((t, i) => close(toNd(t), toNd(tangents[i])));
    }),
    { numRuns: 150 },
  );
});

test("second derivatives are symmetric, forward over reverse and reverse over reverse alike", () => {
  fc.assert(
    fc.property(programs, ([steps, shape, seed]) => {
      const { f, args, directions: v, arr } = setUp(steps, shape, seed);
      const gradient = grad(scalarOf(f), both);
      const next = random(seed + 3);
      const draw = (x: Value): Value =>
        arr(fillNd(x.shape, "float64", "any", next));
      const w: [Value, Value] = [draw(args[0]), draw(args[1])];
      const [, hv] = jvp(gradient, args, v);
      const [, hw] = jvp(gradient, args, w);
      sameNumber(inner(hv, w), inner(hw, v), 1e-7);
      const [, pull] = vjp(gradient, args);
      pull(v).forEach((x, i) => {
        const want = toNd(hv[i]);
        toNd(x).data.forEach((value, k) =>
          sameNumber(want.data[k], value, 1e-7),
        );
      });
    }),
    { numRuns: 80 },
  );
});

test("a checkpointed program, whole or in halves inside a scan, has the same derivatives", () => {
  fc.assert(
    fc.property(programs, ([steps, shape, seed]) => {
      const { f, args, directions } = setUp(steps, shape, seed);
      const plain = scalarOf(f);
      const looped =
        (g: typeof plain) =>
        (x: Value, y: Value): Value =>
          scan(
            (c: Value, k: Value) => [np.add(c, g(x, np.multiply(y, k))), null],
            np.zeros([], "float64"),
            toArray({ shape: [3], data: [1, 0.5, -0.25] }, "float64") as Value,
          )[0];
      for (const wrap of [(g: typeof plain) => g, looped]) {
        const want = jvp(grad(wrap(plain), both), args, directions).flat();
        const got = jvp(
          grad(wrap(checkpoint(plain)), both),
          args,
          directions,
        ).flat();
        got.forEach((x, i) => close(toNd(x), toNd(want[i])));
      }
    }),
    { numRuns: 50 },
  );
});

test("over a batch, a gradient is each member's own, and its jaxpr passes the checker", () => {
  fc.assert(
    fc.property(programs, ([steps, shape, seed]) => {
      const { f, args } = setUp(steps, shape, seed);
      const gradient = grad(scalarOf(f), both);
      const next = random(seed + 1);
      const batch = toArray(
        fillNd([3, ...shape], "float64", "any", next),
        "float64",
      );
      const over = vmap(gradient, [0, null]);
      checkJaxpr(makeJaxpr(over)(batch, args[1]).jaxpr);
      const got = over(batch, args[1]);
      for (const k of [0, 1, 2]) {
        const row = np.reshape(np.split(batch, 3)[k], shape);
        gradient(row, args[1]).forEach((want, i) => {
          const mine = np.split(got[i], 3)[k];
          close(toNd(np.reshape(mine, want.shape)), toNd(want));
        });
      }
    }),
    { numRuns: 80 },
  );
});

test("compiled for cpu, gradients and Hessian-vector products are the eager ones", async () => {
  await fc.assert(
    fc.asyncProperty(programs, async ([steps, shape, seed]) => {
      const { f, args, directions } = setUp(steps, shape, seed);
      const gradient = grad(scalarOf(f), both);
      const g = (x: Value, y: Value) =>
        jvp(gradient, [x, y], directions).flat();
      const compiled = jit(g, { threads: 1 });
      try {
        const want = g(...args).map(toNd);
        const got = await Promise.all(compiled(...args).map(toNdAsync));
        got.forEach((v, i) => close(v, want[i]));
      } finally {
        await compiled.dispose();
      }
    }),
    { numRuns: 40 },
  );
});

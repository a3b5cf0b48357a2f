/** @file Random programs over the primitives mean the same eagerly, as a jaxpr, under vmap, through jvp and compiled. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  checkJaxpr,
  jit,
  jvp,
  makeJaxpr,
  numpy as np,
  vmap,
  type Value,
} from "../../src/ad/index.ts";
import { evalJaxpr } from "../../src/ad/jaxpr/jaxpr.ts";
import {
  expectClose,
  fillNd,
  nd,
  random,
  toArray,
  toNd,
  toNdAsync,
} from "./naive.cases.ts";
import { close, programs, setUp } from "./random-programs.cases.ts";

test("evaluated as a jaxpr, over a batch of one, and with a derivative, a program gives its eager values", () => {
  fc.assert(
    fc.property(programs, ([steps, shape, seed]) => {
      const { f, args, directions } = setUp(steps, shape, seed);
      const want = f(...args).map(toNd);

      const closed = makeJaxpr(f)(...args);
      checkJaxpr(closed.jaxpr);
      evalJaxpr(closed.jaxpr, [...closed.consts, ...args]).forEach((v, i) =>
        close(toNd(v), want[i]),
      );

      const g = (x: Value, y: Value) => jvp(f, [x, y], directions);
      const [out, tangent] = g(...args);
      out.forEach((v, i) => close(toNd(v), want[i]));
      const derived = makeJaxpr(g)(...args);
      checkJaxpr(derived.jaxpr);
      evalJaxpr(derived.jaxpr, [...derived.consts, ...args])
        .slice(want.length)
        .forEach((v, i) => close(toNd(v), toNd(tangent[i])));

      for (const axes of [
        [0, 0],
        [0, null],
        [null, 0],
      ]) {
        const wide = args.map((x, i) =>
          axes[i] === null ? x : np.expandDims(x, 0),
        ) as [Value, Value];
        const batched = vmap(g, axes);
        checkJaxpr(makeJaxpr(batched)(...wide).jaxpr);
        batched(...wide)
          .flat()
          .forEach((v, i) => {
            const { shape: s, data } = toNd([...out, ...tangent][i]);
            close(toNd(v), { shape: [1, ...s], data });
          });
      }
    }),
    { numRuns: 150 },
  );
});

test("batched, a program gives each member its own value", () => {
  fc.assert(
    fc.property(programs, ([steps, shape, seed]) => {
      const { f, args } = setUp(steps, shape, seed);
      const next = random(seed + 1);
      const x = fillNd([3, ...shape], "float64", "any", next);
      const got = vmap(f, [0, null])(toArray(x, "float64"), args[1]).map(toNd);
      const size = x.data.length / 3;
      for (const k of [0, 1, 2]) {
        const member = toArray(
          { shape, data: x.data.slice(k * size, (k + 1) * size) },
          "float64",
        );
        f(member, args[1])
          .map(toNd)
          .forEach((want, i) => {
            const n = want.data.length;
            close(
              {
                shape: want.shape,
                data: got[i].data.slice(k * n, (k + 1) * n),
              },
              want,
            );
          });
      }
    }),
    { numRuns: 150 },
  );
});

test("compiled for cpu, a program and its batched derivative give their eager values", async () => {
  await fc.assert(
    fc.asyncProperty(programs, async ([steps, shape, seed]) => {
      const { f, args, directions } = setUp(steps, shape, seed);
      const g = (x: Value, y: Value) => [
        ...f(x, y),
        ...vmap((z: Value) => jvp(f, [z, y], directions)[1])(
          np.expandDims(x, 0),
        ),
      ];
      const compiled = jit(g, { threads: 1 });
      try {
        const want = g(...args).map(toNd);
        const got = await Promise.all(compiled(...args).map(toNdAsync));
        got.forEach((v, i) => close(v, want[i]));
      } finally {
        await compiled.dispose();
      }
    }),
    { numRuns: 60 },
  );
});

test("a program's tangent agrees with central differences where it is smooth", () => {
  const kinked = new Set([10, 22, 23]);
  fc.assert(
    fc.property(programs, ([steps, shape, seed]) => {
      const smooth = steps.filter(({ op }) => !kinked.has(op));
      const { f, args, directions } = setUp(smooth, shape, seed);
      const h = 1e-6;
      const shifted = (s: number) =>
        f(
          ...(args.map((x, i) => np.add(x, np.multiply(directions[i], s))) as [
            Value,
            Value,
          ]),
        ).map(toNd);
      const [up, down, wider] = [shifted(h), shifted(-h), shifted(2 * h)];
      const [, tangent] = jvp(f, args, directions);
      tangent.forEach((t, i) => {
        const slope = nd(
          [up[i].data.length],
          ([k]) => (up[i].data[k] - down[i].data[k]) / (2 * h),
        );
        const slope2 = up[i].data.map((v, k) => (wider[i].data[k] - v) / h);
        // A maximum that changes hands within the step has no slope to compare with.
        if (
          slope.data.some(
            (v, k) => Math.abs(v - slope2[k]) > 1e-3 * Math.max(1, Math.abs(v)),
          )
        )
          return;
        expectClose(
          { shape: [up[i].data.length], data: toNd(t).data },
          slope,
          1e-5,
        );
      });
      expect(tangent.length).toBe(2);
    }),
    { numRuns: 100 },
  );
});

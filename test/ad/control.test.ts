/** @file Branches and loops against plain JavaScript, under every transform and composition of them, on every backend. */
import { describe, expect, test } from "vitest";
import {
  checkJaxpr,
  grad,
  jit,
  jvp,
  linearize,
  makeJaxpr,
  numpy as np,
  vmap,
  type Value,
} from "../../src/ad/index.ts";
import { evalJaxpr } from "../../src/ad/jaxpr/jaxpr.ts";
import { f64, int, programs, total, vec } from "./control.cases.ts";
import { expectClose, toNd, toNdAsync, type Nd } from "./naive.cases.ts";

const xs = [
  [0.4, -0.7, 1.1],
  [-0.3, 0.9, 0.6],
  [1.2, 0.2, -0.5],
];
const v = [0.8, -0.5, 0.3];
const h = 1e-5;
const along = (x: readonly number[], by: number) =>
  x.map((value, i) => value + by * v[i]);
const slope = (f: (x: readonly number[]) => number, x: readonly number[]) =>
  (f(along(x, h)) - f(along(x, -h))) / (2 * h);
const gradient = (f: (x: readonly number[]) => number, x: readonly number[]) =>
  x.map((_, i) => {
    const moved = (by: number) => x.map((y, j) => (i === j ? y + by : y));
    return (f(moved(h)) - f(moved(-h))) / (2 * h);
  });
const scalar = (x: number): Nd => ({ shape: [], data: [x] });

/** Calls mean the same eagerly, as a checked jaxpr, and compiled on both backends. */
async function everywhere(
  f: (...args: Value[]) => Value,
  calls: readonly (readonly [args: readonly Value[], want: Nd])[],
  within: number,
) {
  const eager = calls.map(([args, want]) => {
    const got = toNd(f(...args));
    expectClose(got, want, within);
    return got;
  });
  const closed = makeJaxpr(f)(...calls[0][0]);
  checkJaxpr(closed.jaxpr);
  const compiled = (["js", "cpu"] as const).map((device) =>
    jit(f, { device, threads: 1 }),
  );
  for (const [i, [args]] of calls.entries()) {
    const [again] = evalJaxpr(closed.jaxpr, [...closed.consts, ...args]);
    expectClose(toNd(again), eager[i], 1e-12);
    for (const run of compiled)
      expectClose(await toNdAsync(run(...args)), eager[i], 1e-12);
  }
  for (const run of compiled) await run.dispose();
}

describe.each(Object.entries(programs))("%s", (_name, program) => {
  const { f, plain, forwardOnly = false } = program;
  const direction = vec(...v);
  const derivative = (x: Value, k: Value) =>
    jvp((y: Value) => f(y, k), [x], [direction])[1];
  /** Calls at x with each choice, and the wanted results. */
  const choices = (
    x: readonly number[],
    want: (x: readonly number[], k: number) => number | number[],
  ) =>
    [-1, 0, 1, 2, 3].map((k) => {
      const data = want(x, k);
      return [
        [vec(...x), int(k)],
        typeof data === "number" ? scalar(data) : { shape: [3], data },
      ] as const;
    });

  test("gives the value of plain JavaScript", async () => {
    await everywhere(f, choices(xs[0], plain), 1e-12);
  });

  test("has the directional derivative of plain JavaScript, forwards and linearized", async () => {
    const linear = (x: Value, k: Value) =>
      linearize((y: Value) => f(y, k), [x])[1](direction);
    const calls = choices(xs[1], (x, k) => slope((y) => plain(y, k), x));
    await everywhere(derivative, calls, 1e-8);
    await everywhere(linear, calls, 1e-8);
  });

  test("has the second directional derivative of plain JavaScript", async () => {
    const second = (x: Value, k: Value) =>
      jvp((y: Value) => derivative(y, k), [x], [direction])[1];
    const once = jit(derivative, { device: "js" });
    const first = (x: readonly number[], k: number) =>
      once(vec(...x), int(k)).item();
    const calls = choices(xs[2], (x, k) => slope((y) => first(y, k), x));
    await everywhere(second, calls, 1e-8);
  });

  const batches: [string, readonly (number | null)[]][] = [
    ["operands", [0, null]],
    ["choices", [null, 0]],
    ["operands and choices", [0, 0]],
  ];
  /** A batch of three: its operands, and what `g` gives its members. */
  const batch = <T>(
    [xAxis, kAxis]: readonly (number | null)[],
    g: (x: readonly number[], k: number) => T,
  ) => ({
    args: [
      xAxis === null ? vec(...xs[0]) : f64(xs.flat(), 3, 3),
      kAxis === null ? int(1) : int(0, 3, 1),
    ],
    members: [0, 1, 2].map((i) =>
      g(xs[xAxis === null ? 0 : i], kAxis === null ? 1 : [0, 3, 1][i]),
    ),
  });

  test.each(batches)(
    "over a batch of %s gives each member its value and derivative",
    async (_what, axes) => {
      const { args, members } = batch(axes, plain);
      const values = { shape: [3], data: members };
      await everywhere(vmap(f, axes), [[args, values]], 1e-12);
      const slopes = {
        shape: [3],
        data: batch(axes, (x, k) => slope((y) => plain(y, k), x)).members,
      };
      await everywhere(vmap(derivative, axes), [[args, slopes]], 1e-8);
      const directions = axes[0] === null ? direction : f64([...v, ...v, ...v], 3, 3); // prettier-ignore
      const outside = (x: Value, k: Value) =>
        jvp((y: Value) => vmap(f, axes)(y, k), [x], [directions])[1];
      await everywhere(outside, [[args, slopes]], 1e-8);
    },
  );

  if (forwardOnly) {
    test("refuses reverse mode and says what to use", () => {
      expect(() => grad(f)(vec(...xs[0]), int(1))).toThrow(
        /^while: reverse-mode .* use scan, or foriLoop with number bounds$/,
      );
    });
    return;
  }

  test("has the gradient of plain JavaScript", async () => {
    const calls = choices(xs[0], (x, k) => gradient((y) => plain(y, k), x));
    await everywhere(grad(f), calls, 1e-8);
  });

  test("has the second gradient, reverse over reverse and forward over reverse", async () => {
    const dot = (x: Value, k: Value) =>
      np.sum(np.multiply(grad(f)(x, k), direction));
    const forward = (x: Value, k: Value) =>
      jvp((y: Value) => grad(f)(y, k), [x], [direction])[1];
    const once = jit(dot, { device: "js" });
    const first = (x: readonly number[], k: number) =>
      once(vec(...x), int(k)).item();
    const calls = choices(xs[1], (x, k) => gradient((y) => first(y, k), x));
    await everywhere(grad(dot), calls, 1e-8);
    await everywhere(forward, calls, 1e-8);
  });

  test.each(batches)(
    "over a batch of %s gives each member its gradient",
    async (_what, axes) => {
      const { args, members } = batch(axes, (x, k) => gradient((y) => plain(y, k), x)); // prettier-ignore
      const own = { shape: [3, 3], data: members.flat() };
      const shared = {
        shape: [3],
        data: [0, 1, 2].map((i) => total(members.map((row) => row[i]))),
      };
      await everywhere(vmap(grad(f), axes), [[args, own]], 1e-8);
      const outside = grad((x: Value, k: Value) => np.sum(vmap(f, axes)(x, k)));
      const want = axes[0] === null ? shared : own;
      await everywhere(outside, [[args, want]], 1e-8);
    },
  );
});

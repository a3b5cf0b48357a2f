/** @file What holds of every differentiable function of arrays: compiled, differentiated and batched it stays itself. */
import { expect } from "vitest";
import { array, jit, jvp, vjp, vmap, type Value } from "../../src/ad/index.ts";
import {
  entry,
  expectClose,
  fillNd,
  random,
  stack,
  toArray,
  toNd,
  toNdAsync,
  type Nd,
} from "./naive.cases.ts";

/** A function of float arrays of given shapes; integer operands are closed over. */
export type Law = readonly [
  name: string,
  f: (...xs: Value[]) => Value,
  shapes: readonly (readonly number[])[],
];

const arrays = (xs: readonly Nd[], dtype: "float32" | "float64" = "float64") =>
  xs.map((x) => toArray(x, dtype));

const along = (xs: readonly Nd[], vs: readonly Nd[], h: number): Nd[] =>
  xs.map((x, i) => ({
    shape: x.shape,
    data: x.data.map((a, k) => a + h * vs[i].data[k]),
  }));

const slope = (
  f: (xs: readonly Nd[]) => Nd,
  xs: readonly Nd[],
  vs: readonly Nd[],
): Nd => {
  const h = 1e-5;
  const [up, down] = [f(along(xs, vs, h)), f(along(xs, vs, -h))];
  return {
    shape: up.shape,
    data: up.data.map((y, i) => (y - down.data[i]) / (2 * h)),
  };
};

const inner = (x: Nd, y: Nd) =>
  x.data.reduce((total, a, i) => total + a * y.data[i], 0);

/** Checks one function: forward, reverse and second derivatives, batching, and compiled code in both float types. */
export async function expectLaws([, f, shapes]: Law): Promise<void> {
  const next = random(7);
  const draw = () =>
    shapes.map((shape) => fillNd(shape, "float64", "any", next));
  const [xs, v, w, other] = [draw(), draw(), draw(), draw()];
  const value = (at: readonly Nd[]) => toNd(f(...arrays(at)));

  const [y, tangent] = jvp(f, arrays(xs), arrays(v));
  expectClose(toNd(tangent), slope(value, xs, v), 1e-8);

  const ct = fillNd(y.shape, "float64", "any", next);
  const pull = (at: readonly Value[]): Value[] => [
    ...vjp(f, [...at])[1](toArray(ct, "float64")),
  ];
  const back = pull(arrays(xs)).map(toNd);
  const [left, right] = [
    inner(toNd(tangent), ct),
    back.reduce((total, b, i) => total + inner(b, v[i]), 0),
  ];
  expect(Math.abs(left - right)).toBeLessThan(1e-11 * Math.max(1, Math.abs(left))); // prettier-ignore

  const second = jvp((...at: Value[]) => pull(at), arrays(xs), arrays(w))[1]; // prettier-ignore
  second.forEach((s, i) => {
    const want = slope((at) => toNd(pull(arrays(at))[i]), xs, w);
    expectClose(toNd(s), want, 1e-7);
  });

  for (const axis of [0, -1]) {
    const at = shapes.map((shape) => (axis === 0 ? 0 : shape.length));
    const stacked = xs.map((x, i) => stack([x, other[i], v[i]], at[i]));
    const batched = toNd(vmap(f, at)(...arrays(stacked)));
    const loop = [xs, other, v].map(value);
    expectClose(batched, stack(loop, 0), 1e-12);
    expect(entry(batched, 0, 0).shape).toEqual(y.shape);
  }

  for (const [dtype, tolerance] of [
    ["float64", 1e-12],
    ["float32", 2e-5],
  ] as const) {
    // prettier-ignore
    const program = (...at: Value[]) => {
      const out = f(...at);
      const ones = array([...ct.data], { dtype, shape: ct.shape });
      return [out, ...(vjp(f, [...at])[1](ones))];
    };
    const compiled = jit(program, { threads: 1 });
    const got = compiled(...arrays(xs, dtype));
    const want = program(...arrays(xs, dtype));
    for (const [i, g] of got.entries()) {
      expect(g.type).toEqual(want[i].type);
      expectClose(await toNdAsync(g), toNd(want[i]), tolerance);
    }
    await compiled.dispose();
  }
}

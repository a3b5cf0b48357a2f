/** @file Random programs over the primitives mean the same eagerly, as a jaxpr, under vmap, through jvp and compiled. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  checkJaxpr,
  jit,
  jvp,
  makeJaxpr,
  numpy as np,
  scan,
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
  type Nd,
} from "./naive.cases.ts";

/** One step of a program: an operation and numbers that pick its operands among the values so far. */
interface Step {
  readonly op: number;
  readonly a: number;
  readonly b: number;
  readonly k: number;
}

const other = (x: Value, k: number) => (x.ndim === 0 ? 0 : k % x.ndim);
/** Smooth or piecewise-smooth operations that keep values in a small range, so that float64 results agree to many digits. */
const operations: readonly ((a: Value, b: Value, k: number) => Value)[] = [
  (a) => np.tanh(a),
  (a) => np.sigmoid(a),
  (a) => np.negative(a),
  (a) => np.sqrt(np.add(np.multiply(a, a), 1)),
  (a) => np.log(np.add(np.multiply(a, a), 0.5)),
  (a) => np.exp(np.negative(np.multiply(a, a))),
  (a, b) => np.tanh(np.add(a, np.mean(b))),
  (a, b) => np.subtract(a, np.sum(np.tanh(b))),
  (a, b) => np.tanh(np.multiply(a, np.max(b))),
  (a, b) => np.divide(a, np.add(np.multiply(np.mean(b), np.mean(b)), 1)),
  (a, b) => np.where(np.less(a, np.mean(b)), a, 0.25),
  (a) => np.transpose(a),
  (a) => np.reshape(a, [-1]),
  (a, _b, k) => np.expandDims(a, k % (a.ndim + 1)),
  (a, _b, k) => (a.ndim ? np.sum(np.tanh(a), { axis: other(a, k) }) : a),
  (a, _b, k) => (a.ndim ? np.max(a, { axis: other(a, k), keepdims: true }) : a),
  (a, _b, k) => (a.ndim ? np.concatenate([a, np.negative(a)], other(a, k)) : a),
  (a, _b, k) => (a.ndim ? (np.split(a, a.shape[other(a, k)], other(a, k)).at(-1) as Value) : a),
  (a) => (a.ndim ? np.take(a, np.argmax(np.reshape(a, [a.shape[0], -1]), 0)) : a),
  (a) => (a.ndim === 2 ? np.tanh(np.matmul(a, np.transpose(a))) : a),
  (a, _b, k) => (a.ndim ? np.logsumexp(a, other(a, k)) : a),
  (a, b) => (a.ndim ? scan((c: Value, x: Value) => [np.tanh(np.add(c, np.mean(x))), np.multiply(x, c)], np.mean(b), a)[1] : a),
  (a, b) => np.minimum(np.maximum(a, np.negative(np.mean(b))), 2),
  (a) => np.astype(np.lessEqual(a, 0.1), "float64"),
]; // prettier-ignore

/** Values grow through concatenations and products; larger ones are summed up to keep a program small. */
const bounded = (x: Value): Value =>
  x.size > 200 || x.ndim > 4 ? np.tanh(np.sum(x)) : x;

const interpret =
  (steps: readonly Step[]) =>
  (x: Value, y: Value): Value[] => {
    const values = [x, y];
    for (const { op, a, b, k } of steps) {
      const pick = (n: number) => values[n % values.length];
      values.push(bounded(operations[op](pick(a), pick(b), k)));
    }
    return values.slice(-2);
  };

const nat = fc.nat({ max: 11 });
const programs = fc.tuple(
  fc.array(
    fc.record({
      op: fc.nat({ max: operations.length - 1 }),
      a: nat,
      b: nat,
      k: nat,
    }),
    { minLength: 1, maxLength: 8 },
  ),
  fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
  fc.integer(),
);

const setUp = (steps: readonly Step[], shape: number[], seed: number) => {
  const next = random(seed);
  const arr = (x: Nd) => toArray(x, "float64");
  const [x, y, dx, dy] = [shape, [2], shape, [2]].map((s) =>
    fillNd(s, "float64", "any", next),
  );
  return {
    f: interpret(steps),
    args: [arr(x), arr(y)] as [Value, Value],
    directions: [arr(dx), arr(dy)] as [Value, Value],
    arr,
  };
};
const close = (got: Nd, want: Nd) => expectClose(got, want, 1e-9);

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

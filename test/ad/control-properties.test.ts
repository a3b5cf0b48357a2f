/** @file Branches and loops with random dependencies between operands and results, their trees, and what they refuse. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  Array as Arr,
  array,
  checkJaxpr,
  customVjp,
  grad,
  jit,
  jvp,
  linearize,
  makeJaxpr,
  numpy as np,
  printJaxpr,
  scan,
  vjp,
  vmap,
  type Value,
} from "../../src/ad/index.ts";
import type { Jaxpr } from "../../src/ad/jaxpr/jaxpr.ts";
import * as lax from "../../src/ad/lax/control.ts";
import { f64, int, vec } from "./control.cases.ts";
import { expectClose, toNd } from "./naive.cases.ts";

/** A result as a function of three operands: some use none of them, some one as it is, some make residuals. */
const formulas: readonly ((xs: readonly Value[]) => Value)[] = [
  ([a]) => a,
  ([, b]) => b,
  () => f64([1, 2], 2),
  ([a]) => np.multiply(a, a),
  ([a, b]) => np.multiply(np.exp(a), b),
  ([a, b, c]) => np.multiply(np.tanh(np.multiply(a, c)), np.sum(np.exp(b))),
  ([, b, c]) => np.multiply(np.sum(np.tanh(b)), c),
];
const formula = fc.integer({ min: 0, max: formulas.length - 1 });
const flags = fc.array(fc.boolean(), { minLength: 3, maxLength: 3 });
const operands = [vec(0.3, -0.8), vec(1.1, 0.4), vec(-0.6, 0.9)];
const directions = [vec(0.5, 1), vec(-1, 0.2), vec(0.7, -0.4)];
const same = (got: readonly Value[], want: readonly Value[]) => {
  expect(got.length).toBe(want.length);
  got.forEach((x, i) => expectClose(toNd(x), toNd(want[i]), 1e-12));
};
/** `f` of the flagged operands alone, the others held. */
const inFlagged =
  (f: (...xs: Value[]) => Value[], moves: readonly boolean[]) =>
  (...given: Value[]): Value[] => {
    const rest = [...given];
    return f(
      ...operands.map((x, i) => (moves[i] ? (rest.shift() as Value) : x)),
    );
  };

describe("random dependencies", () => {
  test("a choice has the derivatives of the branch it takes, in any of its operands", () => {
    const branch = fc.array(formula, { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(
        fc.array(branch, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: -1, max: 3 }),
        flags,
        (rows, index, moves) => {
          const branches = rows.map(
            (row) =>
              (...xs: Value[]) =>
                row.map((i) => formulas[i](xs)),
          );
          const taken = branches[Math.min(Math.max(index, 0), rows.length - 1)];
          const f = inFlagged((...xs) => lax.switch(int(index), branches, ...xs), moves); // prettier-ignore
          const g = inFlagged(taken, moves);
          const pick = (xs: Value[]) => xs.filter((_, i) => moves[i]);
          const [at, along] = [pick(operands), pick(directions)];
          const cts = [directions[1], directions[2]];
          const forward = (h: typeof f) => (...xs: Value[]) =>
            jvp(h, xs, along).flat(); // prettier-ignore
          const linear = (h: typeof f) => (...xs: Value[]) =>
            linearize(h, xs)[1](...along); // prettier-ignore
          const back = (h: typeof f) => (...xs: Value[]) =>
            vjp(h, xs)[1](cts); // prettier-ignore
          for (const transform of [forward, linear, back]) {
            same(transform(f)(...at), transform(g)(...at));
            checkJaxpr(makeJaxpr(transform(f))(...at).jaxpr);
            const wide = at.map((x) => np.reshape(x, [1, 2]));
            if (wide.length > 0)
              same(
                vmap(transform(f))(...wide).map((y) => np.reshape(y, [2])),
                transform(g)(...at),
              );
          }
        },
      ),
      { numRuns: 120 },
    );
  });

  test("a loop of unknown length has the forward derivatives of its steps unrolled", () => {
    fc.assert(
      fc.property(
        fc.array(formula, { minLength: 3, maxLength: 3 }),
        fc.integer({ min: 0, max: 3 }),
        flags,
        (row, steps, moves) => {
          const step = (xs: Value[]) =>
            row.map((i) => np.multiply(formulas[i](xs), 0.5));
          const f = inFlagged(
            (...xs) =>
              lax.whileLoop(
                ({ i }) => np.less(i, steps),
                ({ i, xs }) => ({ i: np.add(i, 1), xs: step(xs) }),
                { i: int(0), xs },
              ).xs,
            moves,
          );
          const g = inFlagged((...xs) => {
            let carry = xs;
            for (let i = 0; i < steps; i++) carry = step(carry);
            return carry;
          }, moves);
          const pick = (xs: Value[]) => xs.filter((_, i) => moves[i]);
          const [at, along] = [pick(operands), pick(directions)];
          const forward = (h: typeof f) => (...xs: Value[]) =>
            jvp(h, xs, along).flat(); // prettier-ignore
          const linear = (h: typeof f) => (...xs: Value[]) =>
            linearize(h, xs)[1](...along); // prettier-ignore
          for (const transform of [forward, linear]) {
            same(transform(f)(...at), transform(g)(...at));
            checkJaxpr(makeJaxpr(transform(f))(...at).jaxpr);
          }
          if (at.length === 0) return;
          const wide = at.map((x, i) => np.reshape(np.concatenate([x, along[i]]), [2, 2])); // prettier-ignore
          same(vmap(f)(...wide), vmap(g)(...wide));
        },
      ),
      { numRuns: 120 },
    );
  });
});

describe("associativeScan", () => {
  test("combines in order, at every length, in either direction, along any axis, over a tree", () => {
    // Two matrices of size 2, whose product does not commute, as a tree of columns.
    interface Pair {
      readonly a: Value;
      readonly b: Value;
    }
    const times = (x: Pair, y: Pair) => ({
      a: np.add(np.multiply(x.a, y.a), 0),
      b: np.add(np.multiply(x.b, y.a), y.b),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 19 }),
        fc.boolean(),
        fc.constantFrom(0, 1, -1),
        (n, reverse, axis) => {
          const at = (i: number) => [Math.cos(i + 1), Math.sin(3 * i)];
          const column = (k: number) => Array.from({ length: n }, (_, i) => at(i)[k]); // prettier-ignore
          const shape = axis === 0 ? [n, 1] : [1, n];
          const got = lax.associativeScan(
            times,
            { a: f64(column(0), ...shape), b: f64(column(1), ...shape) },
            { reverse, axis },
          );
          const want: number[][] = [];
          const order = Array.from({ length: n }, (_, i) => (reverse ? n - 1 - i : i)); // prettier-ignore
          let [a, b] = [1, 0];
          for (const i of order) {
            const [c, d] = at(i);
            [a, b] = [a * c, b * c + d];
            want[i] = [a, b];
          }
          expectClose(toNd(got.a), { shape, data: want.map((w) => w[0]) }, 1e-12); // prettier-ignore
          expectClose(toNd(got.b), { shape, data: want.map((w) => w[1]) }, 1e-12); // prettier-ignore
        },
      ),
      { numRuns: 80 },
    );
  });

  test("calls its function a logarithmic number of times", () => {
    let calls = 0;
    const fn = (a: Value, b: Value) => {
      calls++;
      return np.add(a, b);
    };
    lax.associativeScan(fn, np.astype(np.arange(1024), "float64"));
    expect(calls).toBeLessThanOrEqual(20);
  });
});

describe("map", () => {
  test.each([0, 1, 3, 4, 7])(
    "over %i examples gives the same results in batches of any size",
    (n) => {
      const xs = { a: f64(Array.from({ length: 2 * n }, Math.sin), n, 2), b: f64(Array.from({ length: n }, Math.cos), n) }; // prettier-ignore
      const f = ({ a, b }: { a: Value; b: Value }) => [np.multiply(a, b), np.sum(a)]; // prettier-ignore
      const want = lax.map(f, xs);
      expect(want.map((y) => y.shape)).toEqual([[n, 2], [n]]);
      for (const batchSize of [1, 2, 3, 100])
        same(lax.map(f, xs, { batchSize }), want);
    },
  );
});

describe("values", () => {
  test("predicates are booleans or numbers, branches and carries may give bare numbers", () => {
    const pick = (p: Value | number | boolean) =>
      lax
        .cond(
          p,
          () => 1,
          () => 0,
        )
        .item();
    expect([true, false, 2, 0, NaN].map((p) => pick(p))).toEqual([1, 0, 1, 0, 1]); // prettier-ignore
    const mixed = lax.cond(true, () => 0.1, (x: Value) => x, f64([2])); // prettier-ignore
    expect([mixed.dtype, mixed.item()]).toEqual(["float64", 0.1]);
    const { n, x } = lax.whileLoop(
      ({ n }) => np.less(n, 3),
      ({ n, x }) => ({ n: np.add(n, 1), x: np.add(x, f64([0.1])) }),
      { n: 0, x: 0.1 },
    );
    expect([n.dtype, n.item(), x.dtype]).toEqual(["float32", 3, "float64"]);
    expectClose(toNd(x), { shape: [], data: [0.4] }, 1e-15);
    expect(lax.foriLoop(5, 2, (_i, c: Value) => np.add(c, 1), 7).item()).toBe(7); // prettier-ignore
    const unsigned = array([3], { dtype: "uint32", shape: [] });
    const sum = lax.foriLoop(1, unsigned, (i, c) => np.add(c, i), np.astype(0, "uint32")); // prettier-ignore
    expect([sum.dtype, sum.item()]).toEqual(["uint32", 3]);
  });

  test("results keep NaN and infinities, empty arrays, trees and every dtype on both backends", async () => {
    const trees = [
      { a: [vec(NaN, Infinity)], b: array([], { shape: [0, 3] }) },
      { a: [vec(-Infinity, -0)], b: array([], { shape: [0, 3] }) },
    ];
    const f = (p: Value) => {
      const chosen = lax.cond(p, () => trees[0], () => trees[1]); // prettier-ignore
      const [, again] = lax.whileLoop(
        ([more]) => more,
        ([, tree]) => [np.astype(0, "bool"), tree] as const,
        [p, chosen] as const,
      );
      return again;
    };
    for (const device of ["js", "cpu"] as const) {
      const compiled = jit(f, { device, threads: 1 });
      for (const k of [0, 1]) {
        const out = compiled(array([k], { dtype: "bool", shape: [] }));
        expect(await (out.a[0] as Arr).data()).toEqual(trees[1 - k].a[0].dataSync()); // prettier-ignore
        expect(out.b.shape).toEqual([0, 3]);
        expect(await (out.b as Arr).data()).toHaveLength(0);
      }
      await compiled.dispose();
    }
  });

  test("a choice and a loop wait for operands that are still being computed", async () => {
    const twice = jit((x: Value) => np.multiply(x, 2), { threads: 1 });
    const pending = twice(f64([3]));
    const loop = lax.whileLoop((x) => np.less(x, 20), (x) => np.multiply(x, pending), pending); // prettier-ignore
    const out = lax.cond(np.less(0, pending), (x) => np.add(x, 1), (x) => x, loop); // prettier-ignore
    expect(await (out as Arr).data()).toEqual(Float64Array.of(37));
    await twice.dispose();
  });

  test("compiled once with a symbolic axis they serve other sizes", async () => {
    let traces = 0;
    const f = jit(
      (x: Value, k: Value) => {
        traces++;
        const y = lax.switch(k, [np.tanh, np.exp, (z: Value) => np.multiply(z, 2)], x); // prettier-ignore
        return lax.whileLoop((z) => np.less(np.sum(z), 50), (z) => np.add(z, 1), y); // prettier-ignore
      },
      { threads: 1, symbolicShapes: ["n", "..."] },
    );
    for (const n of [3, 1, 5])
      for (const k of [0, 1, 2]) {
        const x = Array.from({ length: n }, (_, i) => Math.sin(i));
        let y = x.map((v) => [Math.tanh(v), Math.exp(v), 2 * v][k]);
        while (y.reduce((a, b) => a + b, 0) < 50) y = y.map((v) => v + 1);
        const got = f(vec(...x), int(k)) as Arr;
        await got.data();
        expectClose(toNd(got), { shape: [n], data: y }, 1e-12);
      }
    expect(traces).toBe(2);
    await f.dispose();
  });

  test("only the chosen branch runs", () => {
    const endless = (x: Value) =>
      lax.whileLoop(() => true, (y) => np.add(y, 1), x); // prettier-ignore
    const f = (p: Value) => lax.cond(p, endless, np.negative, f64([2]));
    for (const run of [f, jit(f, { device: "js" })])
      expect(run(np.astype(0, "bool")).item()).toBe(-2);
  });

  test("a branch's own reverse rule is used", () => {
    const clipped = customVjp(
      (x: Value) => np.multiply(x, x),
      (x: Value) => [np.multiply(x, x), null] as const,
      (_none: null, ct: Value) => [np.multiply(ct, 100)],
    );
    const f = (x: Value) => lax.cond(np.less(x, 1), clipped, np.exp, x);
    expect(grad(f)(f64([0.5])).item()).toBe(100);
    const batch = vmap(grad(f))(vec(0.5, 2));
    expectClose(toNd(batch), { shape: [2], data: [100, Math.exp(2)] }, 1e-12);
  });
});

describe("what a choice stores for its reverse mode", () => {
  const branches = [
    (x: Value) => np.tanh(x),
    (x: Value) => np.exp(x),
    (x: Value) => np.multiply(x, x),
  ];
  const conds = (jaxpr: Jaxpr): number[] =>
    jaxpr.eqns.flatMap(({ primitive, params, outputs }) =>
      primitive.name === "scan"
        ? conds((params as { jaxpr: Jaxpr }).jaxpr)
        : primitive.name === "cond"
          ? [outputs.length]
          : [],
    );

  test("is one slot that the branches share, and no operand twice", () => {
    const f = (k: Value, x: Value) =>
      vjp((y: Value) => lax.switch(k, branches, y), [x])[1](x);
    // The result itself, dropped here, and one residual of tanh or exp; x^2 needs only x.
    expect(conds(makeJaxpr(f)(int(0), vec(1, 2)).jaxpr)).toEqual([2, 1]);
  });

  test("is stored once a step of a scan", () => {
    const f = (ks: Value, x: Value) =>
      np.sum(
        scan(
          (c: Value, k: Value) => [lax.switch(k, branches, c), null],
          x,
          ks,
        )[0],
      );
    const { jaxpr } = makeJaxpr((ks: Value, x: Value) =>
      grad(f, { argnums: 1 })(ks, x),
    )(int(0, 1, 2), vec(1, 2));
    checkJaxpr(jaxpr);
    expect(conds(jaxpr)).toEqual([2, 1]);
  });
});

describe("checked and printed", () => {
  const { jaxpr } = makeJaxpr((k: Value, x: Value) =>
    lax.switch(k, [np.tanh, np.exp], x),
  )(int(0), vec(1));

  test("jaxprs in lists of parameters are printed", () => {
    expect(printJaxpr(jaxpr)).toMatch(/branches=\(\{ lambda [^]* tanh [^]*,\{ lambda [^]* exp /); // prettier-ignore
  });

  test("a fault inside a branch is found", () => {
    const [eqn] = jaxpr.eqns;
    const [first, second] = (eqn.params as { branches: Jaxpr[] }).branches;
    const broken = { ...second, eqns: [] };
    const params = { branches: [first, broken] };
    expect(() => {
      checkJaxpr({ ...jaxpr, eqns: [{ ...eqn, params }] });
    }).toThrow("checkJaxpr: the output list reads an unbound variable");
  });
});

describe("refusals", () => {
  const x = vec(1, 2);
  const refusals: [string, () => unknown, string][] = [
    ["a predicate that is not a scalar", () => lax.cond(x, () => 1, () => 2), "cond: expected a scalar predicate, got f64[2]"],
    ["branches with other structures", () => lax.cond(true, () => [x] as unknown, () => ({ a: x })), "cond: results must agree in structure, got {a: *} from falseFun and [*] from trueFun"],
    ["branches with other types", () => lax.cond(true, () => ({ h: [x, 1] }), () => ({ h: [x, x] })), "cond: result.h[1] is f64[2] from falseFun and f32[] from trueFun; they must agree"],
    ["no branches", () => lax.switch(0, []), "switch: expected at least one branch, got none"],
    ["an index that is no integer", () => lax.switch(0.5, [() => 1]), "switch: expected an index that is an integer scalar, got f32[]"],
    ["branches of switch with other types", () => lax.switch(0, [() => x, () => int(1)]), "switch: result is f64[2] from branch 0 and i32[] from branch 1; they must agree"],
    ["a condition that is no boolean", () => lax.whileLoop(() => 1, (c) => c, x), "whileLoop: expected a condition bool[], got f32[]"],
    ["a carry that changes its structure", () => lax.whileLoop(() => true, () => [x] as never, x), "whileLoop: the carry must keep its structure *, got [*]"],
    ["a carry that changes its type", () => lax.whileLoop(() => true, ({ h }) => ({ h: [h[0], np.sum(h[1])] }), { h: [x, x] }), "whileLoop: carry.h[1] is f64[2] on entry and f64[] after a step; they must agree"],
    ["a carry of foriLoop that changes its type", () => lax.foriLoop(0, 3, (i) => i, x), "foriLoop: carry is f64[2] on entry and i32[] after a step; they must agree"],
    ["bounds that are no integers", () => lax.foriLoop(0, x, (_i, c) => c, x), "foriLoop: expected bounds that are integers, or integer scalars of one dtype, got 0 and f64[2]"],
    ["batches of no example", () => lax.map((y) => y, x, { batchSize: 0 }), "map: expected a batchSize that is a positive integer, got 0"],
    ["leaves of other lengths to map", () => lax.map((y) => y, [x, vec(1)], { batchSize: 2 }), "map: expected leaves with leading axes of one length, got f64[2] and f64[1]"],
    ["leaves of other lengths to associativeScan", () => lax.associativeScan((a) => a, [x, vec(1)]), "associativeScan: expected leaves of one length along axis 0, got f64[2] and f64[1]"],
    ["combinations of another type", () => lax.associativeScan((a, b) => np.sum(np.add(a, b)), x), "associativeScan: entry is f64[1] in both arguments and f64[] in their combination; they must agree"],
  ]; // prettier-ignore
  test.each(refusals)("%s", (_what, f, message) => {
    expect(f).toThrow(message);
  });
});

/** @file scan against a hand-written loop, alone, under every transform, compiled, and under compositions of them. */
import { describe, expect, test } from "vitest";
import {
  array,
  checkJaxpr,
  jit,
  jvp,
  makeJaxpr,
  numpy as np,
  scan,
  vmap,
  type Array as Arr,
  type Value,
} from "../../src/ad/index.ts";
import { scanP } from "../../src/ad/control/scan.ts";
import type { ScanParams } from "../../src/ad/control/scan-params.ts";
import { Unknown } from "../../src/ad/primitive.ts";
import { add, mul } from "../../src/ad/primitives/elementwise.ts";
import { traceToJaxpr } from "../../src/ad/transforms/trace.ts";
import {
  entry,
  expectClose,
  fillNd,
  nd,
  random,
  stack,
  toArray,
  toNd,
  toNdAsync,
  type Nd,
} from "./naive.cases.ts";

const f64 = { dtype: "float64" } as const;
const [T, N] = [4, 3];
const draw = (seed: number, ...shape: number[]): Nd =>
  fillNd(shape, "float64", "any", random(seed));
const arr = (x: Nd) => toArray(x, "float64");

/** A recurrence with a matrix, a bias row each step, two carries in a tree, and two outputs. */
interface Carry {
  readonly h: Value;
  readonly n: Value;
}
const cell = (w: Value) => (carry: Carry, x: { a: Value; b: Value }) => {
  const h = np.tanh(np.add(np.matmul(carry.h, w), np.multiply(x.a, x.b)));
  const n = np.add(carry.n, np.sum(h));
  return [{ h, n }, [h, { sum: n }]] as [Carry, [Value, { sum: Value }]];
};
const recurrence = (
  w: Value,
  h: Value,
  n: Value,
  a: Value,
  b: Value,
  reverse = false,
): Value[] => {
  const [carry, [hs, { sum }]] = scan(cell(w), { h, n }, { a, b }, { reverse });
  return [carry.h, carry.n, hs, sum];
};
function byHand(w: Nd, h0: Nd, n0: Nd, a: Nd, b: Nd, reverse = false): Nd[] {
  let [h, n] = [[...h0.data], n0.data[0]];
  const steps = a.shape[0];
  const hs = new Array<number[]>(steps);
  const sums = new Array<number>(steps);
  for (let step = 0; step < steps; step++) {
    const t = reverse ? steps - 1 - step : step;
    h = h.map((_, j) =>
      Math.tanh(
        h.reduce((sum, v, i) => sum + v * w.data[i * N + j], 0) +
          a.data[t * N + j] * b.data[t],
      ),
    );
    n += h.reduce((x, y) => x + y, 0);
    hs[t] = h;
    sums[t] = n;
  }
  return [
    { shape: [N], data: h },
    { shape: [], data: [n] },
    { shape: [steps, N], data: hs.flat() },
    { shape: [steps], data: sums },
  ];
}
const inputs = (seed: number, steps = T): Nd[] => [
  draw(seed, N, N), draw(seed + 1, N), draw(seed + 2), draw(seed + 3, steps, N), draw(seed + 4, steps, 1),
]; // prettier-ignore
const run = (xs: readonly Nd[], reverse = false): Nd[] => {
  const [w, h, n, a, b] = xs.map(arr);
  return recurrence(w, h, n, a, b, reverse).map(toNd);
};
const close = (got: readonly Nd[], want: readonly Nd[], within = 1e-12) => {
  expect(got.length).toBe(want.length);
  got.forEach((x, i) => expectClose(x, want[i], within));
};

describe("values of scan", () => {
  test.each([
    [0, false],
    [0, true],
    [1, false],
    [T, false],
    [T, true],
    [50, true],
  ] as const)(
    "%i steps, reverse %s, agree with a loop by hand",
    (steps, reverse) => {
      const xs = inputs(1, steps);
      const [w, h, n, a, b] = xs;
      close(run(xs, reverse), byHand(w, h, n, a, b, reverse));
    },
  );

  test.each([false, true])(
    "compiled with reverse %s it agrees with a loop by hand",
    async (reverse) => {
      const compiled = jit(
        (...xs: Value[]) =>
          recurrence(xs[0], xs[1], xs[2], xs[3], xs[4], reverse),
        { threads: 1 },
      );
      for (const steps of [0, 1, T]) {
        const [w, h, n, a, b] = inputs(2, steps);
        const out = await Promise.all(
          compiled(...[w, h, n, a, b].map(arr)).map(toNdAsync),
        );
        close(out, byHand(w, h, n, a, b, reverse));
      }
      await compiled.dispose();
    },
  );

  test.each(["js", "cpu"] as const)(
    "without xs the length says how many steps run, on %s",
    async (device) => {
      const powers = jit(
        (x: Value) =>
          scan((c: Value) => [np.multiply(c, 2), c], x, null, { length: 5 }),
        { device, threads: 1 },
      );
      const [last, all] = powers(array([1, 3]));
      expect([...(await (last as Arr).data())]).toEqual([32, 96]);
      expect([...(await (all as Arr).data())]).toEqual([
        1, 3, 2, 6, 4, 12, 8, 24, 16, 48,
      ]);
      await powers.dispose();
    },
  );

  test.each(["js", "cpu"] as const)(
    "a scan of scans without xs counts both loops, on %s",
    async (device) => {
      const count = jit(
        (x: Value) => {
          const inner = (c: Value) =>
            scan((d: Value) => [np.add(d, 1), null], c, null, { length: 3 })[0];
          return scan((c: Value) => [inner(c), inner(c)], x, null, {
            length: 4,
          });
        },
        { device, threads: 1 },
      );
      const [last, all] = count(array(0));
      expect([...(await (last as Arr).data())]).toEqual([12]);
      expect([...(await (all as Arr).data())]).toEqual([3, 6, 9, 12]);
      await count.dispose();
    },
  );

  test.each(["js", "cpu"] as const)(
    "a scan of scans closes over arrays and outer tracers, on %s",
    async (device) => {
      const weight = array(
        [
          [1, 2],
          [3, 4],
        ],
        f64,
      );
      const f = jit(
        (x: Value, start: Value) =>
          scan(
            (c: Value, row: Value) => {
              const [, partial] = scan(
                (d: Value, e: Value) => {
                  const next = np.add(
                    np.add(d, np.multiply(e, start)),
                    np.sum(np.multiply(weight, c)),
                  );
                  return [next, next];
                },
                c,
                row,
              );
              return [np.sum(partial), partial];
            },
            start,
            x,
          ),
        { device, threads: 1 },
      );
      const x = draw(7, 3, 2);
      const start = 0.25;
      let c = start;
      const want: number[] = [];
      for (let t = 0; t < 3; t++) {
        let d = c;
        const partial = [0, 1].map(
          (k) => (d = d + x.data[t * 2 + k] * start + 10 * c),
        );
        want.push(...partial);
        c = partial[0] + partial[1];
      }
      const out = f(arr(x), arr({ shape: [], data: [start] }));
      close(
        await Promise.all(out.map(toNdAsync)),
        [
          { shape: [], data: [c] },
          { shape: [3, 2], data: want },
        ],
        1e-10,
      );
      await f.dispose();
    },
  );
});

describe("errors of scan", () => {
  const x = array([1, 2, 3]);
  test.each([
    [
      "expected xs with a leading axis, or a length",
      () => scan((c: Value) => [c, null], array(0), null),
    ],
    [
      "expected a length that is a non-negative integer, got -1",
      () => scan((c: Value) => [c, null], array(0), null, { length: -1 }),
    ],
    [
      "expected 2 steps in every leaf of xs, got f32[3]",
      () => scan((c: Value) => [c, null], array(0), x, { length: 2 }),
    ],
    [
      "expected 3 steps in every leaf of xs, got f32[]",
      () => scan((c: Value) => [c, null], array(0), [x, array(1)]),
    ],
    [
      "carry is f32[] on entry and f32[2] after a step",
      () => scan(() => [array([1, 2]), null], array(0), x),
    ],
    [
      "carry is f32[] on entry and i32[] after a step",
      () => scan(() => [array(1, { dtype: "int32" }), null], array(0), x),
    ],
    [
      "the carry must keep its structure *, got [*, *]",
      () => scan((c: Value) => [[c, c] as never, null], array(0), x),
    ],
  ] as const)("%s", (sentence, call: () => unknown) => {
    expect(call).toThrow(sentence);
    expect(call).toThrow(/^scan: /);
  });
});

const moved = (xs: readonly Nd[], vs: readonly Nd[], h: number) =>
  xs.map((x, k) => ({
    shape: x.shape,
    data: x.data.map((v, i) => v + h * vs[k].data[i]),
  }));
const slope = (
  f: (xs: readonly Nd[]) => Nd[],
  xs: readonly Nd[],
  vs: readonly Nd[],
): Nd[] => {
  const h = 1e-5;
  const [up, down] = [f(moved(xs, vs, h)), f(moved(xs, vs, -h))];
  return up.map((x, k) => ({
    shape: x.shape,
    data: x.data.map((v, i) => (v - down[k].data[i]) / (2 * h)),
  }));
};
const subsets = (n: number) =>
  Array.from({ length: 2 ** n - 1 }, (_, bits) =>
    Array.from({ length: n }, (_, i) => Boolean(((bits + 1) >> i) & 1)),
  );
const show = (flags: readonly boolean[]) =>
  ["w", "h", "n", "a", "b"].filter((_, i) => flags[i]).join("");

describe("jvp of scan", () => {
  const xs = inputs(11);
  const vs = inputs(21);
  const only = (flags: readonly boolean[], list: readonly Nd[]) =>
    list.map((v, i) =>
      flags[i] ? v : { shape: v.shape, data: v.data.map(() => 0) },
    );

  test.each(subsets(5).map((flags) => ({ flags, name: show(flags) })))(
    "along $name agrees with central differences",
    ({ flags }) => {
      for (const reverse of [false, true]) {
        // Only the chosen operands are traced, so the others' tangents are symbolic zeros.
        const f = (...chosen: Value[]) => {
          const left = [...chosen];
          const [w, h, n, a, b] = xs.map((x, i) =>
            flags[i] ? (left.shift() as Value) : arr(x),
          );
          return recurrence(w, h, n, a, b, reverse);
        };
        const pick = (list: readonly Nd[]) =>
          list.filter((_, i) => flags[i]).map(arr);
        const [out, tangent] = jvp(f, pick(xs), pick(vs));
        close(out.map(toNd), run(xs, reverse));
        close(
          tangent.map(toNd),
          slope((at) => run(at, reverse), xs, only(flags, vs)),
          1e-7,
        );
      }
    },
  );

  test("second derivatives agree with central differences of first ones", () => {
    const first = (at: readonly Nd[]) =>
      jvp(
        (...ys: Value[]) => recurrence(ys[0], ys[1], ys[2], ys[3], ys[4]),
        at.map(arr),
        vs.map(arr),
      )[1].map(toNd);
    const us = inputs(31);
    const [, second] = jvp(
      (...ys: Value[]) => jvp((...zs: Value[]) => recurrence(zs[0], zs[1], zs[2], zs[3], zs[4]), ys, vs.map(arr))[1],
      xs.map(arr), us.map(arr),
    ); // prettier-ignore
    close(second.map(toNd), slope(first, xs, us), 1e-6);
  });

  test("a carry that gets its tangent from another carry keeps it", () => {
    // b is constant at first and copies a, one step late; then c copies b.
    const f = (x: Value) =>
      scan(
        ([a, b]: [Value, Value, Value]) => [
          [np.multiply(a, 2), a, b] as [Value, Value, Value],
          null,
        ],
        [x, array(0, f64), array(0, f64)] as [Value, Value, Value],
        null,
        { length: 3 },
      )[0];
    const [out, tangent] = jvp(f, [array(3, f64)], [array(1, f64)]);
    expect(out.map((v) => (v as Arr).item())).toEqual([24, 12, 6]);
    expect(tangent.map((v) => (v as Arr).item())).toEqual([8, 4, 2]);
  });
});

describe("transpose of a linear scan", () => {
  // c' = a c + w u x + d x k, y = c + 2 c': linear in (init, xs) and, with xs known, in (w, init).
  const vec = { shape: [2], dtype: "float64" } as const;
  const build = (step: (v: Value[]) => Value[], consts: number, xs: number, length: number, reverse: boolean): ScanParams => ({
    jaxpr: traceToJaxpr(step, Array.from({ length: consts + 1 + xs }, () => vec)).jaxpr,
    consts, carries: 1, length, reverse,
  }); // prettier-ignore
  const inXs = ([a, c, x, k]: Value[]) => {
    const next = add(mul(a, c), mul(x, k));
    return [next, add(c, add(next, next))];
  };
  const inConst = ([a, w, c, x]: Value[]) => {
    const next = add(mul(a, c), mul(w, x));
    return [next, mul(c, x)];
  };
  const rows = [
    { title: "init and xs", step: inXs, consts: 1, xs: 2, unknown: [1, 2] },
    {
      title: "init and the other xs",
      step: inXs,
      consts: 1,
      xs: 2,
      unknown: [1, 3],
    },
    {
      title: "a constant and init",
      step: inConst,
      consts: 2,
      xs: 1,
      unknown: [1, 2],
    },
  ];
  test.each(
    rows.flatMap((r) =>
      [0, 1, 5].flatMap((length) =>
        [false, true].map((reverse) => ({ ...r, length, reverse })),
      ),
    ),
  )(
    "in $title over $length steps, reverse $reverse, is adjoint to its jvp",
    ({ step, consts, xs, unknown, length, reverse }) => {
      const params = build(step, consts, xs, length, reverse);
      const shapes = [
        ...Array.from({ length: consts + 1 }, () => [2]),
        ...Array.from({ length: xs }, () => [length, 2]),
      ];
      const args = shapes.map((shape, i) => draw(40 + i, ...shape));
      const v = shapes.map((shape, i) => draw(60 + i, ...shape));
      // A map linear in the unknowns is its own jvp.
      const forward = scanP
        .bind(
          args.map((x, i) => arr(unknown.includes(i) ? v[i] : x)),
          params,
        )
        .map(toNd);
      const cts = forward.map((x, i) => draw(80 + i, ...x.shape));
      const back = scanP.rules.diff.transpose(
        scanP,
        cts.map(arr),
        args.map((x, i) =>
          unknown.includes(i) ? new Unknown(arr(x).type) : arr(x),
        ),
        params,
      );
      const inner = (a: Nd, b: Nd) =>
        a.data.reduce((sum, x, i) => sum + x * b.data[i], 0);
      const left = forward.reduce((sum, x, i) => sum + inner(x, cts[i]), 0);
      const right = unknown.reduce(
        (sum, i) => sum + inner(toNd(back[i] as Value), v[i]),
        0,
      );
      expect(right).toBeCloseTo(left, 9);
      back.forEach((ct, i) => expect(ct !== null).toBe(unknown.includes(i)));
    },
  );

  test("a missing cotangent counts as zero", () => {
    const params = build(inXs, 1, 2, 3, false);
    const known = [draw(1, 2), draw(2, 3, 2)].map(arr);
    const unknowns = [
      new Unknown(vec),
      new Unknown({ shape: [3, 2], dtype: "float64" }),
    ];
    const args = [known[0], unknowns[0], unknowns[1], known[1]];
    const ct = arr(draw(3, 2));
    const zero = arr(nd([3, 2], () => 0));
    const some = scanP.rules.diff.transpose(scanP, [ct, null], args, params);
    const both = scanP.rules.diff.transpose(scanP, [ct, zero], args, params);
    for (const i of [1, 2])
      close([toNd(some[i] as Value)], [toNd(both[i] as Value)]);
  });

  test("a carry that enters as a known zero tangent gets no cotangent", () => {
    const params = build(inXs, 1, 2, 3, false);
    const xs = new Unknown({ shape: [3, 2], dtype: "float64" });
    const [a, k] = [draw(1, 2), draw(4, 3, 2)].map(arr);
    const ct = [arr(draw(5, 2)), arr(draw(6, 3, 2))];
    const all = scanP.rules.diff.transpose(scanP, ct, [a, new Unknown(vec), xs, k], params); // prettier-ignore
    const zero = arr(nd([2], () => 0));
    const some = scanP.rules.diff.transpose(
      scanP,
      ct,
      [a, zero, xs, k],
      params,
    );
    expect(some[1]).toBeNull();
    close([toNd(some[2] as Value)], [toNd(all[2] as Value)]);
  });

  test("a scan with a carry that no unknown reaches is refused in one sentence", () => {
    const counting = ([a, c, x, k]: Value[]) => [mul(a, c), mul(x, k)];
    const params = build(counting, 1, 2, 3, false);
    const args = [draw(1, 2), draw(2, 2)].map(arr);
    expect(() => scanP.rules.diff.transpose(scanP, [null, arr(draw(3, 3, 2))], [
      ...args, new Unknown({ shape: [3, 2], dtype: "float64" }), arr(draw(4, 3, 2)),
    ], params)).toThrow("scan: a linear scan must be linear in all of its carries"); // prettier-ignore
  });
});

describe("vmap of scan", () => {
  const members = [inputs(101), inputs(111), inputs(121)];
  const batchedBy = (flags: readonly boolean[], axes: readonly number[]) => {
    const operands = members[0].map((x, i) =>
      arr(
        flags[i]
          ? stack(
              members.map((m) => m[i]),
              axes[i],
            )
          : x,
      ),
    );
    const want = members.map((m) => {
      const [w, h, n, a, b] = m.map((x, i) => (flags[i] ? x : members[0][i]));
      return byHand(w, h, n, a, b);
    });
    return {
      operands,
      want,
      inAxes: flags.map((flag, i) => (flag ? axes[i] : null)),
    };
  };
  const f = (...xs: Value[]) => recurrence(xs[0], xs[1], xs[2], xs[3], xs[4]);
  const stacked = (want: Nd[][]) =>
    want[0].map((_, i) =>
      stack(
        want.map((m) => m[i]),
        0,
      ),
    );

  test.each(subsets(5).map((flags) => ({ flags, name: show(flags) })))(
    "over $name agrees with a loop",
    ({ flags }) => {
      for (const axes of [
        [0, 0, 0, 0, 0],
        [2, 1, 0, 2, 1],
        [1, 0, 0, 1, 2],
      ]) {
        const { operands, want, inAxes } = batchedBy(flags, axes);
        close(vmap(f, inAxes)(...operands).map(toNd), stacked(want));
      }
    },
  );

  test("jit of vmap of scan, over every subset, agrees with a loop", async () => {
    for (const flags of subsets(5)) {
      const { operands, want, inAxes } = batchedBy(flags, [0, 0, 0, 1, 1]);
      const compiled = jit((...xs: Value[]) => vmap(f, inAxes)(...xs), {
        threads: 1,
      });
      close(
        await Promise.all(compiled(...operands).map(toNdAsync)),
        stacked(want),
        1e-10,
      );
      await compiled.dispose();
    }
  });

  test("jit of vmap of jvp and vmap of jvp of jit agree with jvp one by one", async () => {
    const directions = inputs(131).map(arr);
    const tangentOf =
      (g: typeof f) =>
      (...xs: Value[]) =>
        jvp(g, xs, directions)[1];
    const { operands, inAxes } = batchedBy(
      [true, true, false, true, true],
      [0, 0, 0, 0, 0],
    );
    const want = members.map((m) =>
      tangentOf(f)(...m.map((x, i) => arr(i === 2 ? members[0][i] : x))).map(
        toNd,
      ),
    );
    const all = jit((...xs: Value[]) => vmap(tangentOf(f), inAxes)(...xs), {
      threads: 1,
    });
    close(
      await Promise.all(all(...operands).map(toNdAsync)),
      stacked(want),
      1e-10,
    );
    close(
      vmap(tangentOf(jit(f)), inAxes)(...operands).map(toNd),
      stacked(want),
      1e-12,
    );
    await all.dispose();
  });

  test("jvp of vmap of scan agrees with vmap of jvp of scan", () => {
    const { operands, inAxes } = batchedBy(
      [true, true, true, true, true],
      [0, 0, 0, 0, 0],
    );
    const directions = operands.map((x, i) => arr(draw(200 + i, ...x.shape)));
    const outer = jvp(
      (...xs: Value[]) => vmap(f, inAxes)(...xs),
      operands,
      directions,
    )[1].map(toNd);
    const each = members.map((m, k) =>
      jvp(
        f,
        m.map(arr),
        directions.map((d) => arr(entry(toNd(d), 0, k))),
      )[1].map(toNd),
    );
    close(outer, stacked(each));
  });
});

test("every transformed scan passes the jaxpr checker, body included", () => {
  const xs = inputs(1).map(arr);
  const f = (...ys: Value[]) => recurrence(ys[0], ys[1], ys[2], ys[3], ys[4]);
  const tangent = (...ys: Value[]) => jvp(f, ys, xs)[1];
  const batch =
    (g: typeof f) =>
    (...ys: Value[]) =>
      vmap(g, [null, 0, null, null, null])(...ys);
  const wide = xs.map((x, i) => (i === 1 ? arr(draw(5, 2, N)) : x));
  for (const closed of [
    makeJaxpr(f)(...xs),
    makeJaxpr(tangent)(...xs),
    makeJaxpr(batch(f))(...wide),
    makeJaxpr(batch(tangent))(...wide),
  ])
    checkJaxpr(closed.jaxpr);
});

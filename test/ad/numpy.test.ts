/** @file The numpy face against plain loops: broadcasting, joins, reductions, products, look-ups, and its error sentences. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  array,
  numpy as np,
  type Array as Arr,
  type Value,
} from "../../src/ad/index.ts";
import {
  at,
  expectClose,
  fillNd,
  insert,
  nd,
  random,
  sizeOf,
  toArray,
  toNd,
  without,
  type Nd,
} from "./naive.cases.ts";

const draw = (shape: readonly number[], seed = 1): Nd =>
  fillNd(shape, "float64", "any", random(seed));
const arr = (x: Nd) => toArray(x, "float64");
const close = (got: Value, want: Nd) => expectClose(toNd(got), want, 1e-12);
const ints = (...values: number[]) => array(values, { dtype: "int32" });

/** NumPy's rule in one line: the operand's index is the result's, cut to its rank, 0 where its size is 1. */
const spread = (x: Nd, shape: readonly number[]): Nd =>
  nd(shape, (i) =>
    at(
      x,
      i
        .slice(shape.length - x.shape.length)
        .map((k, axis) => (x.shape[axis] === 1 ? 0 : k)),
    ),
  );

describe("broadcasting", () => {
  const pairs = fc
    .array(
      fc.tuple(fc.integer({ min: 0, max: 3 }), fc.boolean(), fc.boolean()),
      { maxLength: 4 },
    )
    .chain((axes) =>
      fc.tuple(
        fc.constant(axes),
        fc.nat({ max: axes.length }),
        fc.nat({ max: axes.length }),
      ),
    );

  test("stretches sizes 1 and missing leading axes, for any pair of shapes that fit", () => {
    fc.assert(
      fc.property(pairs, ([axes, dropA, dropB]) => {
        const a = axes
          .map(([n, one]) => (one ? 1 : n))
          .slice(Math.min(dropA, dropA && !dropB ? dropA : 0));
        const b = axes.map(([n, , one]) => (one ? 1 : n)).slice(dropB);
        const rank = Math.max(a.length, b.length);
        const shape = Array.from({ length: rank }, (_, i) => {
          const [m, n] = [
            a[i - rank + a.length] ?? 1,
            b[i - rank + b.length] ?? 1,
          ];
          return m === 1 ? n : m;
        });
        const [x, y] = [draw(a, 1), draw(b, 2)];
        const [fx, fy] = [spread(x, shape), spread(y, shape)];
        close(
          np.subtract(arr(x), arr(y)),
          nd(shape, (i) => at(fx, i) - at(fy, i)),
        );
      }),
    );
  });

  test("a number takes the dtype of the array beside it", () => {
    for (const dtype of ["float32", "float64", "int32", "uint32"] as const) {
      const x = array([1, 2], { dtype });
      for (const out of [
        np.add(x, 1),
        np.multiply(3, x),
        np.where(true, x, 0),
        np.maximum(x, 2),
      ])
        expect(out.dtype).toBe(dtype);
    }
    expect(np.add(1, 2).dtype).toBe("float32");
  });

  test("where broadcasts its condition too", () => {
    const c = array([[1], [0]], { dtype: "bool" });
    expect(toNd(np.where(c, array([1, 2]), 9))).toEqual({
      shape: [2, 2],
      data: [1, 2, 9, 9],
    });
    expect(
      toNd(np.where(np.less(array([1, 5]), 3), array([[0], [1]]), -1)),
    ).toEqual({ shape: [2, 2], data: [0, -1, 1, -1] });
  });
});

describe("shapes", () => {
  const x = draw([2, 3, 4]);
  test.each([
    [0, 2],
    [2, 0],
    [1, -1],
    [-1, 0],
    [1, 1],
  ])("moveaxis from %i to %i keeps the others in order", (from, to) => {
    const [f, t] = [(from + 3) % 3, (to + 3) % 3];
    const shape = insert(without(x.shape, f), t, x.shape[f]);
    close(
      np.moveaxis(arr(x), from, to),
      nd(shape, (i) => at(x, insert(without(i, t), f, i[t]))),
    );
  });
  test("transpose reverses the axes, reshape works out -1, expandDims inserts", () => {
    close(
      np.transpose(arr(x)),
      nd([4, 3, 2], ([a, b, c]) => at(x, [c, b, a])),
    );
    close(
      np.transpose(arr(x), [1, -1, 0]),
      nd([3, 4, 2], ([a, b, c]) => at(x, [c, a, b])),
    );
    close(np.reshape(arr(x), [4, -1]), { shape: [4, 6], data: x.data });
    expect([-1, 0, 3].map((axis) => np.expandDims(arr(x), axis).shape)).toEqual(
      [
        [2, 3, 4, 1],
        [1, 2, 3, 4],
        [2, 3, 4, 1],
      ],
    );
  });
  test.each([
    [3, 1],
    [2, 0],
    [4, -1],
    [1, 1],
  ])(
    "split into %i along %i and concatenate give the whole back",
    (parts, axis) => {
      const pieces = np.split(arr(x), parts, axis);
      expect(pieces.length).toBe(parts);
      close(np.concatenate(pieces, axis), x);
      const at_ = (axis + 3) % 3;
      const size = x.shape[at_] / parts;
      pieces.forEach((piece, k) =>
        close(
          piece,
          nd(
            x.shape.map((n, i) => (i === at_ ? size : n)),
            (i) =>
              at(
                x,
                i.map((v, a) => (a === at_ ? v + k * size : v)),
              ),
          ),
        ),
      );
    },
  );
  test("zeros, ones, full and arange hold what they say", () => {
    expect([np.zeros([2]), np.ones([2], "int32"), np.full([2], 2.5), np.arange(3)].map((v) => [v.dtype, ...toNd(v).data])).toEqual([
      ["float32", 0, 0], ["int32", 1, 1], ["float32", 2.5, 2.5], ["int32", 0, 1, 2],
    ]); // prettier-ignore
  });
});

describe("reductions", () => {
  const x = draw([2, 3, 4]);
  const line = (i: readonly number[], axis: number) =>
    Array.from({ length: x.shape[axis] }, (_, k) => at(x, insert(i, axis, k)));
  const total = (xs: number[]) => xs.reduce((a, b) => a + b, 0);
  test.each([0, 1, 2, -1, -3])(
    "along axis %i agree with loops, keepdims or not",
    (axis) => {
      const a = (axis + 3) % 3;
      const kept = without(x.shape, a);
      const wide = insert(kept, a, 1);
      const want = (f: (xs: number[]) => number) =>
        nd(kept, (i) => f(line(i, a)));
      const rows: [(v: Value, o: object) => Value, Nd][] = [
        [np.sum, want(total)],
        [np.mean, want((xs) => total(xs) / xs.length)],
        [np.max, want((xs) => Math.max(...xs))],
      ];
      for (const [f, expected] of rows) {
        close(f(arr(x), { axis }), expected);
        close(f(arr(x), { axis, keepdims: true }), {
          ...expected,
          shape: wide,
        });
      }
      close(
        np.argmax(arr(x), axis),
        want((xs) => xs.indexOf(Math.max(...xs))),
      );
      close(
        np.logsumexp(arr(x), axis),
        want((xs) => Math.log(total(xs.map(Math.exp)))),
      );
    },
  );
  test("over several axes or all of them", () => {
    close(
      np.sum(arr(x), { axis: [0, -1] }),
      nd([3], ([j]) =>
        total([0, 1].flatMap((i) => [0, 1, 2, 3].map((k) => at(x, [i, j, k])))),
      ),
    );
    close(np.mean(arr(x)), { shape: [], data: [total([...x.data]) / 24] });
    close(np.max(arr(x), { keepdims: true }), {
      shape: [1, 1, 1],
      data: [Math.max(...x.data)],
    });
  });
  test("logsumexp neither overflows nor underflows", () => {
    const big = array([1000, 1000, -1000], { dtype: "float64" });
    expect((np.logsumexp(big, 0) as Arr).item()).toBeCloseTo(
      1000 + Math.log(2),
      12,
    );
    const none = array([-Infinity, 0], { dtype: "float64" });
    expect((np.logsumexp(none, 0) as Arr).item()).toBe(0);
  });
  test("logsumexp of nothing but -Infinity is -Infinity, and of +Infinity is +Infinity", () => {
    expect((np.logsumexp(array([-Infinity, -Infinity]), 0) as Arr).item()).toBe(
      -Infinity,
    );
    expect((np.logsumexp(array([Infinity, 0]), 0) as Arr).item()).toBe(
      Infinity,
    );
  });
});

describe("matmul and take", () => {
  test.each([
    [[3], [3]],
    [[2, 3], [3]],
    [[3], [3, 4]],
    [
      [2, 3],
      [3, 4],
    ],
    [
      [5, 2, 3],
      [3, 4],
    ],
    [
      [5, 2, 3],
      [5, 3, 4],
    ],
    [
      [2, 3],
      [5, 3, 4],
    ],
    [[3], [5, 3, 4]],
    [
      [5, 1, 2, 3],
      [4, 3, 2],
    ],
    [
      [2, 0],
      [0, 3],
    ],
  ])("matmul of %j and %j follows NumPy", (a, b) => {
    const [x, y] = [draw(a, 3), draw(b, 4)];
    const [left, right] = [
      a.length === 1 ? [1, ...a] : a,
      b.length === 1 ? [...b, 1] : b,
    ];
    const lead = [left.slice(0, -2), right.slice(0, -2)];
    const rank = Math.max(...lead.map((s) => s.length));
    const batch = Array.from({ length: rank }, (_, i) =>
      Math.max(...lead.map((s) => s[i - rank + s.length] ?? 1)),
    );
    const [m, k, n] = [
      left[left.length - 2],
      left[left.length - 1],
      right[right.length - 1],
    ];
    const fx = spread({ shape: left, data: x.data }, [...batch, m, k]);
    const fy = spread({ shape: right, data: y.data }, [...batch, k, n]);
    const full = nd([...batch, m, n], (o) => {
      const [i, j] = o.slice(-2);
      return Array.from(
        { length: k },
        (_, p) =>
          at(fx, [...o.slice(0, -2), i, p]) * at(fy, [...o.slice(0, -2), p, j]),
      ).reduce((s, v) => s + v, 0);
    });
    const shape = [
      ...batch,
      ...(a.length === 1 ? [] : [m]),
      ...(b.length === 1 ? [] : [n]),
    ];
    expect(sizeOf(shape)).toBe(sizeOf(full.shape));
    close(np.matmul(arr(x), arr(y)), { shape, data: full.data });
  });

  test.each([0, 1, 2, -1])(
    "take along axis %i puts the indices' axes in its place",
    (axis) => {
      const x = draw([3, 3, 3]);
      const index = nd([2, 2], ([i, j]) => [0, -1, 2, -3][i * 2 + j]);
      const a = (axis + 3) % 3;
      const shape = [...x.shape.slice(0, a), 2, 2, ...x.shape.slice(a + 1)];
      close(
        np.take(arr(x), toArray(index, "int32"), axis),
        nd(shape, (i) =>
          at(x, [
            ...i.slice(0, a),
            (at(index, i.slice(a, a + 2)) + 3) % 3,
            ...i.slice(a + 2),
          ]),
        ),
      );
    },
  );
  test("take by a 0-d index drops the axis", () => {
    expect(
      toNd(
        np.take(
          array([
            [1, 2],
            [3, 4],
          ]),
          array(1, { dtype: "int32" }),
        ),
      ),
    ).toEqual({ shape: [2], data: [3, 4] });
  });
});

describe("error sentences", () => {
  const [x23, x4] = [np.zeros([2, 3]), np.zeros([4])];
  test.each<[string, () => unknown]>([
    [
      "add: shapes [2,3] and [4] do not broadcast at axis -1",
      () => np.add(x23, x4),
    ],
    [
      "where: shapes [2,3] and [4] and [4] do not broadcast",
      () => np.where(np.equal(x23, 0), x4, 0),
    ],
    [
      "dot: contracting sizes differ, lhs [2,3] axis 1 is 3, rhs [4] axis 0 is 4",
      () => np.matmul(x23, x4),
    ],
    [
      "matmul: expected at least one axis in each operand, got [] and [4]",
      () => np.matmul(array(1), x4),
    ],
    [
      "matmul: shapes [5] and [2] do not broadcast at axis -1",
      () => np.matmul(np.zeros([5, 1, 3]), np.zeros([2, 3, 1])),
    ],
    ["reshape: [2,3] has 6 elements, [4] 4", () => np.reshape(x23, [4])],
    [
      "reshape: expected a shape whose sizes divide the 6 elements of [2,3], got [4,-1]",
      () => np.reshape(x23, [4, -1]),
    ],
    [
      "reshape: expected at most one -1, got [-1,-1]",
      () => np.reshape(x23, [-1, -1]),
    ],
    [
      "split: axis 1 of [2,3] does not divide into 2 equal parts",
      () => np.split(x23, 2, 1),
    ],
    [
      "sum: expected an axis between -2 and 1, got 2",
      () => np.sum(x23, { axis: 2 }),
    ],
    [
      "sum: expected each axis once, got 0, -2",
      () => np.sum(x23, { axis: [0, -2] }),
    ],
    [
      "reduceMax: no maximum over an empty axis of [0,2]",
      () => np.max(np.zeros([0, 2]), { axis: 0 }),
    ],
    [
      "concatenate: expected one dtype and equal sizes beside axis 0, got f32[2,3] and f32[4]",
      () => np.concatenate([x23, x4]),
    ],
    [
      "concatenate: expected at least one array, got none",
      () => np.concatenate([]),
    ],
    ["take: expected int32 indices, got f32[4]", () => np.take(x23, x4)],
    [
      "take: expected an index in -2..1 at axis 0, got -3",
      () => np.take(x23, ints(-3)),
    ],
    [
      "transpose: expected a permutation of the axes of [2,3], got (0,0)",
      () => np.transpose(x23, [0, 0]),
    ],
    [
      "array: rows differ in length at axis 1, expected 2, got 1",
      () => array([[1, 2], [3]]),
    ],
    [
      "array: shape [3] holds 3 elements, got 2",
      () => array([1, 2], { shape: [3] }),
    ],
    [
      "item: expected an array of one element, got shape [2,3]",
      () => (x23 as Arr).item(),
    ],
    [
      "exp: expected arrays, numbers or booleans as leaves, got [object String]",
      () => np.exp("1" as never),
    ],
  ])("%s", (sentence, call) => {
    expect(call).toThrow(sentence);
  });
});

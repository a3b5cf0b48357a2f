/** @file Pytrees: flatten and unflatten are inverse, prefixes spread over subtrees, and misfits are named. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  array,
  jvp,
  numpy as np,
  tree,
  vmap,
  type Value,
} from "../../src/ad/index.ts";
import {
  broadcastPrefix,
  flatten,
  sameTree,
  showTree,
  unflatten,
} from "../../src/ad/tree.ts";

/** Trees of numbers with null, lists and objects, awkward keys included. */
const trees = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    fc.constant(null),
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(
        fc.constantFrom("a", "b", "a: *, b", "__proto__", "constructor", ""),
        fc.string(),
      ),
      tie("tree"),
      { maxKeys: 3, noNullPrototype: true },
    ),
  ),
})).tree;

const countLeaves = (node: unknown): number =>
  typeof node === "number"
    ? 1
    : Object.values(node ?? {}).reduce<number>(
        (n, child) => n + countLeaves(child),
        0,
      );

describe("flatten and unflatten", () => {
  test("are inverse for every tree", () => {
    fc.assert(
      fc.property(trees, (node) => {
        const [leaves, def] = flatten(node);
        expect(leaves.length).toBe(countLeaves(node));
        expect(unflatten(def, leaves)).toEqual(node);
      }),
    );
  });

  test("print alike exactly when they are alike", () => {
    fc.assert(
      fc.property(trees, trees, (a, b) => {
        const [, da] = flatten(a);
        const [, db] = flatten(b);
        expect(sameTree(da, db)).toBe(
          JSON.stringify(da) === JSON.stringify(db),
        );
      }),
    );
    const [, one] = flatten({ "a: *, b: *, c": 1, d: 2 });
    const [, two] = flatten({ a: 1, "b: *, c: *, d": 2 });
    expect(sameTree(one, two)).toBe(false);
  });

  test("visit object keys sorted, whatever their order", () => {
    expect(flatten({ b: 1, a: { d: 2, c: 3 } })[0]).toEqual([3, 2, 1]);
    expect(showTree(flatten({ b: [1, null], a: 2 })[1])).toBe(
      "{a: *, b: [*, null]}",
    );
  });

  test("treat class instances and arrays of the core as leaves", () => {
    const x = array([1]);
    const date = new Date(0);
    const [first, second, ...rest] = tree.leaves([x, { k: date }]);
    expect(first).toBe(x);
    expect(second).toBe(date);
    expect(rest).toEqual([]);
  });

  test.each([1, 3])("refuse %i leaves for a tree of 2", (n) => {
    const [, def] = flatten([0, { a: 0 }]);
    expect(() => unflatten(def, Array(n).fill(0))).toThrow(
      `unflatten: expected 2 leaves, got ${n}`,
    );
  });
});

describe("tree.map", () => {
  test("applies a function leaf by leaf over several trees", () => {
    expect(
      tree.map(
        (a: number, b: number) => a * b,
        { x: 2, y: [3] },
        { y: [5], x: 7 },
      ),
    ).toEqual({ x: 14, y: [15] });
  });
  test("names both structures where they differ", () => {
    expect(() => tree.map((a: number) => a, { x: 1 }, [1])).toThrow(
      "tree.map: expected a tree like {x: *}, got [*]",
    );
  });
});

describe("prefixes", () => {
  const [, def] = flatten({ a: [1, 2], b: { c: 3 }, d: null });
  test.each([
    [7, [7, 7, 7]],
    [null, [null, null, null]],
    [{ a: 1, b: 2, d: 3 }, [1, 1, 2]],
    [{ a: [1, null], b: { c: 4 }, d: null }, [1, null, 4]],
  ])("%j spreads to %j", (prefix, want) => {
    expect(broadcastPrefix("who", prefix, def)).toEqual(want);
  });

  test.each([
    { a: 1, b: 2 },
    { a: 1, b: 2, e: 3 },
    { a: 1, b: 2, d: 3, e: 4 },
    [1, 2, 3],
    { a: [1], b: 2, d: 3 },
    { a: [[1], 2], b: 2, d: 3 },
    { a: { 0: 1, 1: 2 }, b: 2, d: 3 },
  ])("%j is refused", (prefix) => {
    expect(() => broadcastPrefix("who", prefix, def)).toThrow(
      /^who: expected a prefix of .*, got /,
    );
  });

  test("a whole tree is its own prefix", () => {
    fc.assert(
      fc.property(trees, (node) => {
        const [leaves, d] = flatten(node);
        expect(broadcastPrefix("who", node, d)).toEqual(leaves);
      }),
    );
  });
});

describe("structural errors", () => {
  const x = array([
    [1, 2],
    [3, 4],
  ]);
  test.each([
    [
      "jvp: expected tangents like [*], got [[*]]",
      () => jvp((a: Value) => a, [x], [[x]] as never),
    ],
    [
      "jvp: tangent 0 must be f32[2,2] like its primal, got f32[1]",
      () => jvp((a: Value) => a, [x], [array([1])]),
    ],
    [
      "jvp: expected arrays, numbers or booleans as leaves, got [object String]",
      () => jvp((a: unknown) => a, ["no"], ["no"]),
    ],
    [
      "vmap inAxes: expected a prefix of [*], got [0,0]",
      () => vmap((a: Value) => a, [0, 0])(x),
    ],
    [
      'vmap inAxes: expected a prefix of {a: *}, got {"b":0}',
      () => vmap((t: { a: Value }) => t.a, [{ b: 0 }])({ a: x }),
    ],
    [
      "vmap: expected an axis between -2 and 1, got 2",
      () => vmap((a: Value) => a, 2)(x),
    ],
    [
      "vmap: expected at least one argument with a batch axis, got none",
      () => vmap((a: Value) => a, null)(x),
    ],
    [
      "vmap: batch axes differ in size: [2,2] axis 0, [3] axis 0",
      () => vmap((a: Value, b: Value) => [a, b])(x, array([1, 2, 3])),
    ],
    [
      "vmap: result 0 differs over the batch, so its outAxes cannot be null",
      () => vmap((a: Value) => a, 0, null)(x),
    ],
    [
      "vmap outAxes: expected a prefix of *, got [0]",
      () => vmap((a: Value) => a, 0, [0])(x),
    ],
  ] as const)("%s", (sentence, call: () => unknown) => {
    expect(call).toThrow(sentence);
  });

  test("vmap takes trees of axes and places results where it is told", () => {
    const f = vmap(
      ({ p, q }: { p: Value; q: Value }) => ({
        sum: np.add(p, q),
        p,
        k: array([9]),
      }),
      [{ p: 1, q: null }],
      { sum: 1, p: 0, k: null },
    );
    const out = f({ p: x, q: array([10, 20]) });
    const read = (v: Value) => [...(v as ReturnType<typeof array>).dataSync()];
    expect(read(out.p)).toEqual([1, 3, 2, 4]);
    expect(read(out.sum)).toEqual([11, 12, 23, 24]);
    expect(read(out.k)).toEqual([9]);
  });
});

describe("reading a tree", () => {
  const t = { b: [1, null, { c: 2 }], a: 3 };

  test("structure is the tree without its leaves", () => {
    expect(showTree(tree.structure(t))).toBe("{a: *, b: [*, null, {c: *}]}");
  });

  test("reduce folds the leaves in depth-first order", () => {
    const joined = tree.reduce((text, n: number) => `${text}${n}`, t, "");
    expect(joined).toBe("312");
  });

  test("all asks whether every leaf is truthy", () => {
    expect([tree.all(t), tree.all([t, 0]), tree.all([])]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test("paths lead to each leaf", () => {
    expect(tree.flattenWithPath(t)[0]).toEqual([
      [["a"], 3],
      [["b", 0], 1],
      [["b", 2, "c"], 2],
    ]);
    expect(tree.mapWithPath((path, n: number) => path.length * n, t)).toEqual({
      a: 3,
      b: [2, null, { c: 6 }],
    });
  });
});

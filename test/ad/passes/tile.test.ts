/** @file Tiling: what runs in blocks, that groups are convex, and that no bit of a result changes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkJaxpr,
  jit,
  makeJaxpr,
  numpy as np,
  optimizers,
  type Value,
} from "../../../src/ad/index.ts";
import { evalJaxpr, type Eqn } from "../../../src/ad/jaxpr/jaxpr.ts";
import {
  convexGroups,
  sideBySide,
} from "../../../src/ad/passes/convex-groups.ts";
import { tile } from "../../../src/ad/passes/tile.ts";
import { fillNd, random, toArray, toNd, toNdAsync } from "../naive.cases.ts";

const draw = (seed: number, ...shape: number[]): Value =>
  toArray(fillNd(shape, "float32", "any", random(seed)), "float32");

/** A program of a few values, each made of two earlier ones: cheap operations, and now and then what is none. */
const programs = fc.array(fc.tuple(fc.nat(7), fc.nat(), fc.nat()), {
  minLength: 1,
  maxLength: 14,
});
const build =
  (steps: readonly (readonly [number, number, number])[]) =>
  (x: Value, y: Value, row: Value, column: Value): Value[] => {
    const values = [x, y];
    for (const [op, i, j] of steps) {
      const [a, b] = [values[i % values.length], values[j % values.length]];
      values.push(
        [
          () => np.add(a, b),
          () => np.multiply(a, b),
          () => np.tanh(np.subtract(a, 0.5)),
          () => np.where(np.less(a, b), a, np.negative(b)),
          () => np.multiply(a, row),
          () => np.add(np.multiply(column, b), a),
          () => np.divide(a, np.add(np.sum(np.abs(b), { axis: 0, keepdims: true }), 1)),
          () => np.transpose(a),
        ][op](),
      ); // prettier-ignore
    }
    return values.slice(-3);
  };

test("any program gives the same bits in blocks", () => {
  const n = 1024;
  const args = [
    draw(1, n, n),
    draw(2, n, n),
    draw(3, n),
    draw(4, n, 1),
  ] as const;
  let tiled = 0;
  fc.assert(
    fc.property(programs, (steps) => {
      const closed = makeJaxpr(build(steps))(...args);
      const jaxpr = tile(closed.jaxpr);
      checkJaxpr(jaxpr);
      if (jaxpr !== closed.jaxpr) tiled++;
      const inputs = [...closed.consts, ...args];
      const want = evalJaxpr(closed.jaxpr, inputs);
      evalJaxpr(jaxpr, inputs).forEach((y, i) =>
        expect(Buffer.from(y.dataSync().buffer).equals(Buffer.from(want[i].dataSync().buffer))).toBe(true),
      );
    }),
    { numRuns: 8 },
  ); // prettier-ignore
  expect(tiled).toBeGreaterThan(2);
});

describe("what runs in blocks", () => {
  const loops = (f: (...args: Value[]) => unknown, ...args: Value[]) =>
    tile(makeJaxpr(f as (...args: Value[]) => Value)(...args).jaxpr).eqns.flatMap((eqn) =>
      eqn.primitive.name === "scan" ? [(eqn.params as { length: number }).length] : [],
    ); // prettier-ignore
  const chain = (x: Value) => np.tanh(np.multiply(np.add(x, 1), x));
  test.each<[string, Value, number[]]>([
    ["blocks of 256 rows of a large array", draw(1, 1024, 1024), [4]],
    [
      "rows that 262,144 elements do not divide into even blocks of",
      draw(1, 1900, 640),
      [5],
    ],
    ["nothing small", draw(1, 64, 64), []],
    ["no array whose rows come in no such blocks", draw(1, 1031, 1024), []],
    ["no vector", draw(1, 2 ** 20), []],
  ])("%s", (_title, x, lengths) => {
    expect(loops(chain, x)).toEqual(lengths);
  });

  test("an optimizer's update of a large parameter, in one loop", async () => {
    const { init, update } = optimizers.adamW(1e-3);
    const x = draw(1, 1024, 1024);
    const state = init(x);
    const step = (g: Value, m: Value) => {
      const next = update(np.asarray(3), g, { ...state, m });
      return [next.params, next.m, next.v] as Value[];
    };
    const args = [draw(2, 1024, 1024), draw(3, 1024, 1024)] as const;
    expect(loops(step as never, ...args)).toEqual([4]);
    const compiled = jit(step);
    const want = step(...args).map(toNd);
    for (const [i, y] of compiled(...args).entries()) {
      const { data } = await toNdAsync(y);
      const worst = data.reduce((most, v, k) => Math.max(most, Math.abs(v - want[i].data[k])), 0); // prettier-ignore
      expect(worst).toBeLessThan(1e-6);
    }
    await compiled.dispose();
  });
});

test("groups can stand side by side, whatever they are made of", () => {
  const n = 3;
  const args = [
    draw(1, n, n),
    draw(2, n, n),
    draw(3, n),
    draw(4, n, 1),
  ] as const;
  fc.assert(
    fc.property(programs, fc.nat(6), (steps, modulus) => {
      const { jaxpr } = makeJaxpr(build(steps))(...args);
      const keyOf = (eqn: Eqn) =>
        modulus === 0 || eqn.outputs[0].id % (modulus + 1) !== 0 ? eqn.primitive.name.slice(0, 1) < "n" ? "a" : "b" : null; // prettier-ignore
      const groups = convexGroups(jaxpr, keyOf);
      const eqns = sideBySide(jaxpr, groups);
      expect(new Set(eqns)).toEqual(new Set(jaxpr.eqns));
      checkJaxpr({ ...jaxpr, eqns });
      const runs = eqns.map((eqn) => groups.get(eqn)).filter((g, i, all) => g && g !== all[i - 1]); // prettier-ignore
      expect(new Set(runs).size).toBe(runs.length);
    }),
    { numRuns: 300 },
  );
});

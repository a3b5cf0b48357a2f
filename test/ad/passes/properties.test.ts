/** @file Every pass alone, and all of them, leave the results of random programs and of their derivatives as they are. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkJaxpr,
  checkpoint,
  grad,
  jvp,
  makeJaxpr,
  numpy as np,
  scan,
  vmap,
  type Value,
} from "../../../src/ad/index.ts";
import { evalJaxpr, type ClosedJaxpr } from "../../../src/ad/jaxpr/jaxpr.ts";
import { optimize, passes, runPasses } from "../../../src/ad/passes/index.ts";
import { expectClose, toArray, toNd } from "../naive.cases.ts";
import { programs, setUp } from "../random-programs.cases.ts";

type F = (x: Value, y: Value) => Value[];
const both = { argnums: [0, 1] } as const;

const scalarOf =
  (f: F) =>
  (x: Value, y: Value): Value =>
    f(x, y).reduce((total: Value, v) => np.add(total, np.sum(np.tanh(v))), np.zeros([], "float64")); // prettier-ignore

/** Wide enough for products to be worth moving. */
const width = 40;

/** The program three times in a loop that carries a sum and a state, with work of each kind the passes move. */
const looped =
  (f: F, wrap: typeof checkpoint = (g) => g, segment = false): F =>
  (x, y) => {
    const inner = wrap(scalarOf(f));
    const data = Array.from({ length: 3 * width }, (_, i) => Math.sin(i + 1));
    const xs = toArray({ shape: [3, width], data }, "float64") as Value;
    const wide = np.tile(y, width / 2);
    const weights = np.divide(
      np.cos(np.outer(wide, np.add(wide, np.arange(width)))),
      width,
    );
    const [[total, state], ys] = scan(
      ([total, state]: [Value, Value], row: Value) => {
        const ahead = np.tanh(np.matmul(row, weights));
        const next = np.tanh(np.matmul(np.add(state, ahead), weights));
        return [
          [np.add(total, inner(x, np.multiply(y, np.sum(row)))), next],
          [
            np.matmul(next, weights),
            inner(x, np.sum(next, { axis: 0, keepdims: true })),
            ahead,
          ],
        ] as [[Value, Value], Value[]];
      },
      [np.zeros([], "float64"), wide] as [Value, Value],
      xs,
      { checkpoint: segment },
    );
    return [total, state, ...ys];
  };

/** What is run through the passes, all at the program's own arguments. */
const variants: Record<
  string,
  (f: F, directions: [Value, Value]) => (x: Value, y: Value) => Value[]
> = {
  "as it is": (f) => f,
  "its gradient": (f) => (x, y) => [...grad(scalarOf(f), both)(x, y)],
  "a derivative of its gradient": (f, directions) => (x, y) =>
    jvp(grad(scalarOf(f), both), [x, y], directions).flat(),
  "its gradient over a batch": (f) => (x, y) => [
    ...vmap(grad(scalarOf(f), both), [0, null])(np.stack([x, np.negative(x)]), y),
  ],
  "in a loop": (f) => looped(f),
  "its gradient through a loop": (f) => (x, y) => [
    ...grad(scalarOf(looped(f)), both)(x, y),
  ],
  "its gradient through a checkpointed loop": (f) => (x, y) => [
    ...grad(scalarOf(looped(f, checkpoint)), both)(x, y),
  ],
  "its gradient through a loop in segments": (f) => (x, y) => [
    ...grad(scalarOf(looped(f, checkpoint, true)), both)(x, y),
  ],
  "a derivative of its gradient through a loop": (f, directions) => (x, y) =>
    jvp(grad(scalarOf(looped(f)), both), [x, y], directions).flat(),
  "its gradient through a loop over a batch": (f) => (x, y) => [
    ...vmap(grad(scalarOf(looped(f)), both), [0, null])(np.stack([x, np.negative(x)]), y),
  ],
}; // prettier-ignore

/** Passes that change no sum's order give the very same numbers. */
const exact: readonly (keyof typeof passes)[] = [
  "scanOperands",
  "commonSubexpressions",
  "deadCode",
  "hoist",
];

function expectSame(
  before: ClosedJaxpr,
  after: ClosedJaxpr,
  args: readonly Value[],
  isExact: boolean,
): void {
  checkJaxpr(after.jaxpr);
  const got = evalJaxpr(after.jaxpr, [...after.consts, ...args]).map(toNd);
  evalJaxpr(before.jaxpr, [...before.consts, ...args])
    .map(toNd)
    .forEach((want, i) => {
      if (isExact) expect(got[i]).toEqual(want);
      else expectClose(got[i], want, 1e-10);
    });
}

describe.each(Object.entries(variants))(
  "a random program, %s",
  (name, make) => {
    const numRuns = name.includes("loop") ? 25 : 60;
    const run = (check: (closed: ClosedJaxpr, args: [Value, Value]) => void) =>
      fc.assert(
        fc.property(programs, ([steps, shape, seed]) => {
          const { f, args, directions } = setUp(steps.slice(0, 6), shape, seed);
          const closed = makeJaxpr(make(f, directions))(...args);
          checkJaxpr(closed.jaxpr);
          check(closed, args);
        }),
        { numRuns },
      );

    test.each(Object.keys(passes) as (keyof typeof passes)[])(
      "is the same after %s",
      (pass) => {
        run((closed, args) =>
          expectSame(
            closed,
            { ...closed, jaxpr: passes[pass](closed.jaxpr) },
            args,
            exact.includes(pass),
          ),
        );
      },
    );

    test("is the same after all passes, which end", () => {
      run((closed, args) => {
        const done = optimize(closed);
        expectSame(closed, done, args, false);
        expect(runPasses(done.jaxpr)).toBe(done.jaxpr);
      });
    });
  },
);

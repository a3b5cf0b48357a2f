/** @file Random programs over the primitives, for properties that hold whatever the program is. */
import fc from "fast-check";
import { numpy as np, scan, type Value } from "../../src/ad/index.ts";
import {
  expectClose,
  fillNd,
  random,
  toArray,
  type Nd,
} from "./naive.cases.ts";

/** One step of a program: an operation and numbers that pick its operands among the values so far. */
export interface Step {
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

export const interpret =
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
export const programs = fc.tuple(
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

export const setUp = (
  steps: readonly Step[],
  shape: number[],
  seed: number,
) => {
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
export const close = (got: Nd, want: Nd) => expectClose(got, want, 1e-9);

/** @file Programs of branches and loops, each beside its twin in plain JavaScript. */
import {
  array,
  checkpoint,
  customJvp,
  numpy as np,
  scan,
  type Value,
} from "../../src/ad/index.ts";
import * as lax from "../../src/ad/lax/control.ts";

export const f64 = (data: readonly number[], ...shape: number[]) =>
  array([...data], { dtype: "float64", shape });
export const vec = (...data: number[]) => f64(data, data.length);
export const int = (...data: number[]) =>
  array(data, {
    dtype: "int32",
    shape: data.length === 1 ? [] : [data.length],
  });
export const total = (x: readonly number[]) => x.reduce((a, b) => a + b, 0);

/** A function of x (f64[3]) and k (i32[]) to a scalar, and the same in plain JavaScript. */
export interface Program {
  readonly f: (x: Value, k: Value) => Value;
  readonly plain: (x: readonly number[], k: number) => number;
  /** Reverse mode refuses loops of unknown length. */
  readonly forwardOnly?: boolean;
}

export const soft = (x: Value) => np.sum(np.multiply(np.tanh(x), x));
const softPlain = (x: readonly number[]) =>
  total(x.map((v) => Math.tanh(v) * v));
export const square = (x: Value) => np.multiply(x, x);
const at = (x: Value, i: number) => np.take(x, int(i));
const cube = customJvp(
  (x: Value) => np.multiply(x, square(x)),
  ([x], [dx]) => [
    np.multiply(x, square(x)),
    np.multiply(np.multiply(dx, 3), square(x)),
  ],
);
const smooth = (c: number, v: number) => (v > 0 ? Math.exp(-v) * c + v : c * v);
/** c' = exp(-v) c + v where v > 0, else c v. */
const step = (c: Value, v: Value) =>
  lax.cond(
    np.less(0, v),
    (a: Value, b: Value) => np.add(np.multiply(np.exp(np.negative(b)), a), b),
    (a: Value, b: Value) => np.multiply(a, b),
    c,
    v,
  );
const run = (x: Value) =>
  scan((c: Value, v: Value) => [step(c, v), null], at(x, 0), x)[0];
const runPlain = (x: readonly number[]) => x.reduce(smooth, x[0]);

export const programs: Record<string, Program> = {
  "a choice of two that closes over its argument": {
    f: (x, k) =>
      lax.cond(
        np.less(k, 1),
        () => soft(x),
        () => np.sum(square(x)),
      ),
    plain: (x, k) => (k < 1 ? softPlain(x) : total(x.map((v) => v * v))),
  },
  "a choice of three with different residuals": {
    f: (x, k) =>
      lax.switch(
        k,
        [
          (y: Value, s: Value) => np.multiply(np.exp(s), soft(y)),
          (y: Value) => cube(np.tanh(at(y, 1))),
          () => 1.5,
        ],
        x,
        np.sum(x),
      ),
    plain: (x, k) =>
      k <= 0
        ? Math.exp(total(x)) * softPlain(x)
        : k === 1
          ? Math.tanh(x[1]) ** 3
          : 1.5,
  },
  "a choice inside a choice": {
    f: (x, k) =>
      lax.cond(
        np.less(k, 2),
        () => np.multiply(2, lax.switch(k, [soft, run], x)),
        () => np.sum(np.exp(x)),
      ),
    plain: (x, k) =>
      k < 2
        ? 2 * (k <= 0 ? softPlain(x) : runPlain(x))
        : total(x.map(Math.exp)),
  },
  "a choice at every step of a scan": {
    f: (x, k) => np.multiply(run(x), np.add(np.astype(k, "float64"), 1)),
    plain: (x, k) => runPlain(x) * (k + 1),
  },
  "a choice whose branch is rematerialized": {
    f: (x, k) =>
      checkpoint((y: Value) => lax.switch(k, [soft, run], np.tanh(y)))(x),
    plain: (x, k) => {
      const y = x.map(Math.tanh);
      return k <= 0 ? softPlain(y) : runPlain(y);
    },
  },
  "a loop between numbers, choosing by its index": {
    f: (x, k) =>
      lax.foriLoop(
        1,
        5,
        (i, { s, y }: { s: Value; y: Value }) => ({
          s: np.add(s, np.sum(y)),
          y: lax.cond(np.less(i, k), np.tanh, square, y),
        }),
        { s: np.sum(x), y: x },
      ).s,
    plain: (x, k) => {
      let [s, y] = [total(x), [...x]];
      for (let i = 1; i < 5; i++) {
        s += total(y);
        y = y.map((v) => (i < k ? Math.tanh(v) : v * v));
      }
      return s;
    },
  },
  "a map in batches over a choice": {
    f: (x, k) =>
      np.sum(
        lax.map((v: Value) => step(np.astype(k, "float64"), v), x, {
          batchSize: 2,
        }),
      ),
    plain: (x, k) => total(x.map((v) => smooth(k, v))),
  },
  "an associative scan of affine maps": {
    f: (x, k) => {
      const [, all] = lax.associativeScan(
        ([a, b], [c, d]) => [np.multiply(a, c), np.add(np.multiply(c, b), d)],
        [np.tanh(x), x] as const,
        { reverse: true },
      );
      return lax.cond(
        np.less(k, 1),
        () => np.sum(all),
        () => at(all, 0),
      );
    },
    plain: (x, k) => {
      let [b, sum] = [0, 0];
      for (const v of [...x].reverse()) {
        b = Math.tanh(v) * b + v;
        sum += b;
      }
      return k < 1 ? sum : b;
    },
  },
  "a loop to a bound that is an array": {
    f: (x, k) =>
      np.sum(
        lax.foriLoop(
          0,
          k,
          (i, y: Value) => np.add(np.tanh(y), np.multiply(y, i)),
          x,
        ),
      ),
    plain: (x, k) => {
      let y = [...x];
      for (let i = 0; i < k; i++) y = y.map((v) => Math.tanh(v) + v * i);
      return total(y);
    },
    forwardOnly: true,
  },
  "an open-ended loop at every step of a scan": {
    f: (x, k) => {
      const bound = np.add(np.astype(k, "float64"), 3);
      const grow = (c: Value, v: Value) =>
        lax.whileLoop(
          (y: Value) => np.less(y, bound),
          (y: Value) => np.add(np.multiply(y, 1.75), square(v)),
          np.add(square(c), 0.3),
        );
      return scan((c: Value, v: Value) => [grow(c, v), null], at(x, 2), x)[0];
    },
    plain: (x, k) =>
      x.reduce((c, v) => {
        let y = c * c + 0.3;
        while (y < k + 3) y = y * 1.75 + v * v;
        return y;
      }, x[2]),
    forwardOnly: true,
  },
  "an open-ended loop over choices, inside a choice": {
    f: (x, k) =>
      lax.cond(
        np.less(k, 2),
        () =>
          np.sum(
            lax.whileLoop<Value[]>(
              ([i]) => np.less(i, np.add(k, 3)),
              ([i, y]) => [
                np.add(i, 1),
                lax.cond(np.less(i, 2), np.tanh, square, y),
              ],
              [int(0), np.multiply(x, 1.5)],
            )[1],
          ),
        () => soft(x),
      ),
    plain: (x, k) => {
      if (k >= 2) return softPlain(x);
      let y = x.map((v) => 1.5 * v);
      for (let i = 0; i < k + 3; i++)
        y = y.map((v) => (i < 2 ? Math.tanh(v) : v * v));
      return total(y);
    },
    forwardOnly: true,
  },
};

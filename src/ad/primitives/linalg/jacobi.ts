/** @file Jacobi's rotations: rows in pairs, all pairs of one round at once, rounds until nothing is left to rotate. */
import { scan } from "../../control/scan.ts";
import { whileLoop } from "../../control/while.ts";
import { Array } from "../../array.ts";
import type { DType } from "../../dtype.ts";
import { range } from "../../shape.ts";
import type { Value } from "../../tracer.ts";
import { add, and, div, eq, le, lt, mul, neg, not, select, sqrt, sub } from "../elementwise.ts"; // prettier-ignore
import { dot } from "../dot.ts";
import { fill, zeros } from "../fill.ts";
import { gather } from "../gather.ts";
import { abs } from "../math.ts";
import { argmax, reduceMax } from "../reduce.ts";
import { concatenate } from "../slicing.ts";
import { broadcast, reshape, sum } from "../structural.ts";
import { asColumns } from "./matrix.ts";

const like = (x: Value, value: number) => fill(value, x.type);

/** Half the distance from 1 to the next number. */
export const roundoff = (dtype: DType): number =>
  dtype === "float64" ? 2 ** -53 : 2 ** -24;

/** A number below every size that matters after `prepare`. */
export const tiny = (dtype: DType): number =>
  dtype === "float64" ? 1e-300 : 1e-30;

/** The rotation, of at most 45 degrees, that makes symmetric [[p, g], [g, q]] diagonal (Rutishauser 1966). */
export function rotation(p: Value, q: Value, g: Value): [c: Value, s: Value] {
  const theta = div(sub(q, p), add(g, g));
  const size = abs(theta);
  const one = like(theta, 1);
  const tangent = div(one, add(size, sqrt(add(mul(theta, theta), one))));
  const signed = select(lt(theta, zeros(theta.type)), neg(tangent), tangent); // prettier-ignore
  // 0 / 0, where there is nothing to rotate, compares with nothing.
  const t = select(le(size, like(size, Infinity)), signed, zeros(theta.type));
  const c = div(one, sqrt(add(mul(t, t), one)));
  return [c, mul(t, c)];
}

/**
 * The order of 2h rows after a round, in which rows 2i and 2i + 1 are a pair: all but the first move on one place in
 * a ring, so that in 2h - 1 rounds every two rows meet once and are back in their places (Brent and Luk 1985).
 */
const ring = (h: number): number[] =>
  range(2 * h).map((to) => {
    if (h === 1 || to === 0) return to;
    if (to === 2) return 1;
    if (to === 2 * h - 1) return to - 1;
    return to % 2 === 0 ? to - 2 : to + 2;
  });

/** Rows 2i and 2i + 1 of x (B, 2h, w) rotated by c, s (B, h), then all put in the order of the next round. */
export function turnRows(x: Value, c: Value, s: Value): Value {
  const [size, n, width] = x.shape;
  const h = n / 2;
  const column = (v: Value) => reshape(v, [size, h, 1]);
  const turns = concatenate([c, neg(s), s, c].map(column), 2);
  const pairs = dot(
    reshape(turns, [size, h, 2, 2]),
    reshape(x, [size, h, 2, width]),
    {
      contract: [[3], [2]],
      batch: [
        [0, 1],
        [0, 1],
      ],
    },
  );
  const order = new Array(
    { shape: [n], dtype: "int32" },
    Int32Array.from(ring(h)),
  );
  return gather(
    reshape(pairs, [size, n, width]),
    broadcast(order, [size, n], [1]),
    1,
  );
}

/** Sweeps needed are six to ten; the bound is for matrices whose roundoff never falls below the tolerance. */
const maxSweeps = 30;

/**
 * Sweeps of `rounds` rounds, each giving the largest element (a scalar) it had to remove, until a sweep finds none
 * above `tolerance`.
 */
export function sweep(
  state: readonly Value[],
  round: (state: readonly Value[]) => [state: readonly Value[], found: Value],
  rounds: number,
  tolerance: number,
): readonly Value[] {
  const dtype = state[0].dtype;
  const scalar = (value: number) => fill(value, { shape: [], dtype });
  const count = (value: number) => fill(value, { shape: [], dtype: "int32" });
  const [, , last] = whileLoop(
    ([sweeps, largest]) =>
      and(lt(sweeps, count(maxSweeps)), lt(scalar(tolerance), largest)),
    ([sweeps, , current]) => {
      const [next, found] = scan(
        (carry: readonly Value[]) => round(carry),
        current,
        null,
        { length: rounds },
      );
      return [add(sweeps, count(1)), reduceMax(found, [0]), next] as const;
    },
    [count(0), scalar(Infinity), state] as const,
  );
  return last;
}

export interface Prepared {
  /** The matrices with elements far from overflow and underflow; zero where they were not finite. */
  readonly x: Value;
  /** What each was divided by (B). */
  readonly unit: Value;
  /** Matrices with a NaN or an infinity (bool, B). */
  readonly bad: Value;
}

/** Matrices (B, m, n) made safe to square; those of ordinary size stay as they are. */
export function prepare(a: Value): Prepared {
  const every = (flag: Value) => broadcast(flag, a.shape, [0]);
  const total = sum(sub(a, a), [1, 2]);
  const bad = not(eq(total, zeros(total.type)));
  const finite = select(every(bad), zeros(a.type), a);
  const largest = reduceMax(abs(finite), [1, 2]);
  const [low, high] = a.dtype === "float64" ? [1e-100, 1e100] : [1e-12, 1e12];
  const ordinary = and(
    lt(like(largest, low), largest),
    lt(largest, like(largest, high)),
  );
  const none = eq(largest, zeros(largest.type));
  const one = like(largest, 1);
  const unit = select(ordinary, one, select(none, one, largest));
  return { x: div(finite, every(unit)), unit, bad };
}

/** `x` (B, ...) with NaN throughout where `bad` (B). */
export const spoiled = (x: Value, bad: Value): Value =>
  select(broadcast(bad, x.shape, [0]), like(x, NaN), x);

/** 1 or -1 for each row of x (B, k, n): the sign of its largest element, the first of those about as large. */
export function rowSigns(x: Value): Value {
  const sizes = abs(x);
  const [size, k, n] = x.shape;
  const most = reduceMax(sizes, [2]);
  const bound = mul(most, like(most, 0.999));
  const at = argmax(le(broadcast(bound, [size, k, n], [0, 1]), sizes), 2);
  const value = gather(x, at, 2);
  return select(lt(value, zeros(value.type)), like(value, -1), like(value, 1));
}

/** Rows of x (B, k, n) times factors (B, k). */
export const scaleRows = (x: Value, by: Value): Value =>
  mul(x, asColumns(by, x.shape[2]));

/** Euclidean length of each row of x (B, k, n), of elements safe to divide by the largest. */
export function rowNorms(x: Value): Value {
  const largest = reduceMax(abs(x), [2]);
  const unit = select(eq(largest, zeros(largest.type)), like(largest, 1), largest); // prettier-ignore
  const relative = div(x, broadcast(unit, x.shape, [0, 1]));
  return mul(unit, sqrt(sum(mul(relative, relative), [2])));
}

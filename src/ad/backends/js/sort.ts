/** @file Kernels in JavaScript that walk the lines of one axis in order: argmax, argmin, argsort, cumsum. */
import type { TypedArray } from "../../dtype.ts";
import { sizeOf, stridesOf, type Shape } from "../../shape.ts";

/** Calls `line` with the offset of the first element of every line along `axis`, in row-major order. */
function forEachLine(
  shape: Shape,
  axis: number,
  line: (start: number, index: number) => void,
): void {
  const stride = stridesOf(shape)[axis];
  const n = shape[axis];
  const lines = sizeOf(shape.filter((_, i) => i !== axis));
  for (let i = 0; i < lines; i++)
    line(Math.floor(i / stride) * stride * n + (i % stride), i);
}

/** NaN is above every number, as in NumPy's argmax. */
const above = (x: number, y: number): boolean =>
  x > y || (Number.isNaN(x) && !Number.isNaN(y));
/** In a minimum NaN wins too. */
const below = (x: number, y: number): boolean =>
  x < y || (Number.isNaN(x) && !Number.isNaN(y));

/** The position of the first greatest (or least) element of every line. */
export function argBest(
  least: boolean,
  x: TypedArray,
  shape: Shape,
  axis: number,
  out: TypedArray,
): void {
  const stride = stridesOf(shape)[axis];
  const better = least ? below : above;
  forEachLine(shape, axis, (start, index) => {
    let best = 0;
    for (let k = 1; k < shape[axis]; k++)
      if (better(x[start + k * stride], x[start + best * stride])) best = k;
    out[index] = best;
  });
}

/** For every line the permutation that sorts it: by the first key, ties by the next, last by position. */
export function argsort(
  keys: readonly TypedArray[],
  shape: Shape,
  axis: number,
  descending: boolean,
  out: TypedArray,
): void {
  const n = shape[axis];
  const stride = stridesOf(shape)[axis];
  const order = new Int32Array(n);
  const sign = descending ? -1 : 1;
  forEachLine(shape, axis, (start) => {
    for (let k = 0; k < n; k++) order[k] = k;
    order.sort((i, j) => {
      for (const key of keys) {
        const [a, b] = [key[start + i * stride], key[start + j * stride]];
        if (above(a, b)) return sign;
        if (above(b, a)) return -sign;
      }
      return i - j;
    });
    for (let k = 0; k < n; k++) out[start + k * stride] = order[k];
  });
}

/** Running sums of every line, from its end where `reverse`; those of floats are kept in float64. */
export function cumsum(
  x: TypedArray,
  shape: Shape,
  axis: number,
  reverse: boolean,
  out: TypedArray,
): void {
  const n = shape[axis];
  const stride = stridesOf(shape)[axis];
  const wraps = out instanceof Int32Array || out instanceof Uint32Array;
  forEachLine(shape, axis, (start) => {
    let total = 0;
    for (let k = 0; k < n; k++) {
      const at = start + (reverse ? n - 1 - k : k) * stride;
      total = wraps ? (total + x[at]) | 0 : total + x[at];
      out[at] = total;
    }
  });
}

/** @file Where the greatest and the least elements are. */
import * as p from "../primitives/reduce.ts";
import { reshape } from "../primitives/structural.ts";
import { normalizeAxis, showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";

export interface ArgOptions {
  /** The axis to search along; by default the flattened array. */
  readonly axis?: number;
  /** Leaves the searched axis in place with size 1. */
  readonly keepdims?: boolean;
}

const arg =
  (name: string, find: (x: Value, axis: number) => Value) =>
  (x: ArrayLike, options: number | ArgOptions = {}): Value => {
    const { axis, keepdims = false }: ArgOptions =
      typeof options === "number" ? { axis: options } : options;
    const value = asValue(name, x);
    const line = axis === undefined ? reshape(value, [value.size]) : value;
    const at = normalizeAxis(name, axis ?? 0, line.ndim);
    if (line.shape[at] === 0)
      throw new TypeError(
        `${name}: expected at least one element along axis ${at} of ${showShape(line.shape)}, got none`,
      );
    const out = find(line, at);
    if (!keepdims) return out;
    const all = axis === undefined;
    return reshape(
      out,
      value.shape.map((n, i) => (all || i === at ? 1 : n)),
    );
  };

/** Index (int32) of the first maximum along an axis, or in the flattened array; NaN wins (jax.numpy.argmax). */
export const argmax = arg("argmax", p.argmax);
/** Index (int32) of the first minimum along an axis, or in the flattened array; NaN wins (jax.numpy.argmin). */
export const argmin = arg("argmin", p.argmin);

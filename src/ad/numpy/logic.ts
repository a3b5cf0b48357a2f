/** @file Truth values, and what counts as equal or close. */
import * as p from "../primitives/elementwise.ts";
import { fill, zeros } from "../primitives/fill.ts";
import * as b from "../primitives/bitwise.ts";
import * as m from "../primitives/math.ts";
import { sum } from "../primitives/structural.ts";
import { range, sameShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { equal } from "./elementwise.ts";
import { isfinite, isnan } from "./float.ts";
import { broadcastArrays, promoteFloats } from "./promote.ts";

type Unary = (x: ArrayLike) => Value;
type Binary = (x: ArrayLike, y: ArrayLike) => Value;
type OnValues = (x: Value, y: Value) => Value;

/** Operands count as true where they are not 0. */
const logical =
  (name: string, f: OnValues): Binary =>
  (x, y) => {
    const [u, v] = broadcastArrays(name, [x, y]);
    return f(p.convert(u, "bool"), p.convert(v, "bool"));
  };
const like = (x: Value, value: number) => fill(value, x.type);

/** Both are true (jax.numpy.logical_and). */
export const logicalAnd = logical("logicalAnd", p.and);
/** At least one is true (jax.numpy.logical_or). */
export const logicalOr = logical("logicalOr", p.or);
/** Just one is true (jax.numpy.logical_xor). */
export const logicalXor = logical("logicalXor", b.xor);
/** `x` is not true (jax.numpy.logical_not). */
export const logicalNot: Unary = (x) =>
  p.not(p.convert(asValue("logicalNot", x), "bool"));

export interface CloseOptions {
  readonly rtol?: number;
  readonly atol?: number;
  /** Whether NaN is close to NaN. */
  readonly equalNan?: boolean;
}

/** |x - y| <= atol + rtol |y|; equal infinities are close, NaN is not (jax.numpy.isclose). */
export function isclose(
  x: ArrayLike,
  y: ArrayLike,
  { rtol = 1e-5, atol = 1e-8, equalNan = false }: CloseOptions = {},
): Value {
  const [u, v] = promoteFloats("isclose", [x, y]);
  const bound = p.add(like(v, atol), p.mul(like(v, rtol), m.abs(v)));
  const within = p.and(
    p.le(m.abs(p.sub(u, v)), bound),
    p.and(isfinite(u), isfinite(v)),
  );
  const close = p.or(within, p.eq(u, v));
  return equalNan ? p.or(close, p.and(isnan(u), isnan(v))) : close;
}

/** Whether every element of a bool array is true, as a 0-d bool. */
function everywhere(test: Value): Value {
  const failures = sum(p.convert(p.not(test), "int32"), range(test.ndim));
  return p.eq(failures, zeros(failures.type));
}

/** Whether all elements are close, as a 0-d bool (jax.numpy.allclose). */
export const allclose = (
  x: ArrayLike,
  y: ArrayLike,
  options: CloseOptions = {},
): Value => everywhere(isclose(x, y, options));

const never = (): Value => fill(0, { shape: [], dtype: "bool" });

/** Whether shapes and all elements are equal, as a 0-d bool (jax.numpy.array_equal). */
export function arrayEqual(
  x: ArrayLike,
  y: ArrayLike,
  { equalNan = false }: { readonly equalNan?: boolean } = {},
): Value {
  const [u, v] = [asValue("arrayEqual", x), asValue("arrayEqual", y)];
  if (!sameShape(u.shape, v.shape)) return never();
  const same = equal(u, v);
  return everywhere(equalNan ? p.or(same, p.and(isnan(u), isnan(v))) : same);
}

/** Whether one broadcasts to the other and all elements are then equal, as a 0-d bool (jax.numpy.array_equiv). */
export function arrayEquiv(x: ArrayLike, y: ArrayLike): Value {
  const [u, v] = [asValue("arrayEquiv", x), asValue("arrayEquiv", y)];
  const rank = Math.max(u.ndim, v.ndim);
  const fits = range(rank).every((i) => {
    const [a, c] = [u, v].map((w) => w.shape[i - rank + w.ndim] ?? 1);
    return a === c || a === 1 || c === 1;
  });
  return fits ? everywhere(equal(u, v)) : never();
}

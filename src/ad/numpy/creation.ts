/** @file Arrays made from nothing or from a few numbers: constants, ranges, identities. */
import { Array as Arr, array as fromData } from "../array.ts";
import { allocate, type DType, type TypedArray } from "../dtype.ts";
import type { Nested } from "../host.ts";
import { add, convert, eq, exp, log, mul } from "../primitives/elementwise.ts";
import { fill, iota } from "../primitives/fill.ts";
import { moveAxis, reshape } from "../primitives/structural.ts";
import { normalizeAxis, type Shape } from "../shape.ts";
import { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { broadcastTo, promoteFloats } from "./promote.ts";

interface Like {
  readonly dtype?: DType;
  readonly shape?: Shape;
}

/** An array whose every element is `value`, which may be an array that broadcasts to `shape` (jax.numpy.full). */
export function full(shape: Shape, value: ArrayLike, dtype?: DType): Value {
  if (typeof value === "number")
    return fill(value, { shape, dtype: dtype ?? "float32" });
  const given = asValue("full", value);
  return broadcastTo(convert(given, dtype ?? given.dtype), shape);
}

/** Zeros of a shape (jax.numpy.zeros). */
export const zeros = (shape: Shape, dtype: DType = "float32"): Value =>
  fill(0, { shape, dtype });

/** Ones of a shape (jax.numpy.ones). */
export const ones = (shape: Shape, dtype: DType = "float32"): Value =>
  fill(1, { shape, dtype });

/** `value` in the shape and dtype of `x` unless others are given (jax.numpy.full_like). */
export function fullLike(
  x: ArrayLike,
  value: ArrayLike,
  { dtype, shape }: Like = {},
): Value {
  const { type } = asValue("fullLike", x);
  return full(shape ?? type.shape, value, dtype ?? type.dtype);
}

/** Zeros in the shape and dtype of `x` unless others are given (jax.numpy.zeros_like). */
export const zerosLike = (x: ArrayLike, like: Like = {}): Value =>
  fullLike(x, 0, like);

/** Ones in the shape and dtype of `x` unless others are given (jax.numpy.ones_like). */
export const onesLike = (x: ArrayLike, like: Like = {}): Value =>
  fullLike(x, 1, like);

/** An array from numbers, nested lists, a typed array, or another array (jax.numpy.asarray). */
export function asarray(
  data: ArrayLike | Nested | TypedArray,
  options: Like = {},
): Value {
  if (typeof data === "object" && !(data instanceof Value))
    return fromData(data, options);
  const value = asValue("asarray", data);
  const { dtype = value.dtype, shape = value.shape } = options;
  return reshape(convert(value, dtype), shape);
}

/** Numbers f(0), f(1), ... f(n - 1), worked out in double precision. */
export function tabulate(
  n: number,
  f: (i: number) => number,
  dtype: DType,
): Value {
  const data = allocate(dtype, n);
  for (let i = 0; i < n; i++) data[i] = f(i);
  return new Arr({ shape: [n], dtype }, data);
}

/** 0, 1, ... n - 1 (jax.numpy.arange). */
export function arange(stop: number, dtype?: DType): Value;
/** start, start + step, ... up to, not including, `stop`: int32 for whole numbers, else float32 (jax.numpy.arange). */
export function arange(
  start: number,
  stop: number,
  step?: number,
  dtype?: DType,
): Value;
export function arange(
  first: number,
  second?: number | DType,
  step = 1,
  last?: DType,
): Value {
  const [start, stop, named] =
    typeof second === "number"
      ? [first, second, last]
      : [0, first, second ?? last];
  if (![start, stop, step].every(Number.isFinite) || step === 0)
    throw new RangeError(
      `arange: expected finite bounds and a step other than 0, got ${start}, ${stop}, ${step}`,
    );
  const whole = [start, stop, step].every(Number.isInteger);
  const dtype = named ?? (whole ? "int32" : "float32");
  const n = Math.max(0, Math.ceil((stop - start) / step));
  return start === 0 && step === 1 && dtype !== "bool"
    ? iota([n], 0, dtype)
    : tabulate(n, (i) => start + i * step, dtype);
}

interface LinspaceOptions {
  /** Whether the last number is `stop`. */
  readonly endpoint?: boolean;
  readonly dtype?: DType;
  /** Where the new axis goes. */
  readonly axis?: number;
}

/** `num` numbers evenly from `start` to `stop`, which broadcast; a new axis holds them (jax.numpy.linspace). */
export function linspace(
  start: ArrayLike,
  stop: ArrayLike,
  num = 50,
  { endpoint = true, dtype, axis = 0 }: LinspaceOptions = {},
): Value {
  const [a, b] = promoteFloats("linspace", [start, stop]);
  const parts = endpoint ? Math.max(num - 1, 1) : num;
  const shape = [num, ...a.shape];
  const weigh = (x: Value, f: (t: number) => number) => {
    const weights = tabulate(num, (i) => f(i / parts), x.dtype);
    const [w, spread] = [
      broadcastTo(weights, [...a.shape, num]),
      broadcastTo(x, shape),
    ];
    return mul(moveAxis(w, a.ndim, 0), spread);
  };
  const line = add(
    weigh(a, (t) => 1 - t),
    weigh(b, (t) => t),
  );
  const at = normalizeAxis("linspace", axis, line.ndim);
  return convert(moveAxis(line, 0, at), dtype ?? line.dtype);
}

/** `base` to the power of evenly spaced numbers from `start` to `stop` (jax.numpy.logspace). */
export function logspace(
  start: ArrayLike,
  stop: ArrayLike,
  num = 50,
  {
    base = 10,
    dtype,
    ...options
  }: LinspaceOptions & { readonly base?: number } = {},
): Value {
  const line = linspace(start, stop, num, options);
  const scaled = mul(line, fill(Math.log(base), line.type));
  return convert(exp(scaled), dtype ?? line.dtype);
}

/** `num` positive numbers from `start` to `stop`, each the same multiple of the one before (jax.numpy.geomspace). */
export function geomspace(
  start: ArrayLike,
  stop: ArrayLike,
  num = 50,
  { dtype, ...options }: LinspaceOptions = {},
): Value {
  const [a, b] = promoteFloats("geomspace", [start, stop]);
  const line = exp(linspace(log(a), log(b), num, options));
  return convert(line, dtype ?? line.dtype);
}

interface EyeOptions {
  /** Which diagonal holds the ones: above the main one where positive. */
  readonly k?: number;
  readonly dtype?: DType;
}

/** Ones on a diagonal of an (n, m) matrix, zeros elsewhere (jax.numpy.eye). */
export function eye(
  n: number,
  m: number = n,
  { k = 0, dtype = "float32" }: EyeOptions = {},
): Value {
  const shifted = add(iota([n, m], 0), fill(k, { shape: [n, m], dtype: "int32" })); // prettier-ignore
  return convert(eq(shifted, iota([n, m], 1)), dtype);
}

/** The n by n identity matrix (jax.numpy.identity). */
export const identity = (n: number, dtype: DType = "float32"): Value =>
  eye(n, n, { dtype });

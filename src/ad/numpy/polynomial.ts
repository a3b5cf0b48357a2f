/** @file Polynomials by their coefficients, the highest power first. */
import { concatenate, pad, sliceAxis } from "../primitives/slicing.ts";
import { reshape } from "../primitives/structural.ts";
import { showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { tabulate } from "./creation.ts";
import { add, divide, multiply, negative } from "./elementwise.ts";
import { fullLike, zerosLike } from "./creation.ts";
import { unstack } from "./join.ts";
import { atleast1d } from "./manipulate.ts";
import { promoteDtypes, toFloat } from "./promote.ts";
import { convolve } from "./signal.ts";

function coefficients(who: string, p: ArrayLike): Value {
  const value = atleast1d(asValue(who, p));
  if (value.ndim !== 1 || value.size === 0)
    throw new TypeError(
      `${who}: expected a vector of coefficients, got ${showShape(value.shape)}`,
    );
  return value;
}

/** The polynomial with coefficients along the first axis of `p` at `x`, by Horner's rule (jax.numpy.polyval). */
export function polyval(p: ArrayLike, x: ArrayLike): Value {
  const [list, at] = promoteDtypes("polyval", [p, x]);
  const start = zerosLike(add(list.size ? unstack(list)[0] : 0, at));
  return unstack(list).reduce((total, c) => add(multiply(total, at), c), start);
}

/** Both with as many coefficients as the longer one. */
function sameDegree(who: string, p: ArrayLike, q: ArrayLike): Value[] {
  const both = promoteDtypes(who, [coefficients(who, p), coefficients(who, q)]);
  const n = Math.max(...both.map((v) => v.size));
  return both.map((v) => (v.size < n ? pad(v, [n - v.size], [0]) : v));
}

/** The sum of two polynomials (jax.numpy.polyadd). */
export function polyadd(p: ArrayLike, q: ArrayLike): Value {
  const [a, b] = sameDegree("polyadd", p, q);
  return add(a, b);
}

/** The difference of two polynomials (jax.numpy.polysub). */
export const polysub = (p: ArrayLike, q: ArrayLike): Value =>
  polyadd(p, negative(q));

/** The product of two polynomials (jax.numpy.polymul). */
export const polymul = (p: ArrayLike, q: ArrayLike): Value =>
  convolve(coefficients("polymul", p), coefficients("polymul", q));

/** The `m`-th derivative of a polynomial (jax.numpy.polyder). */
export function polyder(p: ArrayLike, m = 1): Value {
  const value = coefficients("polyder", p);
  if (m === 0) return value;
  const degree = value.size - 1;
  const factors = tabulate(degree, (i) => degree - i, value.dtype);
  const once = multiply(sliceAxis(value, 0, 0, degree), factors);
  return degree === 0 ? once : m === 1 ? once : polyder(once, m - 1);
}

/** The `m`-th integral of a polynomial, every constant of integration `k` (jax.numpy.polyint). */
export function polyint(p: ArrayLike, m = 1, k: ArrayLike = 0): Value {
  const value = toFloat("polyint", coefficients("polyint", p));
  if (m === 0) return value;
  const n = value.size;
  const raised = divide(
    value,
    tabulate(n, (i) => n - i, value.dtype),
  );
  const constant = fullLike(sliceAxis(value, 0, 0, 1), k);
  return polyint(concatenate([raised, reshape(constant, [1])], 0), m - 1, k);
}

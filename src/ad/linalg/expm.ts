/** @file The matrix exponential. */
import { scan } from "../control/scan.ts";
import { max, sum } from "../numpy/reduce.ts";
import { add, lt, mul, select, sub } from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { identity, matmul } from "../primitives/linalg/matrix.ts";
import { solve } from "../primitives/linalg/solve.ts";
import { abs } from "../primitives/math.ts";
import { concatenate } from "../primitives/slicing.ts";
import { broadcast, reshape } from "../primitives/structural.ts";
import { range } from "../shape.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import { squares } from "./operands.ts";

/** Coefficients of the diagonal Pade approximant of degree 13 to exp (Higham 2005). */
const pade = [
  64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800,
  129060195264000, 10559470521600, 670442572800, 33522128640, 1323241920,
  40840800, 960960, 16380, 182, 1,
];
/** The 1-norm up to which that approximant is exact to rounding in float64. */
const theta = 5.371920351148152;

/**
 * Exponentials of (..., n, n): a Pade approximant of the matrix halved until its 1-norm is small, squared as often
 * (jax.scipy.linalg.expm). NaN where more than `maxSquarings` squarings would be needed.
 */
export function expm(
  a: ArrayLike,
  { maxSquarings = 16 }: { readonly maxSquarings?: number } = {},
): Value {
  const x = squares("expm", a);
  const lead = range(x.ndim - 2);
  const spread = (v: Value) => broadcast(v, x.shape, lead);
  const norms = max(sum(abs(x), { axis: -2 }), { axis: -1, initial: 0 });
  const bounds = range(maxSquarings).map((k) =>
    lt(fill(theta * 2 ** k, norms.type), norms),
  );
  const none = fill(1, norms.type);
  const scale = bounds.reduce(
    (s, over) => mul(s, select(over, fill(0.5, norms.type), none)),
    none,
  );
  const start = approximant(mul(x, spread(scale)));
  if (maxSquarings === 0) return start;
  const flags = concatenate(
    bounds.map((over) => reshape(over, [1, ...over.shape])),
    0,
  );
  const [squared] = scan(
    (y: Value, over: Value) =>
      [select(spread(over), matmul(y, y), y), null] as const,
    start,
    flags,
  );
  const tooLarge = lt(fill(theta * 2 ** maxSquarings, norms.type), norms);
  return select(spread(tooLarge), fill(NaN, x.type), squared);
}

function approximant(x: Value): Value {
  const times = (c: number, y: Value) => mul(y, fill(c, y.type));
  const one = identity(x.type);
  const x2 = matmul(x, x);
  const x4 = matmul(x2, x2);
  const x6 = matmul(x4, x2);
  // The coefficients are divided by the first, so that float32 holds them all.
  const b = pade.map((c) => c / pade[0]);
  const series = (from: number) =>
    [x6, x4, x2]
      .map((y, i) => times(b[from + 6 - 2 * i], y))
      .reduce(add, times(b[from], one));
  const high = (from: number) =>
    matmul(
      x6,
      [x6, x4, x2].map((y, i) => times(b[from - 2 * i], y)).reduce(add),
    );
  const odd = matmul(x, add(high(13), series(1)));
  const even = add(high(12), series(0));
  return solve(sub(even, odd), add(even, odd));
}

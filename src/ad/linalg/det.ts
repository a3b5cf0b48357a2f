/** @file Determinants; their derivatives hold for singular matrices too. */
import { customJvp } from "../control/custom.ts";
import { add, convert, div, eq, log, mul, not, select, sub } from "../primitives/elementwise.ts"; // prettier-ignore
import { fill, iota } from "../primitives/fill.ts";
import { lu } from "../primitives/linalg/lu.ts";
import { asRows, diagonal, identity, matmul, transposed } from "../primitives/linalg/matrix.ts"; // prettier-ignore
import { solve } from "../primitives/linalg/solve.ts";
import { svd } from "../primitives/linalg/svd.ts";
import { abs, sign } from "../primitives/math.ts";
import { reduceProd } from "../primitives/reduce.ts";
import { broadcast, reshape, sum } from "../primitives/structural.ts";
import { sliceAxis } from "../primitives/slicing.ts";
import { range } from "../shape.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import { squares } from "./operands.ts";

/** Diagonal of u (..., n) and the sign (...) of the permutation, from the LU factors of (..., n, n). */
function pivoted(x: Value): [pivots: Value, parity: Value] {
  const [packed, exchanged] = lu(x);
  const last = exchanged.ndim - 1;
  const moved = convert(
    not(eq(exchanged, iota(exchanged.shape, last))),
    "int32",
  );
  const count = sum(moved, [last]);
  const two = fill(2, count.type);
  const odd = convert(sub(count, mul(div(count, two), two)), x.dtype);
  return [diagonal(packed), sub(fill(1, odd.type), add(odd, odd))];
}

const product = (x: Value): Value => reduceProd(x, [x.ndim - 1]);

/** Determinants (...) of (..., n, n) (jax.numpy.linalg.det). */
export function det(a: ArrayLike): Value {
  const x = squares("det", a);
  const n = x.shape[x.ndim - 1];
  return n <= 3 ? expanded(x, n) : determinant(x);
}

/** Up to three rows the determinant is a short polynomial, differentiable as it stands. */
function expanded(x: Value, n: number): Value {
  const lead = x.shape.slice(0, -2);
  if (n === 0) return fill(1, { shape: lead, dtype: x.dtype });
  const at = (i: number, j: number) =>
    reshape(
      sliceAxis(sliceAxis(x, lead.length, i, i + 1), lead.length + 1, j, j + 1),
      lead,
    );
  if (n === 1) return at(0, 0);
  const minor = (i: number, j: number, k: number, l: number) =>
    sub(mul(at(i, k), at(j, l)), mul(at(i, l), at(j, k)));
  if (n === 2) return minor(0, 1, 0, 1);
  return add(
    sub(mul(at(0, 0), minor(1, 2, 1, 2)), mul(at(0, 1), minor(1, 2, 0, 2))),
    mul(at(0, 2), minor(1, 2, 0, 1)),
  );
}

/** d det(a) = sum of the cofactors of `a` times da. */
const determinant: (x: Value) => Value = customJvp(
  (x: Value) => {
    const [pivots, parity] = pivoted(x);
    return mul(parity, product(pivots));
  },
  ([x], [dx]) => {
    const last = range(x.ndim).slice(-2);
    return [determinant(x), sum(mul(cofactors(x), dx), last)];
  },
);

/**
 * Cofactors (..., n, n), the derivative of the determinant. With a = u s v^T they are det(u v^T) u s' v^T, s' the
 * products of all other singular values, which needs no inverse. Their own derivative does.
 */
const cofactors: (x: Value) => Value = customJvp(
  (x: Value) => {
    const n = x.shape[x.ndim - 1];
    const [u, s, vt] = svd(x, { fullMatrices: false, computeUv: true });
    const others = select(
      convert(identity({ shape: [...x.shape], dtype: "int32" }), "bool"),
      fill(1, x.type),
      asRows(s, n),
    );
    const scaled = mul(u, asRows(product(others), n));
    const side = mul(orientation(u), orientation(vt));
    return mul(matmul(scaled, vt), broadcast(side, x.shape, range(side.ndim)));
  },
  // For c = det(a) a^-T: dc = tr(a^-1 da) c - c (a^-1 da)^T.
  ([x], [dx]) => {
    const c = cofactors(x);
    const turned = solve(x, dx);
    const trace = sum(diagonal(turned), [x.ndim - 2]);
    const spread = broadcast(trace, x.shape, range(trace.ndim));
    return [c, sub(mul(spread, c), matmul(c, transposed(turned)))];
  },
);

/** Determinant, 1 or -1, of orthogonal matrices. */
function orientation(x: Value): Value {
  const [pivots, parity] = pivoted(x);
  return mul(parity, sign(product(pivots)));
}

/** [sign, log |det|], each (...), of (..., n, n); [0, -Infinity] where singular (jax.numpy.linalg.slogdet). */
export function slogdet(a: ArrayLike): [sign: Value, logabsdet: Value] {
  const [pivots, parity] = pivoted(squares("slogdet", a));
  return [
    mul(parity, product(sign(pivots))),
    sum(log(abs(pivots)), [pivots.ndim - 1]),
  ];
}

/** @file Products of vectors, matrices and tensors, with one dtype for all operands as in `promote`. */
import { dot as contract } from "../primitives/dot.ts";
import { mul, neg, sub } from "../primitives/elementwise.ts";
import { concatenate, sliceAxis } from "../primitives/slicing.ts";
import { moveAxis, reshape, transpose } from "../primitives/structural.ts";
import {
  broadcastShapes,
  insertAxis,
  normalizeAxis,
  range,
  showShape,
} from "../shape.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import { normalizeAxes, ravel, type Axes } from "./manipulate.ts";
import { broadcastTo, promote, promoteDtypes } from "./promote.ts";

const none = [[], []] as const;

/** Vectors, matrices, and stacks of matrices whose leading axes broadcast (jax.numpy.matmul). */
export function matmul(x: ArrayLike, y: ArrayLike): Value {
  const [a, b] = promoteDtypes("matmul", [x, y]);
  if (a.ndim === 0 || b.ndim === 0) {
    throw new TypeError(
      `matmul: expected at least one axis in each operand, got ${showShape(a.shape)} and ${showShape(b.shape)}`,
    );
  }
  if (b.ndim <= 2) return contract(a, b, { contract: [[a.ndim - 1], [0]], batch: none }); // prettier-ignore
  const lead = broadcastShapes("matmul", [
    a.shape.slice(0, -2),
    b.shape.slice(0, -2),
  ]);
  const axes = range(lead.length);
  const lhs =
    a.ndim === 1
      ? broadcastTo(a, [...lead, a.shape[0]])
      : broadcastTo(a, [...lead, ...a.shape.slice(-2)]);
  const rhs = broadcastTo(b, [...lead, ...b.shape.slice(-2)]);
  return contract(lhs, rhs, {
    contract: [[lhs.ndim - 1], [rhs.ndim - 2]],
    batch: [axes, axes],
  });
}

/** The last axis of `x` with the last but one of `y`; with a scalar the elementwise product (jax.numpy.dot). */
export function dot(x: ArrayLike, y: ArrayLike): Value {
  const [a, b] = promoteDtypes("dot", [x, y]);
  if (a.ndim === 0 || b.ndim === 0) {
    const [u, v] = promote("dot", [a, b]);
    return mul(u, v);
  }
  return contract(a, b, {
    contract: [[a.ndim - 1], [Math.max(0, b.ndim - 2)]],
    batch: none,
  });
}

/** The sum of the products of all elements, both flattened (jax.numpy.vdot). */
export const vdot = (x: ArrayLike, y: ArrayLike): Value =>
  dot(ravel(x), ravel(y));

/** The last axes of both, with a scalar the elementwise product (jax.numpy.inner). */
export function inner(x: ArrayLike, y: ArrayLike): Value {
  const [a, b] = promoteDtypes("inner", [x, y]);
  if (a.ndim === 0 || b.ndim === 0) return dot(a, b);
  return contract(a, b, { contract: [[a.ndim - 1], [b.ndim - 1]], batch: none }); // prettier-ignore
}

/** Every element of `x` (flattened) times every element of `y`: a matrix (jax.numpy.outer). */
export function outer(x: ArrayLike, y: ArrayLike): Value {
  const [a, b] = promoteDtypes("outer", [ravel(x), ravel(y)]);
  return contract(a, b, { contract: none, batch: none });
}

/** Sums of products over the last axes of `x` and first of `y`, as many as given, or over pairs of axes (jax.numpy.tensordot). */
export function tensordot(
  x: ArrayLike,
  y: ArrayLike,
  axes: number | readonly [Axes, Axes] = 2,
): Value {
  const [a, b] = promoteDtypes("tensordot", [x, y]);
  if (typeof axes === "number" && axes > Math.min(a.ndim, b.ndim))
    throw new TypeError(
      `tensordot: expected ${axes} axes in each operand, got ${showShape(a.shape)} and ${showShape(b.shape)}`,
    );
  const [left, right] =
    typeof axes === "number"
      ? [range(axes).map((i) => a.ndim - axes + i), range(axes)]
      : [
          normalizeAxes("tensordot", axes[0], a.ndim),
          normalizeAxes("tensordot", axes[1], b.ndim),
        ];
  if (left.length !== right.length)
    throw new TypeError(
      `tensordot: expected as many axes of each operand, got ${left.length} and ${right.length}`,
    );
  return contract(a, b, { contract: [left, right], batch: none });
}

/** The Kronecker product: `y` times each element of `x` in its place (jax.numpy.kron). */
export function kron(x: ArrayLike, y: ArrayLike): Value {
  const [a, b] = promoteDtypes("kron", [x, y]);
  const rank = Math.max(a.ndim, b.ndim);
  const ones = (n: number) => Array<number>(n).fill(1);
  const [m, n] = [a, b].map((v) => [...ones(rank - v.ndim), ...v.shape]);
  const product = contract(reshape(a, m), reshape(b, n), {
    contract: none,
    batch: none,
  });
  // Each axis of `x` beside the same axis of `y`.
  const order = range(rank).flatMap((i) => [i, rank + i]);
  return reshape(
    transpose(product, order),
    m.map((size, i) => size * n[i]),
  );
}

interface CrossOptions {
  /** The axis of both operands and of the result that holds the components. */
  readonly axis?: number;
}

/** The cross product of vectors of 3 components; of 2 only its third component, without the axis (jax.numpy.cross). */
export function cross(
  x: ArrayLike,
  y: ArrayLike,
  { axis = -1 }: CrossOptions = {},
): Value {
  const [a, b] = promoteDtypes("cross", [x, y]).map((v) =>
    moveAxis(v, normalizeAxis("cross", axis, v.ndim), v.ndim - 1),
  );
  const [m, n] = [a, b].map((v) => v.shape[v.ndim - 1]);
  if (![2, 3].includes(m) || ![2, 3].includes(n))
    throw new TypeError(
      `cross: expected vectors of 2 or 3 components, got ${showShape(a.shape)} and ${showShape(b.shape)}`,
    );
  const part = (v: Value, i: number): Value =>
    reshape(sliceAxis(v, v.ndim - 1, i, i + 1), v.shape.slice(0, -1));
  /** Components i and j of both: a_i b_j - a_j b_i; a third component that is not there is 0. */
  const area = (i: number, j: number): Value => {
    const term = (p: number, q: number) => {
      if (p >= m || q >= n) return null;
      const [u, v] = promote("cross", [part(a, p), part(b, q)]);
      return mul(u, v);
    };
    const [plus, minus] = [term(i, j), term(j, i)];
    if (plus && minus) return sub(plus, minus);
    return plus ?? neg(minus as Value);
  };
  if (m === 2 && n === 2) return area(0, 1);
  const parts = [area(1, 2), area(2, 0), area(0, 1)];
  const last = parts[0].ndim;
  const out = concatenate(
    parts.map((v) => reshape(v, insertAxis(v.shape, last, 1))),
    last,
  );
  return moveAxis(out, last, normalizeAxis("cross", axis, out.ndim));
}

/** Sums of products along an axis, the other axes broadcast (jax.numpy.vecdot). */
export function vecdot(
  x: ArrayLike,
  y: ArrayLike,
  { axis = -1 }: CrossOptions = {},
): Value {
  const [a, b] = promoteDtypes("vecdot", [x, y]).map((v) =>
    moveAxis(v, normalizeAxis("vecdot", axis, v.ndim), v.ndim - 1),
  );
  const [u, v] = promote("vecdot", [a, b]);
  if (a.shape[a.ndim - 1] !== b.shape[b.ndim - 1])
    throw new TypeError(
      `vecdot: expected vectors of one length, got ${showShape(a.shape)} and ${showShape(b.shape)}`,
    );
  const batch = range(u.ndim - 1);
  return contract(u, v, {
    contract: [[u.ndim - 1], [u.ndim - 1]],
    batch: [batch, batch],
  });
}

/** Matrices (..., m, n) times vectors (..., n), stacks broadcast (jax.numpy.matvec). */
export function matvec(x: ArrayLike, y: ArrayLike): Value {
  const [a, b] = promoteDtypes("matvec", [x, y]);
  const columns = reshape(b, [...b.shape, 1]);
  const out = matmul(a, columns);
  return reshape(out, out.shape.slice(0, -1));
}

/** Vectors (..., n) times matrices (..., n, m), stacks broadcast (jax.numpy.vecmat). */
export function vecmat(x: ArrayLike, y: ArrayLike): Value {
  const [a, b] = promoteDtypes("vecmat", [x, y]);
  const rows = reshape(a, [...a.shape.slice(0, -1), 1, ...a.shape.slice(-1)]);
  const out = matmul(rows, b);
  return reshape(out, [...out.shape.slice(0, -2), ...out.shape.slice(-1)]);
}

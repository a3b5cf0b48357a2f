/** @file Whole Jacobians: `jacfwd` a column a pass, `jacrev` a row a pass, all passes in one batch; `hessian`. */
import { isFloat } from "../dtype.ts";
import { convert, eq } from "../primitives/elementwise.ts";
import { iota, zeros } from "../primitives/fill.ts";
import { pad, sliceAxis } from "../primitives/slicing.ts";
import { reshape } from "../primitives/structural.ts";
import { showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { unflatten } from "../tree.ts";
import { pullback, select } from "./grad.ts";
import { runForward } from "./jvp.ts";
import type { Argnums, Arrays, Jacobian, Selected } from "./types.ts";
import { vmap } from "./vmap.ts";

export interface JacobianOptions<N extends Argnums> {
  /** The argument or arguments to differentiate by; the first by default. */
  readonly argnums?: N;
}

type Jac<A extends readonly unknown[], R, N> = (
  ...args: A
) => Jacobian<Arrays<R>, NoInfer<Selected<A, N>>>;

const offsets = (values: readonly Value[]): number[] =>
  values.reduce((at, x) => [...at, at[at.length - 1] + x.size], [0]);

/** For each value (n, ...shape): the n unit vectors of the space all values span together. */
function standardBasis(values: readonly Value[]): Value[] {
  const at = offsets(values);
  const n = at[at.length - 1];
  return values.map(({ dtype, shape, size }, k) => {
    const square = [size, size];
    const units = convert(eq(iota(square, 0), iota(square, 1)), dtype);
    const rows = pad(units, [at[k], 0], [n - at[k] - size, 0]);
    return reshape(rows, [n, ...shape]);
  });
}

/** Cuts the axis of all units into one block a value, shaped like that value. */
const blocks = (x: Value, axis: 0 | -1, values: readonly Value[]): Value[] => {
  const at = offsets(values);
  const place = axis === 0 ? 0 : x.ndim - 1;
  return values.map(({ shape }, k) =>
    reshape(
      sliceAxis(x, place, at[k], at[k + 1]),
      axis === 0
        ? [...shape, ...x.shape.slice(1)]
        : [...x.shape.slice(0, -1), ...shape],
    ),
  );
};

/** The Jacobian by forward mode: result shape, then argument shape, at every pair of leaves (jax.jacfwd). */
export function jacfwd<
  A extends readonly unknown[],
  R,
  const N extends Argnums = 0,
>(f: (...args: A) => R, { argnums }: JacobianOptions<N> = {}): Jac<A, R, N> {
  return (...args) => {
    const { values, def, flat } = select("jacfwd", f, args, argnums ?? 0);
    const push = (tangents: Value[]): Value[] =>
      runForward(flat.run, values, tangents).map(
        ({ primal, tangent }) => tangent ?? zeros(primal.type),
      );
    const columns = vmap(push, 0, -1)(standardBasis(values));
    return flat.build(
      columns.map((column) => unflatten(def, blocks(column, -1, values))),
    ) as ReturnType<Jac<A, R, N>>;
  };
}

/** The Jacobian by reverse mode: result shape, then argument shape, at every pair of leaves (jax.jacrev). */
export function jacrev<
  A extends readonly unknown[],
  R,
  const N extends Argnums = 0,
>(f: (...args: A) => R, { argnums }: JacobianOptions<N> = {}): Jac<A, R, N> {
  return (...args) => {
    const { values, def, flat } = select("jacrev", f, args, argnums ?? 0);
    const { out, pull } = pullback(flat.run, values);
    out.forEach((y) => {
      if (!isFloat(y.dtype))
        throw new TypeError(
          `jacrev: expected float32 or float64 results, got ${showType(y.type)}`,
        );
    });
    const rows = vmap((cts: Value[]) =>
      pull(cts).map((ct, i) => ct ?? zeros(values[i].type)),
    )(standardBasis(out));
    const byArgument = rows.map((row) => blocks(row, 0, out));
    return flat.build(
      out.map((_, k) =>
        unflatten(
          def,
          byArgument.map((parts) => parts[k]),
        ),
      ),
    ) as ReturnType<Jac<A, R, N>>;
  };
}

/** Second derivatives of a function, forward over reverse: the Jacobian of its Jacobian (jax.hessian). */
export const hessian = <
  A extends readonly unknown[],
  R,
  const N extends Argnums = 0,
>(
  f: (...args: A) => R,
  options: JacobianOptions<N> = {},
): ((
  ...args: A
) => Jacobian<
  Jacobian<Arrays<R>, NoInfer<Selected<A, N>>>,
  NoInfer<Selected<A, N>>
>) => jacfwd(jacrev(f, options), options) as never;

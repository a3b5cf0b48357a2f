/** @file Scatters whose updates multiply, compete or overwrite: scatterMul, scatterMax, scatterMin, scatterSet. */
import {
  definePrimitive,
  type Differentiation,
  type Primitive,
} from "../primitive.ts";
import { partials } from "../rules/diff.ts";
import { range, sizeOf, type Shape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { convert, div, eq, le, max, mul, select, sub } from "./elementwise.ts";
import { fill, iota, zeros } from "./fill.ts";
import {
  gather,
  scatterAdd,
  scatterRules,
  type ScatterParams,
} from "./gather.ts";
import { broadcast, reshape } from "./structural.ts";

const like = (x: Value, value: number) => fill(value, x.type);

/** The derivative in the updates alone, from (tangent, result, indices, updates). */
const inUpdates = (
  rule: (
    dx: Value,
    out: Value,
    indices: Value,
    updates: Value,
    params: ScatterParams,
  ) => Value,
): Differentiation<ScatterParams> => ({
  ...partials(),
  jvp(self: Primitive<ScatterParams>, [indices, updates], [, dx], params) {
    const [out] = self.bind([indices, updates], params);
    return [[out], [dx ? [rule(dx, out, indices, updates, params)] : []]];
  },
});

/** Updates that hold their row's extreme share its tangent evenly; a row without updates has none. */
const extreme = inUpdates((dx, out, indices, updates, { rows, batch }) => {
  const total = (x: Value) => scatterAdd(indices, x, rows, batch);
  const hit = convert(eq(updates, gather(out, indices, batch)), dx.dtype);
  return div(total(mul(dx, hit)), max(total(hit), like(out, 1)));
});

/**
 * Each update's tangent times the product of the other updates of its row. A zero among the others stands as itself,
 * a sum over one term, so that the rule can be differentiated once more where updates are zero.
 */
const product = inUpdates((dx, out, indices, updates, { rows, batch }) => {
  const isZero = eq(updates, zeros(updates.type));
  const one = like(updates, 1);
  const counted = select(isZero, one, zeros(updates.type));
  const nonzero = select(isZero, one, updates);
  const zero = select(isZero, updates, zeros(updates.type));
  const total = (x: Value) =>
    gather(scatterAdd(indices, x, rows, batch), indices, batch);
  const others = sub(total(counted), counted);
  const rest = div(
    gather(scatterMul(indices, nonzero, rows, batch), indices, batch),
    nonzero,
  );
  const scale = select(
    eq(others, zeros(others.type)),
    one,
    select(eq(others, one), sub(total(zero), zero), zeros(updates.type)),
  );
  return scatterAdd(
    indices,
    mul(dx, mul(rest, scale)),
    out.shape[batch],
    batch,
  );
});

const scatterMulP = definePrimitive<ScatterParams>("scatterMul", {
  ...scatterRules("scatterMul", "mul"),
  diff: product,
});
const scatterMaxP = definePrimitive<ScatterParams>("scatterMax", {
  ...scatterRules("scatterMax", "max"),
  diff: extreme,
});
const scatterMinP = definePrimitive<ScatterParams>("scatterMin", {
  ...scatterRules("scatterMin", "min"),
  diff: extreme,
});

type Scatter = (
  indices: Value,
  updates: Value,
  rows: number,
  batch?: number,
) => Value;

/** (B..., I...), (B..., I..., R...) -> (B..., rows, R...): the product of each row's updates, 1 where there are none. */
export const scatterMul: Scatter = (indices, updates, rows, batch = 0) =>
  scatterMulP.bind([indices, updates], { rows, batch })[0];

/** As `scatterMul`, the largest update of each row; without one the lowest number of the dtype. */
export const scatterMax: Scatter = (indices, updates, rows, batch = 0) =>
  scatterMaxP.bind([indices, updates], { rows, batch })[0];

/** As `scatterMul`, the least update of each row; without one the highest number of the dtype. */
export const scatterMin: Scatter = (indices, updates, rows, batch = 0) =>
  scatterMinP.bind([indices, updates], { rows, batch })[0];

/**
 * x (B..., N, R...) with rows replaced: the last update of a row, in row-major order of the indices, is the one that
 * stays. Rows are chosen first and read once, so that an update overwritten by a later one has no derivative.
 */
export function scatterSet(
  x: Value,
  indices: Value,
  updates: Value,
  batch = 0,
): Value {
  const lead = indices.shape.slice(0, batch);
  const count = sizeOf(indices.shape.slice(batch));
  const rest: Shape = updates.shape.slice(indices.ndim);
  if (updates.size === 0) return x;
  const order = broadcast(
    reshape(iota([count]), indices.shape.slice(batch)),
    indices.shape,
    range(indices.ndim).slice(batch),
  );
  const last = scatterMax(indices, order, x.shape[batch], batch);
  const none = zeros(last.type);
  const chosen = gather(
    reshape(updates, [...lead, count, ...rest]),
    max(last, none),
    batch,
  );
  const written = broadcast(le(none, last), x.shape, range(batch + 1));
  return select(written, chosen, x);
}

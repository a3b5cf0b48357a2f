/** @file Spread and weighted means, covariance and correlation. */
import type { DType } from "../dtype.ts";
import * as e from "../primitives/elementwise.ts";
import { fill, iota } from "../primitives/fill.ts";
import { dot } from "../primitives/dot.ts";
import { concatenate } from "../primitives/slicing.ts";
import {
  broadcast,
  reshape,
  sum as sumAxes,
  transpose,
} from "../primitives/structural.ts";
import { sameShape, showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import {
  axesOf,
  filledLike,
  inDtype,
  restoreAxes,
  spreadOver,
  type ReduceOptions,
} from "./axes.ts";
import { broadcastTo, toFloat } from "./promote.ts";
import { mean, sum, type WhereOptions } from "./reduce.ts";

export interface VarianceOptions extends WhereOptions {
  /** Degrees of freedom taken from the number of elements; 0 by default. */
  readonly ddof?: number;
  /** The array standard's name for `ddof`. */
  readonly correction?: number;
  readonly dtype?: DType;
}

/** Mean square distance from the mean over axes (jax.numpy.var); NaN where no degree of freedom is left. */
export function variance(x: ArrayLike, options: VarianceOptions = {}): Value {
  const { axis, keepdims = false, where, ddof, correction, dtype } = options;
  if (ddof !== undefined && correction !== undefined)
    throw new TypeError(
      `var: expected ddof or correction, got ${ddof} and ${correction}`,
    );
  const value = dtype ? e.convert(asValue("var", x), dtype) : toFloat("var", x);
  const axes = axesOf("var", value, axis);
  const part = where === undefined ? {} : { where };
  const center = mean(value, { axis: axes, ...part });
  const away = e.sub(value, spreadOver(center, value, axes));
  const squares = sum(e.mul(away, away), { axis: axes, ...part });
  const count = sum(filledLike(value, 1), { axis: axes, ...part });
  const free = e.sub(count, filledLike(count, ddof ?? correction ?? 0));
  const out = e.select(
    e.lt(filledLike(free, 0), free),
    e.div(squares, free),
    filledLike(free, NaN),
  );
  return restoreAxes(out, value, axes, keepdims);
}

/** Square root of the variance (jax.numpy.std). */
export const std = (x: ArrayLike, options: VarianceOptions = {}): Value =>
  e.sqrt(variance(x, options));

/** Weights as an array shaped like `x`: they are so already, or lie along the averaged axes. */
function weightsOver(x: Value, weights: Value, axes: readonly number[]): Value {
  if (sameShape(weights.shape, x.shape)) return weights;
  if (
    !sameShape(
      weights.shape,
      axes.map((i) => x.shape[i]),
    )
  )
    throw new TypeError(
      `average: expected weights shaped like ${showShape(x.shape)} or like its axes (${axes.join()}), got ${showShape(weights.shape)}`,
    );
  return broadcast(weights, x.shape, axes);
}

/** Mean over axes weighted by `weights`, shaped like `x` or like the averaged axes (jax.numpy.average). */
export function average(
  x: ArrayLike,
  {
    weights,
    ...options
  }: ReduceOptions & { readonly weights?: ArrayLike } = {},
): Value {
  if (weights === undefined) return mean(x, options);
  const [value, given] = floats("average", [x, weights]);
  const axes = axesOf("average", value, options.axis);
  const factors = weightsOver(value, given, axes);
  const total = sumAxes(e.mul(value, factors), axes);
  return restoreAxes(
    e.div(total, sumAxes(factors, axes)),
    value,
    axes,
    options.keepdims ?? false,
  );
}

/** Operands in the one float dtype they meet in, each in its own shape. */
const floats = (who: string, operands: readonly ArrayLike[]): Value[] => {
  const values = operands.map((x) => toFloat(who, x));
  const wide = values.find((x) => x.dtype === "float64") ?? values[0];
  return values.map((x) => e.convert(x, wide.dtype));
};

export interface CovarianceOptions {
  /** Variables are rows (default) or columns. */
  readonly rowvar?: boolean;
  /** Divides by the number of observations rather than by one less. */
  readonly bias?: boolean;
  /** Degrees of freedom taken from the number of observations; overrides `bias`. */
  readonly ddof?: number;
  /** How often each observation was made. */
  readonly fweights?: ArrayLike;
  /** How much each observation counts. */
  readonly aweights?: ArrayLike;
}

/** Variables as rows, (variables, observations). */
function asRows(x: Value, rowvar: boolean): Value {
  if (x.ndim > 2)
    throw new TypeError(
      `cov: expected variables in at most two axes, got ${showShape(x.shape)}`,
    );
  if (x.ndim < 2) return reshape(x, [1, x.size]);
  return rowvar || x.shape[0] === 1 ? x : transpose(x);
}

/** Covariance matrix (variables, variables) of rows of observations, those of `y` after those of `x` (jax.numpy.cov). */
export function cov(
  x: ArrayLike,
  y?: ArrayLike,
  options: CovarianceOptions = {},
): Value {
  const { rowvar = true, bias = false, fweights, aweights } = options;
  const ddof = options.ddof ?? (bias ? 0 : 1);
  const parts = floats("cov", y === undefined ? [x] : [x, y]).map((part) =>
    asRows(part, rowvar),
  );
  const rows = concatenate(parts, 0);
  const n = rows.shape[1];
  const per = (given: ArrayLike) =>
    broadcastTo(inDtype("cov", given, rows.dtype), [n]);
  const one = fill(1, { shape: [n], dtype: rows.dtype });
  const counts = fweights === undefined ? one : per(fweights);
  const shares = aweights === undefined ? one : per(aweights);
  const weights = e.mul(counts, shares);
  const total = sumAxes(weights, [0]);
  const center = e.div(
    sumAxes(e.mul(rows, broadcastTo(weights, rows.shape)), [1]),
    broadcastTo(total, [rows.shape[0]]),
  );
  const away = e.sub(rows, spreadOver(center, rows, [1]));
  const lost = e.mul(
    filledLike(total, ddof),
    e.div(sumAxes(e.mul(weights, shares), [0]), total),
  );
  const products = dot(e.mul(away, broadcastTo(weights, rows.shape)), away, {
    contract: [[1], [1]],
    batch: [[], []],
  });
  const scaled = e.div(
    products,
    broadcastTo(e.sub(total, lost), products.shape),
  );
  return rows.shape[0] === 1 ? reshape(scaled, []) : scaled;
}

/** Correlation matrix of rows of observations, within -1..1 (jax.numpy.corrcoef). */
export function corrcoef(
  x: ArrayLike,
  y?: ArrayLike,
  { rowvar = true }: Pick<CovarianceOptions, "rowvar"> = {},
): Value {
  const c = cov(x, y, { rowvar });
  if (c.ndim === 0) return e.div(c, c);
  const n = c.shape[0];
  const eye = e.eq(iota([n, n], 0), iota([n, n], 1));
  const variances = sumAxes(e.select(eye, c, filledLike(c, 0)), [1]);
  const deviations = e.sqrt(variances);
  const scaled = e.div(
    e.div(c, broadcast(deviations, [n, n], [0])),
    broadcast(deviations, [n, n], [1]),
  );
  return e.max(e.min(scaled, filledLike(c, 1)), filledLike(c, -1));
}

/** @file Reductions, statistics, running sums, sorting and searching: the functions of goldens/cases/reductions.py. */
import { array, numpy as np, type Value } from "../../../src/ad/index.ts";
import {
  ARRAYS,
  SMOOTH,
  callsOf,
  type Golden,
  type Kind,
  type Variant,
} from "./families.ts";

const each = callsOf("numpy", np);
const VALUE: readonly Variant[] = ["value"];
const LOOSE: readonly Variant[] = ["value", "grad"];
const FLOATS: readonly Kind[] = ["f32", "f64"];
const ONE: readonly Kind[] = ["f32"];

const reduced: Golden[] = [
  ...each("sum prod mean var std max min ptp", "all", (f, x) => f(x), SMOOTH),
  ...each(
    "sum prod mean var std max min ptp",
    "axis",
    (f, x) => f(x, { axis: 1 }),
    ARRAYS,
  ),
  ...each(
    "sum mean max std",
    "axes",
    (f, x) => f(x, { axis: [0, -1], keepdims: true }),
    ARRAYS,
  ),
  ...each(
    "sum prod max min mean",
    "ints",
    (f, x) => f(x, { axis: 0 }),
    VALUE,
    ONE,
  ),
  ...each(
    "sum mean max any all",
    "flags",
    (f, x) => f(x, { axis: 0 }),
    VALUE,
    ONE,
  ),
  ...each("max min", "ties", (f, x) => f(x, { axis: 1 }), ["grad"]),
  ...each("var std", "ddof", (f, x) => f(x, { axis: 1, ddof: 1 }), ARRAYS),
  ...each("any all", "floats", (f, x) => f(x, { axis: 1 })),
  ...each("argmax argmin", "axis", (f, x) => f(x, { axis: 1 })),
  ...each("argmax argmin", "flat", (f, x) => f(x)),
  ...each("argmax max", "nan", (f, x) => f(x, { axis: 0 }), VALUE, ONE),
  ...each(
    "nansum nanprod nanmean nanvar nanstd nanmax nanmin",
    "axis",
    (f, x) => f(x, { axis: 1 }),
  ),
  ...each("nansum nanmean", "gradient", (f, x) => f(x, { axis: 0 }), ["grad"]),
  ...each("nanargmax nanargmin", "axis", (f, x) => f(x, { axis: 1 })),
  ...each("nancumsum nancumprod", "axis", (f, x) => f(x, { axis: 1 })),
  ...each("nanmedian", "axis", (f, x) => f(x, { axis: 1 })),
  ...each("countNonzero", "axis", (f, x) => f(x, { axis: 1 })),
  ...each("cumsum cumprod", "axis", (f, x) => f(x, { axis: 1 }), SMOOTH),
  ...each("cumsum cumprod", "flat", (f, x) => f(x), LOOSE),
  ...each("cumsum", "ints", (f, x) => f(x, { axis: 0 }), VALUE, ONE),
  ...each("cumulativeSum", "initial", (f, x) =>
    f(x, { axis: 1, includeInitial: true }),
  ),
  ...each("diff", "second", (f, x) => f(x, { n: 2, axis: 1 }), ARRAYS),
  ...each("ediff1d", "line", (f, x) => f(x), LOOSE),
  ...each(
    "average",
    "weights",
    (f, x, w) => f(x, { axis: 1, weights: w }),
    LOOSE,
  ),
  ...each("cov", "rows", (f, x) => f(x), SMOOTH),
  ...each("corrcoef", "rows", (f, x) => f(x), LOOSE),
  ...each(
    "sum",
    "where",
    (f, x) => f(x, { axis: 0, where: np.greater(x, 0) }),
    LOOSE,
  ),
  ...each("mean", "where", (f, x) => f(x, { where: np.greater(x, 0) }), LOOSE),
  ...each("max", "initial", (f, x) => f(x, { axis: 0, initial: 0.25 })),
];

const levels = (x: Value): Value => array([0.1, 0.6], { dtype: x.dtype });
const sorted: Golden[] = [
  ...each("sort", "line", (f, x) => f(x), LOOSE),
  ...each("sort", "axis", (f, x) => f(x, { axis: 0 }), SMOOTH),
  ...each("sort", "descending", (f, x) => f(x, { descending: true }), LOOSE),
  ...each("sort", "nan", (f, x) => f(x, { axis: 1 }), VALUE, ONE),
  ...each("argsort", "stable", (f, x) => f(x, { axis: 1 }), ["value", "vmap"]),
  ...each("sort", "ints", (f, x) => f(x, { axis: 1 }), VALUE, ONE),
  ...each("argsort", "descending", (f, x) =>
    f(x, { axis: 1, descending: true }),
  ),
  ...each("lexsort", "keys", (f, a, b) => f([a, b])),
  ...each("median", "axis", (f, x) => f(x, { axis: 1 }), LOOSE),
  ...each("median", "even", (f, x) => f(x, { axis: 0 }), LOOSE),
  ...["linear", "lower", "higher", "midpoint", "nearest"].flatMap((method) =>
    each("quantile", method, (f, x) => f(x, levels(x), { axis: 1, method })),
  ),
  ...each("quantile", "gradient", (f, x) => f(x, 0.3, { axis: 1 }), [
    "grad",
    "vmap",
  ]),
  ...each("percentile", "half", (f, x) => f(x, 35, { axis: 0 })),
  ...each("searchsorted", "left", (f, a, v) => f(a, v), ["value", "vmap"]),
  ...each("searchsorted", "right", (f, a, v) => f(a, v, { side: "right" })),
  ...each("digitize", "bins", (f, x, b) => f(x, b)),
  ...each("bincount", "length", (f, x) => f(x, { length: 6 }), VALUE, ONE),
  ...each(
    "bincount",
    "weights",
    (f, x, weights) => f(x, { weights, length: 6 }),
    LOOSE,
  ),
  ...each("histogram", "bins", (f, x) => f(x, { bins: 4, range: [-2, 4] })),
  ...each(
    "unique",
    "sized",
    (f, x) => f(x, { size: 4, fillValue: 0 }),
    VALUE,
    ONE,
  ),
  ...each("unique", "plain", (f, x) => f(x), VALUE, FLOATS, true),
  ...each(
    "nonzero",
    "sized",
    (f, x) => f(x, { size: 4, fillValue: -1 }),
    VALUE,
    ONE,
  ),
  ...each("flatnonzero argwhere", "plain", (f, x) => f(x), VALUE, ONE, true),
  ...each(
    "union1d intersect1d setdiff1d",
    "plain",
    (f, x, y) => f(x, y),
    VALUE,
    FLOATS,
    true,
  ),
  ...each("isin", "plain", (f, x, y) => f(x, y)),
  ...each("partition", "kth", (f, x) =>
    np.sort(np.split(f(x, 2) as Value, [2])[0]),
  ),
];

export const goldens: Golden[] = [...reduced, ...sorted];

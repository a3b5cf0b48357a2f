/** @file `at(x, ...index)`: arrays with some elements replaced or worked on, as new arrays. */
import { isFloat } from "../dtype.ts";
import { add, convert, max, min, mul, neg } from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { scatterAdd } from "../primitives/gather.ts";
import {
  scatterMax,
  scatterMin,
  scatterMul,
  scatterSet,
} from "../primitives/scatter.ts";
import { pad, sliceAxis } from "../primitives/slicing.ts";
import { range } from "../shape.ts";
import { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { divide, power, where } from "./elementwise.ts";
import type { IndexItem } from "./index-items.ts";
import { planIndex, readRows, type Rows } from "./indexing.ts";
import { broadcastTo, expandDims } from "./manipulate.ts";
import { resultType } from "./promote.ts";

/** What an index outside its axis does to a read. */
export interface GetOptions {
  readonly mode?: "raise" | "clip" | "wrap" | "fill";
  /** What mode `fill` reads there; by default NaN, the lowest int32, the highest uint32, true. */
  readonly fillValue?: ArrayLike;
}

/** What an index outside its axis does to a write. */
export interface SetOptions {
  readonly mode?: "raise" | "clip" | "wrap" | "drop";
}

type Update = (value: ArrayLike, options?: SetOptions) => Value;

/** The elements of an array that an index names. */
export interface Indexed {
  /** The elements themselves, as `index` reads them. */
  readonly get: (options?: GetOptions) => Value;
  /** With the elements replaced; of several values for one element the last stays. */
  readonly set: Update;
  /** With every value added to its element, also where one element has several; the rest likewise. */
  readonly add: Update;
  readonly subtract: Update;
  readonly multiply: Update;
  readonly divide: Update;
  readonly power: Update;
  readonly min: Update;
  readonly max: Update;
  /** With `f` of the elements in their place, applied once to each. */
  readonly apply: (f: (x: Value) => Value, options?: SetOptions) => Value;
}

interface Operation {
  /** An element and one value. */
  readonly one: (x: Value, value: Value) => Value;
  /** Rows and the values for them, of which a row may have several. */
  readonly rows: (x: Value, rows: Value, values: Value) => Value;
}

const folding = (
  one: Operation["one"],
  scatter: (indices: Value, updates: Value, rows: number) => Value,
): Operation => ({
  one,
  rows: (x, rows, values) => one(x, scatter(rows, values, x.shape[0])),
});

const operations = {
  set: { one: (_x, value) => value, rows: scatterSet },
  add: folding(add, scatterAdd),
  multiply: folding(mul, scatterMul),
  min: folding(min, scatterMin),
  max: folding(max, scatterMax),
} satisfies Record<string, Operation>;

/** `value` in the dtype of `x`; what would lose a fraction or more than one bit is refused. */
function cast(x: Value, value: ArrayLike): Value {
  const joint = resultType(x, value);
  const kind = (dtype: typeof joint) =>
    isFloat(dtype) ? 2 : dtype === "bool" ? 0 : 1;
  if (kind(joint) > kind(x.dtype))
    throw new TypeError(
      `at: expected values that an array of ${x.dtype} can hold, got ${value instanceof Value ? value.dtype : value}; convert the array with astype first`,
    );
  return convert(asValue("at", value), x.dtype);
}

/** A single mask and one value need no positions, so that the mask may be traced. */
function maskOf(items: readonly IndexItem[], value: Value): Value | null {
  const [item] = items;
  return items.length === 1 &&
    value.ndim === 0 &&
    item instanceof Value &&
    item.dtype === "bool"
    ? item
    : null;
}

function write(
  x: Value,
  items: readonly IndexItem[],
  operation: Operation,
  given: ArrayLike,
  mode: NonNullable<SetOptions["mode"]>,
): Value {
  const value = cast(x, given);
  const mask = maskOf(items, value);
  if (mask) {
    const trailing = range(x.ndim - mask.ndim).map((i) => i + mask.ndim);
    const spread = broadcastTo(value, x.shape);
    return where(expandDims(mask, trailing), operation.one(x, spread), x);
  }
  const plan = planIndex("at", x.shape, items, mode);
  const values = plan.unplace(broadcastTo(value, plan.shape));
  const part = plan.open(x);
  if (!plan.chosen) return plan.close(x, operation.one(part, values));
  return plan.close(x, writeRows(part, plan.chosen, operation, values));
}

/** Values for rows outside go to one more row, which is cut off again. */
function writeRows(
  x: Value,
  { rows, inside }: Rows,
  operation: Operation,
  values: Value,
): Value {
  if (!inside) return operation.rows(x, rows, values);
  const n = x.shape[0];
  const sides = range(x.ndim).map((axis) => (axis === 0 ? 1 : 0));
  const longer = pad(x, sides.map(() => 0), sides); // prettier-ignore
  const written = operation.rows(longer, where(inside, rows, n), values);
  return sliceAxis(written, 0, 0, n);
}

/**
 * The elements `x[...items]`: `get()` reads them, the others give a copy of `x` with them changed. Items are those of
 * `index`; a mask may be traced where a scalar is written (jax.numpy.ndarray.at).
 */
export function at(x: ArrayLike, ...items: readonly IndexItem[]): Indexed {
  const array = asValue("at", x);
  const update =
    (operation: Operation): Update =>
    (value, { mode = "raise" } = {}) =>
      write(array, items, operation, value, mode);
  const get = ({ mode = "raise", fillValue }: GetOptions = {}): Value => {
    const plan = planIndex("at", array.shape, items, mode);
    const part = plan.open(array);
    return plan.place(
      plan.chosen ? readRows(part, plan.chosen, fillValue) : part,
    );
  };
  /** The product of the values for each element, 1 where there is none. */
  const factors: Update = (value, options) =>
    at(fill(1, array.type), ...items).multiply(value, options);
  const set = update(operations.set);
  return {
    get,
    set,
    add: update(operations.add),
    subtract: (value, options) =>
      at(array, ...items).add(negated(array, value), options),
    multiply: update(operations.multiply),
    divide: (value, options) => divide(array, factors(value, options)),
    power: (value, options) => power(array, factors(value, options)),
    min: update(operations.min),
    max: update(operations.max),
    apply: (f, options = {}) => {
      const { mode = "raise" } = options;
      return set(f(get({ mode: mode === "drop" ? "clip" : mode })), options);
    },
  };
}

const negated = (x: Value, value: ArrayLike): Value => neg(cast(x, value));

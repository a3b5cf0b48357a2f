/** @file `x[...]` read and written: an index as a block of the array, rows of the block, and where they go in the result. */
import { Array as Arr } from "../array.ts";
import {
  add,
  and,
  convert,
  le,
  lt,
  max,
  min,
  mul,
  select,
} from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { gather } from "../primitives/gather.ts";
import { reverse } from "../primitives/reverse.ts";
import { dilate, padCrop, slice as cut } from "../primitives/slicing.ts";
import { broadcast, reshape, transpose } from "../primitives/structural.ts";
import {
  broadcastShapes,
  range,
  sameShape,
  sizeOf,
  type Shape,
} from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { remainder } from "./elementwise.ts";
import { entriesOf, type Entry, type IndexItem } from "./index-items.ts";
import { broadcastTo } from "./promote.ts";

/**
 * What an index outside its axis does. `raise`: a RangeError, from compiled code the backend's error; `clip`: the nearest
 * entry; `wrap`: counted around; `fill` reads a fill value, `drop` writes nothing.
 */
export type OutOfRange = "raise" | "clip" | "wrap" | "fill" | "drop";

const int = (value: number, shape: Shape): Value =>
  fill(value, { shape, dtype: "int32" });

/** Row numbers, and where they lie inside: null where every row does or the kernel is to say so. */
export interface Rows {
  readonly rows: Value;
  readonly inside: Value | null;
}

const fromEnd = (i: Value, n: number): Value =>
  select(lt(i, int(0, i.shape)), add(i, int(n, i.shape)), i);

const within = (i: Value, n: number): Value =>
  and(le(int(0, i.shape), i), lt(i, int(n, i.shape)));

const clipped = (i: Value, n: number): Value =>
  max(min(i, int(n - 1, i.shape)), int(0, i.shape));

function checkNow(who: string, i: Value, n: number, axis: number): void {
  if (!(i instanceof Arr)) return;
  const bad = i.ready?.find((k) => k < -n || k >= n);
  if (bad !== undefined)
    throw new RangeError(
      `${who}: expected an index in ${-n}..${n - 1} at axis ${axis}, got ${bad}`,
    );
}

/** Index arrays of one shape as numbers of rows, axes `sizes` counted in row-major order. */
export function rowsOf(
  who: string,
  arrays: readonly Value[],
  sizes: Shape,
  axes: readonly number[],
  mode: OutOfRange,
): Rows {
  const total = sizeOf(sizes);
  if (mode === "raise")
    arrays.forEach((i, k) => checkNow(who, i, sizes[k], axes[k]));
  if (mode === "raise" && arrays.length === 1)
    return { rows: arrays[0], inside: null };
  const { shape } = arrays[0];
  let rows = int(0, shape);
  let inside: Value | null = null;
  arrays.forEach((i, k) => {
    const n = sizes[k];
    const counted = mode === "wrap" ? remainder(i, n) : fromEnd(i, n);
    const hit = within(counted, n);
    inside = inside ? and(inside, hit) : hit;
    const step = sizeOf(sizes.slice(k + 1));
    rows = add(rows, mul(clipped(counted, n), int(step, shape)));
  });
  if (mode === "clip" || mode === "wrap") return { rows, inside: null };
  // One past the last row is where the kernel raises.
  return mode === "raise"
    ? { rows: select(inside as unknown as Value, rows, int(total, shape)), inside: null } // prettier-ignore
    : { rows, inside };
}

/** An index into arrays of one type: how to get at its rows and how to put them back. */
export interface Plan {
  /** Shape of `x[...]`. */
  readonly shape: Shape;
  /** Rows chosen by index arrays, or null where the index is made of entries and slices only. */
  readonly chosen: Rows | null;
  /** The part of `x` the index is about: (rows, rest...), or the block itself where no rows are chosen. */
  readonly open: (x: Value) => Value;
  /** `x` with that part replaced. */
  readonly close: (x: Value, part: Value) => Value;
  /** Chosen rows (or the block) in the result's order of axes. */
  readonly place: (rows: Value) => Value;
  /** Back from the result's order of axes. */
  readonly unplace: (result: Value) => Value;
}

/** How `x[...items]` is read and written for arrays of a shape. */
export function planIndex(
  who: string,
  shape: Shape,
  items: readonly IndexItem[],
  mode: OutOfRange = "raise",
): Plan {
  const entries = entriesOf(who, shape, items);
  const blocks = blockOf(shape, entries);
  const arrays = entries.filter((e) => e.kind === "array");
  const ranges = entries.filter((e) => e.kind === "range");
  const lead = broadcastShapes(who, [
    [],
    ...arrays.map((e) => e.indices.shape),
  ]);
  const sizes = arrays.map((e) => shape[e.axis]);
  const chosen =
    arrays.length === 0
      ? null
      : rowsOf(
          who,
          arrays.map((e) => broadcastTo(convert(e.indices, "int32"), lead)),
          sizes,
          arrays.map((e) => e.axis),
          mode,
        );
  // Axes of the block that are left: those of ranges and arrays, in order.
  const kept = entries.filter((e) => e.kind === "range" || e.kind === "array");
  const squeezed = kept.map((e) => (e.kind === "range" ? e.count : shape[e.axis])); // prettier-ignore
  const order = [
    ...range(kept.length).filter((i) => kept[i].kind === "array"),
    ...range(kept.length).filter((i) => kept[i].kind === "range"),
  ];
  const ordered = order.map((i) => squeezed[i]);
  const rest = ranges.map((e) => e.count);
  const back = range(order.length).map((i) => order.indexOf(i));
  const open = (x: Value): Value => {
    const block = reshape(blocks.read(x), squeezed);
    return chosen
      ? reshape(transpose(block, order), [sizeOf(sizes), ...rest])
      : block;
  };
  const close = (x: Value, part: Value): Value =>
    blocks.write(x, chosen ? transpose(reshape(part, ordered), back) : part);
  const { before, result } = placement(entries, lead, rest);
  const rank = lead.length + rest.length;
  const first = range(rank).slice(lead.length, lead.length + before);
  const placed = [
    ...first,
    ...range(lead.length),
    ...range(rank).slice(lead.length + before),
  ];
  const unplaced = range(rank).map((i) => placed.indexOf(i));
  const moved = placed.map((i) => [...lead, ...rest][i]);
  return {
    shape: result,
    chosen,
    open,
    close,
    place: (rows) => reshape(transpose(rows, placed), result),
    unplace: (value) => transpose(reshape(value, moved), unplaced),
  };
}

/**
 * Where the axes of the index arrays go: to the place of the first of them where all stand side by side (single entries
 * count, as in NumPy), else to the front. `before`: how many axes of ranges come first.
 */
function placement(entries: readonly Entry[], lead: Shape, rest: Shape) {
  const hasArrays = entries.some((e) => e.kind === "array");
  const advanced = entries.flatMap((e, i) =>
    hasArrays && (e.kind === "array" || e.kind === "entry") ? [i] : [],
  );
  const beside = advanced.every((at, k) => k === 0 || at === advanced[k - 1] + 1); // prettier-ignore
  const at = hasArrays && beside ? advanced[0] : 0;
  const sizes = [...rest];
  const sizesOf = (part: readonly Entry[]) =>
    part.flatMap(
      (e) =>
      e.kind === "new" ? [1] : e.kind === "range" ? [sizes.shift() as number] : [], // prettier-ignore
    );
  const head = entries.slice(0, at);
  const result = [...sizesOf(head), ...lead, ...sizesOf(entries.slice(at))];
  return { before: head.filter((e) => e.kind === "range").length, result };
}

/** Reading and writing the block that single entries and slices cut out; axes of arrays are whole. */
function blockOf(shape: Shape, entries: readonly Entry[]) {
  const low = shape.map(() => 0);
  const count = [...shape];
  const step = shape.map(() => 1);
  const reversed: number[] = [];
  for (const e of entries) {
    if (e.kind === "entry") [low[e.axis], count[e.axis]] = [e.at, 1];
    if (e.kind !== "range") continue;
    [low[e.axis], count[e.axis], step[e.axis]] = [e.low, e.count, e.step];
    if (e.reversed) reversed.push(e.axis);
  }
  const span = count.map((n, i) => (n === 0 ? 0 : (n - 1) * step[i] + 1));
  const limit = low.map((n, i) => n + span[i]);
  const isWhole = sameShape(count, shape);
  const spread = (block: Value): Value =>
    padCrop(
      dilate(block, count.map((n, i) => (n === 0 ? 0 : step[i] - 1))), // prettier-ignore
      low,
      shape.map((n, i) => n - limit[i]),
    );
  return {
    read: (x: Value): Value =>
      reverse(isWhole ? x : cut(x, low, limit, step), reversed),
    write(x: Value, part: Value): Value {
      const block = reverse(reshape(part, count), reversed);
      if (isWhole) return block;
      const here = spread(fill(1, { shape: count, dtype: "bool" }));
      return select(here, spread(block), x);
    },
  };
}

/** Rows by number; those outside are `fillValue`. */
export function readRows(
  x: Value,
  { rows, inside }: Rows,
  fillValue?: ArrayLike,
): Value {
  const picked = gather(x, rows);
  if (!inside) return picked;
  const filler = convert(
    asValue("index", fillValue ?? missing(x.dtype)),
    x.dtype,
  );
  const hit = broadcast(inside, picked.shape, range(inside.ndim));
  return select(hit, picked, broadcastTo(filler, picked.shape));
}

/** What JAX fills with: NaN, the lowest int32, the highest uint32, true. */
const missing = (dtype: Value["dtype"]): number | boolean =>
  dtype === "bool"
    ? true
    : dtype === "int32"
      ? -(2 ** 31)
      : dtype === "uint32"
        ? 2 ** 32 - 1
        : NaN;

/**
 * `x[...items]` as NumPy reads it: entries, slices, new axes, "...", arrays of entries (which broadcast together) and
 * masks (whose elements must be known). An index out of range is a RangeError (jax.numpy.ndarray.__getitem__).
 */
export function index(x: ArrayLike, ...items: readonly IndexItem[]): Value {
  const value = asValue("index", x);
  const plan = planIndex("index", value.shape, items);
  const part = plan.open(value);
  return plan.place(plan.chosen ? readRows(part, plan.chosen) : part);
}

/** @file What may stand in an index, and what it means for each axis of an array: NumPy's rules for `x[...]`. */
import { Array as Arr } from "../array.ts";
import { range, showShape, stridesOf, type Shape } from "../shape.ts";
import { Value } from "../tracer.ts";

/** Entries `start`, `start + step`, ... before `stop` of an axis; null is the end that `step` begins or ends at. */
export interface Slice {
  readonly kind: "slice";
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number;
}

/** `start:stop:step` of an index, as Python writes it; `slice()` is the whole axis (Python's slice). */
export const slice = (
  start: number | null = null,
  stop: number | null = null,
  step = 1,
): Slice => ({ kind: "slice", start, stop, step });

/**
 * One item of an index: an entry (negative ones count from the end), a slice, null for a new axis of size 1, "..." for
 * whole axes up to where the rest fits, an int32 array of entries, or a bool mask over as many axes as it has.
 */
export type IndexItem = number | Slice | null | "..." | Value;

/** What becomes of one axis of the array, or a new axis. */
export type Entry =
  | { readonly kind: "new" }
  | { readonly kind: "entry"; readonly axis: number; readonly at: number }
  /** `count` entries from `low` on, `step` apart, backwards where `reversed`. */
  | {
      readonly kind: "range";
      readonly axis: number;
      readonly low: number;
      readonly count: number;
      readonly step: number;
      readonly reversed: boolean;
    }
  | {
      readonly kind: "array";
      readonly axis: number;
      readonly indices: Value;
    };

const show = (item: IndexItem): string =>
  item instanceof Value
    ? item.type.dtype + showShape(item.shape)
    : JSON.stringify(item);

const axesOf = (item: IndexItem): number => {
  if (item === null || item === "...") return 0;
  return item instanceof Value && item.dtype === "bool" ? item.ndim : 1;
};

/** The items of an index axis by axis: the ellipsis and missing items written out, masks as arrays of entries. */
export function entriesOf(
  who: string,
  shape: Shape,
  items: readonly IndexItem[],
): Entry[] {
  const used = items.reduce<number>((n, item) => n + axesOf(item), 0);
  const ellipses = items.filter((item) => item === "...").length;
  if (used > shape.length || ellipses > 1)
    throw new TypeError(
      `${who}: expected an index of at most ${shape.length} axes with one "...", got ${items.map(show).join(", ")} for ${showShape(shape)}`,
    );
  const whole = range(shape.length - used).map(() => slice());
  const full = ellipses
    ? items.flatMap((item): IndexItem[] => (item === "..." ? whole : [item]))
    : [...items, ...whole];
  let axis = 0;
  return full.flatMap((item): Entry[] => {
    if (item === null) return [{ kind: "new" }];
    const at = axis;
    axis += axesOf(item);
    if (typeof item === "number")
      return [{ kind: "entry", axis: at, at: entryAt(who, item, at, shape) }];
    if (!(item instanceof Value))
      return [rangeOf(who, item as Slice, at, shape[at])];
    if (item.dtype === "bool") return maskEntries(who, item, at, shape);
    if (item.dtype !== "int32" && item.dtype !== "uint32")
      throw new TypeError(
        `${who}: expected an index array of int32 or bool at axis ${at}, got ${show(item)}`,
      );
    return [{ kind: "array", axis: at, indices: item }];
  });
}

function entryAt(who: string, k: number, axis: number, shape: Shape): number {
  const n = shape[axis];
  if (!Number.isInteger(k) || k < -n || k >= n)
    throw new RangeError(
      `${who}: expected an index in ${-n}..${n - 1} at axis ${axis} of ${showShape(shape)}, got ${k}`,
    );
  return k < 0 ? k + n : k;
}

/** Python's reading of a slice: bounds count from the end where negative and are then moved into the axis. */
function rangeOf(
  who: string,
  { start, stop, step }: Slice,
  axis: number,
  n: number,
): Entry {
  if (!Number.isInteger(step) || step === 0)
    throw new RangeError(
      `${who}: expected a slice with a whole step other than 0, got ${step}`,
    );
  const [lowest, highest] = step > 0 ? [0, n] : [-1, n - 1];
  const bound = (k: number | null, otherwise: number) =>
    k === null
      ? otherwise
      : Math.min(Math.max(k < 0 ? k + n : k, lowest), highest);
  const from = bound(start, step > 0 ? lowest : highest);
  const to = bound(stop, step > 0 ? highest : lowest);
  const count = Math.max(0, Math.ceil((to - from) / step));
  const low = count === 0 ? 0 : step > 0 ? from : from + (count - 1) * step;
  return { kind: "range", axis, low, count, step: Math.abs(step), reversed: step < 0 }; // prettier-ignore
}

/** A mask as the positions where it holds, an array for each of its axes; its elements must be known. */
function maskEntries(
  who: string,
  mask: Value,
  first: number,
  shape: Shape,
): Entry[] {
  const covered = shape.slice(first, first + mask.ndim);
  if (mask.ndim === 0 || showShape(covered) !== showShape(mask.shape))
    throw new TypeError(
      `${who}: expected a mask shaped like axes ${first} on of ${showShape(shape)}, got ${show(mask)}`,
    );
  const hits = [...mask.dataSync()].flatMap((hit, i) => (hit ? [i] : []));
  const strides = stridesOf(mask.shape);
  return range(mask.ndim).map((k) => ({
    kind: "array",
    axis: first + k,
    indices: new Arr(
      { shape: [hits.length], dtype: "int32" },
      Int32Array.from(hits, (i) => Math.floor(i / strides[k]) % mask.shape[k]),
    ),
  }));
}

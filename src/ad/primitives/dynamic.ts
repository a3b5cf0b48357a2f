/** @file Blocks whose place is known only when the program runs: `dynamicSlice` and its transpose `dynamicUpdateSlice`. */
import { composed } from "../lowering/compose.ts";
import { Unknown, definePrimitive, type BatchAxis } from "../primitive.ts";
import { linear } from "../rules/diff.ts";
import {
  insertAxis,
  sameShape,
  showType,
  type ArrayType,
  type Shape,
} from "../shape.ts";
import type { Value } from "../tracer.ts";
import { vmap } from "../transforms/vmap.ts";
import { add, and, le, lt, max, min, select, sub } from "./elementwise.ts";
import { fill, iota, zeros } from "./fill.ts";
import { gather } from "./gather.ts";
import { batchToFront, broadcast, moveAxis } from "./structural.ts";

interface Sizes {
  readonly sizes: Shape;
}

function checkStarts(
  name: string,
  x: ArrayType,
  sizes: Shape,
  starts: readonly ArrayType[],
): void {
  if (sizes.length !== x.shape.length || sizes.some((n, i) => n > x.shape[i]))
    throw new TypeError(
      `${name}: a block of ${showType({ shape: sizes, dtype: x.dtype })} does not fit in ${showType(x)}`,
    );
  if (
    starts.length !== x.shape.length ||
    starts.some((s) => s.dtype !== "int32" || s.shape.length > 0)
  )
    throw new TypeError(
      `${name}: expected one int32 scalar for each axis of ${showType(x)}, got ${starts.map(showType).join(" and ") || "none"}`,
    );
}

const int = (value: number, shape: Shape = []) =>
  fill(value, { shape, dtype: "int32" });

/** A start as JAX reads it: below zero it counts from the end, and the block is then moved inside. */
function clampStart(start: Value, size: number, rows: number): Value {
  const fromEnd = select(lt(start, int(0)), add(start, int(rows)), start);
  return max(min(fromEnd, int(rows - size)), int(0));
}

const spreadTo = (x: Value, n: number) => broadcast(x, [n], []);

/** The block, cut along one axis after the other. */
function cut([x, ...starts]: readonly Value[], { sizes }: Sizes): Value[] {
  const block = sizes.reduce((rest, size, axis) => {
    const rows = x.shape[axis];
    if (size === rows) return rest;
    const from = clampStart(starts[axis], size, rows);
    const at = add(spreadTo(from, size), iota([size]));
    return moveAxis(gather(moveAxis(rest, axis, 0), at), 0, axis);
  }, x);
  return [block];
}

/** Every position of the operand either keeps its element or takes the block's that falls on it. */
function paste([x, update, ...starts]: readonly Value[]): Value[] {
  if (update.size === 0) return [x];
  let inside = fill(1, { shape: x.shape, dtype: "bool" });
  const spread = x.shape.reduce((block, rows, axis) => {
    const size = update.shape[axis];
    if (size === rows) return block;
    const from = clampStart(starts[axis], size, rows);
    const at = sub(iota([rows]), spreadTo(from, rows));
    const hit = and(le(int(0, [rows]), at), lt(at, int(size, [rows])));
    inside = and(inside, broadcast(hit, x.shape, [axis]));
    const source = max(min(at, int(size - 1, [rows])), int(0, [rows]));
    return moveAxis(gather(moveAxis(block, axis, 0), source), 0, axis);
  }, update);
  return [select(inside, spread, x)];
}

/** Operands that keep their place while starts differ between members: the program itself is batched. */
const throughGather = (
  f: (args: readonly Value[]) => readonly Value[],
  args: readonly Value[],
  axes: readonly BatchAxis[],
): [Value[], BatchAxis[]] => [
  vmap((...xs: Value[]) => [...f(xs)], [...axes])(...args),
  [0],
];

const dynamicSliceP = definePrimitive<Sizes>("dynamicSlice", {
  type([x, ...starts], { sizes }) {
    checkStarts("dynamicSlice", x, sizes, starts);
    return [{ shape: sizes, dtype: x.dtype }];
  },
  diff: linear(
    (ct, [x, ...starts]) => [
      dynamicUpdateSlice(zeros(x.type), ct, starts as Value[]),
      ...starts.map(() => null),
    ],
    [0],
  ),
  batch(self, size, args, axes, params) {
    const at = axes[0];
    if (at === null || axes.slice(1).some((axis) => axis !== null))
      return throughGather((xs) => cut(xs, params), args, axes);
    const [x, ...starts] = args;
    return [
      self.bind([x, ...starts.slice(0, at), int(0), ...starts.slice(at)], {
        sizes: insertAxis(params.sizes, at, size),
      }),
      [at],
    ];
  },
  lower: composed(cut),
});

/** The block of `sizes` of `x` that begins at `starts` (int32 scalars), moved inside where it would stick out. */
export const dynamicSlice = (
  x: Value,
  starts: readonly Value[],
  sizes: Shape,
): Value =>
  sameShape(sizes, x.shape) && starts.length === x.ndim
    ? x
    : dynamicSliceP.bind([x, ...starts], { sizes })[0];

const dynamicUpdateSliceP = definePrimitive<Record<string, never>>(
  "dynamicUpdateSlice",
  {
    type([x, update, ...starts]) {
      if (x.dtype !== update.dtype)
        throw new TypeError(
          `dynamicUpdateSlice: expected operand and update of one dtype, got ${showType(x)} and ${showType(update)}`,
        );
      checkStarts("dynamicUpdateSlice", x, update.shape, starts);
      return [x];
    },
    diff: linear(
      (ct, [x, update, ...starts]) => {
        const at = starts as Value[];
        const { type } = update;
        return [
          x instanceof Unknown ? dynamicUpdateSlice(ct, zeros(type), at) : null,
          update instanceof Unknown ? dynamicSlice(ct, at, type.shape) : null,
          ...starts.map(() => null),
        ];
      },
      [0, 1],
    ),
    batch(self, size, args, axes) {
      if (axes.slice(2).some((axis) => axis !== null))
        return throughGather(paste, args, axes);
      const [x, update, ...starts] = args;
      return [
        self.bind(
          [
            batchToFront(x, axes[0], size),
            batchToFront(update, axes[1], size),
            int(0),
            ...starts,
          ],
          {},
        ),
        [0],
      ];
    },
    lower: composed(paste),
  },
);

/** `x` with `update` written over the block that begins at `starts`, moved inside where it would stick out. */
export const dynamicUpdateSlice = (
  x: Value,
  update: Value,
  starts: readonly Value[],
): Value => dynamicUpdateSliceP.bind([x, update, ...starts], {})[0];

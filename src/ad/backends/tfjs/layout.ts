/** @file Kernels that move elements. Neighbouring axes that are treated alike are merged first: TensorFlow.js takes few axes,
 * and every value comes and goes as a tensor of rank 1.
 */
import type { Kernel } from "../../lowering/kernel.ts";
import { range, sizeOf, type Shape } from "../../shape.ts";
import type { Tensor, Tf } from "./tf.ts";

type Of<K extends Kernel["kind"]> = Extract<Kernel, { kind: K }>;

/** Neighbours with the same key, in order. */
export function runs(keys: readonly unknown[]): number[][] {
  const groups: number[][] = [];
  keys.forEach((key, i) => {
    if (i > 0 && key === keys[i - 1]) groups[groups.length - 1].push(i);
    else groups.push([i]);
  });
  return groups;
}

export const merged = (
  shape: Shape,
  groups: readonly (readonly number[])[],
): number[] => groups.map((axes) => sizeOf(axes.map((i) => shape[i])));

/** The sizes before an axis, along it, and behind it. */
export const around = (
  shape: Shape,
  axis: number,
): [outer: number, n: number, inner: number] => [
  sizeOf(shape.slice(0, axis)),
  shape[axis],
  sizeOf(shape.slice(axis + 1)),
];

/** Axis i of the result is axis `order[i]` of `x`, whose axes are those of `shape`. */
export function transposed(
  tf: Tf,
  x: Tensor,
  shape: Shape,
  order: readonly number[],
): Tensor {
  const groups = runs(order.map((axis, i) => axis - i)).map((places) =>
    places.map((i) => order[i]),
  );
  if (groups.length <= 1) return x;
  const sorted = [...groups].sort((a, b) => a[0] - b[0]);
  const turned = tf.reshape(x, merged(shape, sorted));
  return tf.transpose(
    turned,
    groups.map((group) => sorted.indexOf(group)),
  );
}

export function broadcast(
  tf: Tf,
  x: Tensor,
  shape: Shape,
  axes: readonly number[],
): Tensor {
  const groups = runs(shape.map((_, i) => axes.includes(i)));
  const isKept = ([first]: readonly number[]) => axes.includes(first);
  const sizes = merged(shape, groups);
  const from = groups.map((group, i) => (isKept(group) ? sizes[i] : 1));
  const repeats = groups.map((group, i) => (isKept(group) ? 1 : sizes[i]));
  return tf.tile(tf.reshape(x, from), repeats);
}

export function slice(
  tf: Tf,
  x: Tensor,
  { input, start, limit, stride }: Of<"slice">,
): Tensor {
  const { shape } = input.type;
  const step = (i: number) => stride?.[i] ?? 1;
  const groups = runs(
    shape.map((n, i) =>
      start[i] === 0 && limit[i] === n && step(i) === 1 ? "whole" : i,
    ),
  );
  const sizes = merged(shape, groups);
  const isCut = (group: readonly number[], i: number) =>
    group.length === 1 && sizes[i] === shape[group[0]];
  const from = groups.map((group, i) =>
    isCut(group, i) ? start[group[0]] : 0,
  );
  const to = groups.map((group, i) =>
    isCut(group, i) ? limit[group[0]] : sizes[i],
  );
  const steps = groups.map((group, i) =>
    isCut(group, i) ? step(group[0]) : 1,
  );
  const whole = tf.reshape(x, sizes);
  return steps.every((n) => n === 1)
    ? tf.slice(
        whole,
        from,
        to.map((end, i) => end - from[i]),
      )
    : tf.stridedSlice(whole, from, to, steps);
}

export function pad(
  tf: Tf,
  x: Tensor,
  { input, low, high }: Of<"pad">,
): Tensor {
  const { shape } = input.type;
  const groups = runs(
    shape.map((_, i) => (low[i] === 0 && high[i] === 0 ? "whole" : i)),
  );
  if (groups.length === 0) return x;
  return tf.pad(
    tf.reshape(x, merged(shape, groups)),
    groups.map(([i]) => [low[i], high[i]] as const),
  );
}

export function reverse(
  tf: Tf,
  x: Tensor,
  { input, axes }: Of<"reverse">,
): Tensor {
  const { shape } = input.type;
  const groups = runs(shape.map((_, i) => axes.includes(i)));
  return tf.reverse(
    tf.reshape(x, merged(shape, groups)),
    range(groups.length).filter((i) => axes.includes(groups[i][0])),
  );
}

export function concatenate(
  tf: Tf,
  xs: readonly Tensor[],
  { inputs, axis, out }: Of<"concatenate">,
): Tensor {
  const [outer] = around(out.type.shape, axis);
  const parts = xs.map((x, i) =>
    tf.reshape(x, [outer, sizeOf(inputs[i].type.shape.slice(axis))]),
  );
  return tf.concat(
    parts.filter((part) => part.shape[1] > 0),
    1,
  );
}

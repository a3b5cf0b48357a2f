/** @file Pure shape arithmetic: sizes, strides, axes, broadcasting. */
import { shortName, type DType } from "./dtype.ts";

export type Shape = readonly number[];

/** The type of an array value: its shape and element type. */
export interface ArrayType {
  readonly shape: Shape;
  readonly dtype: DType;
}

export const sizeOf = (shape: Shape): number =>
  shape.reduce((product, n) => product * n, 1);

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

export const sameType = (a: ArrayType, b: ArrayType): boolean =>
  a.dtype === b.dtype && sameShape(a.shape, b.shape);

export const showShape = (shape: Shape): string => `[${shape.join(",")}]`;

/** `f32[3,4]`, as in printed jaxprs and error messages. */
export const showType = ({ dtype, shape }: ArrayType): string =>
  `${shortName(dtype)}${showShape(shape)}`;

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  for (let axis = shape.length - 1, stride = 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** A non-negative axis of an array of the given rank; negative axes count from the end. */
export function normalizeAxis(who: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new RangeError(
      `${who}: expected an axis between ${-rank} and ${rank - 1}, got ${axis}`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/** The shape all operands broadcast to by NumPy's rule, or a TypeError naming every shape. */
export function broadcastShapes(who: string, shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, i) => {
    let size = 1;
    for (const shape of shapes) {
      const n = shape[i - rank + shape.length] ?? 1;
      if (n !== 1 && size !== 1 && n !== size) {
        throw new TypeError(
          `${who}: shapes ${shapes.map(showShape).join(" and ")} do not broadcast at axis ${i - rank}`,
        );
      }
      if (n !== 1) size = n;
    }
    return size;
  });
}

/** `shape` with `size` inserted before position `axis`. */
export const insertAxis = (shape: Shape, axis: number, size: number): Shape => [
  ...shape.slice(0, axis),
  size,
  ...shape.slice(axis),
];

export const removeAxis = (shape: Shape, axis: number): Shape =>
  shape.filter((_, i) => i !== axis);

/** The axis order that moves axis `from` to position `to` and keeps the others in order. */
export function moveAxisOrder(
  rank: number,
  from: number,
  to: number,
): number[] {
  const order = Array.from({ length: rank }, (_, i) => i).filter(
    (i) => i !== from,
  );
  order.splice(to, 0, from);
  return order;
}

export const range = (n: number): number[] =>
  Array.from({ length: n }, (_, i) => i);

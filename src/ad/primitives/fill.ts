/** @file Arrays made from nothing: `fill` (one value) and `iota` (the index along an axis). */
import type { DType } from "../dtype.ts";
import { definePrimitive } from "../primitive.ts";
import { constant } from "../rules/constant.ts";
import { showType, type ArrayType, type Shape } from "../shape.ts";
import type { Value } from "../tracer.ts";

export const fillP = definePrimitive<{ value: number; type: ArrayType }>(
  "fill",
  {
    type: (_inputs, { type }) => [type],
    diff: constant(),
    batch: (self, _size, args, _axes, params) => [
      self.bind(args, params),
      [null],
    ],
    lower: (b, _inputs, [out], { value }) => [
      b.emit({ kind: "fill", value }, out),
    ],
  },
);

export const iotaP = definePrimitive<{ axis: number; type: ArrayType }>(
  "iota",
  {
    type(_inputs, { axis, type }) {
      if (type.dtype === "bool" || !(axis in type.shape))
        throw new TypeError(
          `iota: expected a number dtype and an axis of ${showType(type)}, got axis ${axis} and dtype ${type.dtype}`,
        );
      return [type];
    },
    diff: constant(),
    batch: (self, _size, args, _axes, params) => [
      self.bind(args, params),
      [null],
    ],
    lower: (b, _inputs, [out], { axis }) => [
      b.emit({ kind: "iota", axis }, out),
    ],
  },
);

/** An array of the given type whose every element is `value`. */
export const fill = (value: number, { shape, dtype }: ArrayType): Value =>
  fillP.bind([], { value, type: { shape, dtype } })[0];

export const zeros = (type: ArrayType): Value => fill(0, type);

/** The index of each element along `axis`. */
export const iota = (shape: Shape, axis = 0, dtype: DType = "int32"): Value =>
  iotaP.bind([], { axis, type: { shape, dtype } })[0];

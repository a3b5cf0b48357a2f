/** @file What distributions share: their dtype, and the one shape that parameters and samples have. */
import { isFloat, type DType } from "../dtype.ts";
import { broadcastTo } from "../numpy/promote.ts";
import { convert } from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { broadcastShapes, sameShape, showShape, type Shape } from "../shape.ts";
import { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";

export interface FloatOptions {
  /** float32 or float64: by default float64 where a parameter is, else float32. */
  readonly dtype?: DType;
}

/** The float dtype of samples with these parameters. */
export function sampleDtype(
  who: string,
  { dtype }: FloatOptions,
  ...params: readonly ArrayLike[]
): DType {
  const wide = params.some((x) => x instanceof Value && x.dtype === "float64");
  const chosen = dtype ?? (wide ? "float64" : "float32");
  if (!isFloat(chosen))
    throw new TypeError(`${who}: expected a float dtype, got ${chosen}`);
  return chosen;
}

const shapeOf = (x: ArrayLike): Shape => (x instanceof Value ? x.shape : []);

/** The shape of samples: the parameters' common shape, or `shape` if that is what they broadcast to with it. */
export const sampleShape = (
  who: string,
  shape: Shape | undefined,
  ...params: readonly ArrayLike[]
): Shape => commonShape(who, shape, params.map(shapeOf));

export function commonShape(
  who: string,
  shape: Shape | undefined,
  params: readonly Shape[],
): Shape {
  const common = broadcastShapes(who, [...(shape ? [shape] : []), ...params]);
  if (shape && !sameShape(shape, common))
    throw new TypeError(
      `${who}: expected a shape that parameters ${params.map(showShape).join(" and ")} broadcast to, got ${showShape(shape)}`,
    );
  return common;
}

/** A parameter as an array of the samples' dtype and shape. */
export const parameter = (
  who: string,
  x: ArrayLike,
  shape: Shape,
  dtype: DType,
): Value =>
  typeof x === "number"
    ? fill(x, { shape, dtype })
    : broadcastTo(convert(asValue(who, x), dtype), shape);

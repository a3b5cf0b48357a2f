/** @file Convolutions and pooling over images of any number of spatial axes; channels last unless told otherwise. */
import {
  convGeneralDilated,
  reduceWindow,
  type Padding,
} from "../lax/index.ts";
import * as nn from "../nn/index.ts";
import { add, divide, ones } from "../numpy/index.ts";
import { split } from "../random/index.ts";
import { evalShape, ShapeDtypeStruct } from "../make-jaxpr.ts";
import type { Shape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { single, singleShape, type Layer } from "./layer.ts";
import type { DenseOptions } from "./layers.ts";

export interface ConvLayerOptions extends DenseOptions {
  readonly strides?: readonly number[];
  readonly padding?: Padding;
}

/** The shape `f` makes of an input; the batch size, which may be -1, is passed on. */
function shapeAfter(f: (x: Value) => Value, [batch, ...rest]: Shape): Shape {
  const out = evalShape(f, new ShapeDtypeStruct([1, ...rest]));
  return [batch, ...(out as ShapeDtypeStruct).shape.slice(1)];
}

/** A convolution in the given layouts of input, kernel and result, such as `["NCHW", "OIHW", "NCHW"]`. */
export const GeneralConv = (
  dimensionNumbers: readonly [lhs: string, rhs: string, out: string],
  channels: number,
  filterShape: readonly number[],
  { strides, padding = "VALID", wInit, bInit = nn.initializers.normal(1e-6) }: ConvLayerOptions = {},
): Layer<[w: Value, b: Value]> => {
  const [lhs, rhs, out] = dimensionNumbers;
  const init = wInit ?? nn.initializers.glorotNormal({ inAxis: rhs.indexOf("I"), outAxis: rhs.indexOf("O") });
  const convolve = (x: Value, w: Value) =>
    convGeneralDilated(x, w, {
      dimensionNumbers,
      windowStrides: strides ?? filterShape.map(() => 1),
      padding,
    });
  return [
    (rng, inputShape) => {
      const shape = singleShape("GeneralConv", inputShape);
      const spatial = [...filterShape];
      const kernel = [...rhs].map((c) =>
        c === "O" ? channels : c === "I" ? shape[lhs.indexOf("C")] : (spatial.shift() as number),
      );
      const bias = [...out].map((c) => (c === "C" ? channels : 1));
      const [k1, k2] = split(rng);
      const w = init(k1, kernel);
      return [shapeAfter((x) => convolve(x, w), shape), [w, bInit(k2, bias)]];
    },
    ([w, b], inputs) => add(convolve(single("GeneralConv", inputs), w), b),
  ];
}; // prettier-ignore

/** A convolution over images (N, height, width, channels). */
export const Conv = (
  channels: number,
  filterShape: readonly [number, number],
  options: ConvLayerOptions = {},
): Layer<[w: Value, b: Value]> =>
  GeneralConv(["NHWC", "HWIO", "NHWC"], channels, filterShape, options);

export interface PoolOptions {
  readonly strides?: readonly number[];
  readonly padding?: Padding;
}

const pooling =
  (finish: (x: Value, counted: () => Value) => Value, operation: "add" | "max") =>
  (windowShape: readonly number[], { strides, padding = "VALID" }: PoolOptions = {}): Layer<null> => {
    const whole = (list: readonly number[]) => [1, ...list, 1];
    const pool = (x: Value) =>
      reduceWindow(x, operation, {
        windowDimensions: whole(windowShape),
        windowStrides: whole(strides ?? windowShape.map(() => 1)),
        padding,
      });
    const apply = (x: Value) => finish(pool(x), () => pool(ones([1, ...x.shape.slice(1, -1), 1], x.dtype)));
    return [
      (_rng, inputShape) => [shapeAfter(apply, singleShape("pooling", inputShape)), null],
      (_params, inputs) => apply(single("pooling", inputs)),
    ];
  }; // prettier-ignore

/** The largest of each window of (N, spatial..., channels). */
export const MaxPool = pooling((x) => x, "max");
/** The sum of each window. */
export const SumPool = pooling((x) => x, "add");
/** The mean of each window; elements outside the image are not counted. */
export const AvgPool = pooling((x, counted) => divide(x, counted()), "add");

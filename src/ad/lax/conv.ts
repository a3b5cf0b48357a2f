/** @file Convolutions over any number of spatial axes: windows gathered along each axis, then one product (jax.lax). */
import { dot } from "../primitives/dot.ts";
import { dilate, padCrop } from "../primitives/slicing.ts";
import { reshape, transpose } from "../primitives/structural.ts";
import { reverse } from "../primitives/reverse.ts";
import { range, showShape, sizeOf, type Shape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { promoteDtypes } from "../numpy/promote.ts";
import { windows } from "../numpy/sliding.ts";
import { layoutOf, type DimensionNumbers, type Layout } from "./conv-layout.ts";
import { paddingOf, type Padding } from "./padding.ts";

export interface ConvOptions {
  readonly windowStrides?: readonly number[];
  /** `SAME`: as many results as steps fit in the input; `VALID`: none; or widths for each spatial axis. */
  readonly padding?: Padding;
  /** Spreads the input: 2 puts a zero between neighbours. */
  readonly lhsDilation?: readonly number[];
  /** Spreads the kernel. */
  readonly rhsDilation?: readonly number[];
  /** Letters for the axes of input, kernel and result; `["NCHW", "OIHW", "NCHW"]` by default. */
  readonly dimensionNumbers?: DimensionNumbers;
  /** Into so many groups input channels and results are parted, each with its own kernels. */
  readonly featureGroupCount?: number;
}

/** Input (N, C, spatial...), dilated and padded, and how the windows lie in it. */
function prepared(
  who: string,
  x: Value,
  kernel: Shape,
  options: ConvOptions,
): { input: Value; strides: readonly number[]; dilations: readonly number[] } {
  const ones = kernel.map(() => 1);
  const { windowStrides: strides = ones, padding = "VALID", lhsDilation = ones, rhsDilation: dilations = ones } = options; // prettier-ignore
  for (const list of [strides, lhsDilation, dilations])
    if (list.length !== kernel.length || list.some((n) => n < 1))
      throw new TypeError(
        `${who}: expected ${kernel.length} positive strides and dilations, got [${list.join()}]`,
      );
  const spread = dilate(x, [0, 0, ...lhsDilation.map((n) => n - 1)]);
  const reach = kernel.map((n, i) => (n - 1) * dilations[i] + 1);
  const widths = paddingOf(who, padding, spread.shape.slice(2), reach, strides);
  const input = padCrop(
    spread,
    [0, 0, ...widths.map(([low]) => low)],
    [0, 0, ...widths.map(([, high]) => high)],
  );
  return { input, strides, dilations };
}

/** The windows of (N, C, spatial...) with axes: result d and kernel d from the last spatial axis to the first, N, C. */
function patches(
  who: string,
  x: Value,
  kernel: Shape,
  options: ConvOptions,
): Value {
  const { input, strides, dilations } = prepared(who, x, kernel, options);
  return kernel.reduce(
    (out, size, d) =>
      windows(out, 2 * d + 2, {
        size,
        stride: strides[d],
        dilation: dilations[d],
      }),
    input,
  );
}

/**
 * The convolution of input (N, C, spatial...) with kernels (O, C / groups, spatial...): result (N, O, spatial...), at
 * each place the sum of products of a kernel with the window there (jax.lax.conv_general_dilated).
 */
export function convGeneralDilated(
  lhs: ArrayLike,
  rhs: ArrayLike,
  options: ConvOptions = {},
): Value {
  const who = "convGeneralDilated";
  const [x, w] = promoteDtypes(who, [lhs, rhs]);
  const layout = layoutOf(who, x.shape, w.shape, options.dimensionNumbers);
  const input = transpose(x, layout.lhs);
  const kernels = transpose(w, layout.rhs);
  const { featureGroupCount: groups = 1 } = options;
  const [outs, ins, ...kernel] = kernels.shape;
  if (input.shape[1] !== ins * groups || outs % groups !== 0)
    throw new TypeError(
      `${who}: expected ${groups} groups of ${ins} input channels and results in equal groups, got input ${showShape(x.shape)} and kernel ${showShape(w.shape)}`,
    );
  const rank = kernel.length;
  const cut = patches(who, input, kernel, options);
  const grouped = reshape(cut, [...cut.shape.slice(0, -1), groups, ins]);
  const weights = reshape(kernels, [groups, outs / groups, ins, ...kernel]);
  // Windows: result and kernel axis in turn, the last spatial axis first, then N, group, channel.
  const windowAxis = (d: number) => 2 * (rank - 1 - d) + 1;
  const spatial = range(rank);
  const product = dot(grouped, weights, {
    contract: [
      [2 * rank + 2, ...spatial.map(windowAxis)],
      [2, ...spatial.map((d) => 3 + d)],
    ],
    batch: [[2 * rank + 1], [0]],
  });
  // The product has axes: group, results from the last spatial axis to the first, N, results of the group.
  const ordered = transpose(product, [
    rank + 1,
    0,
    rank + 2,
    ...spatial.map((d) => rank - d),
  ]);
  const out = reshape(ordered, [input.shape[0], outs, ...ordered.shape.slice(3)]); // prettier-ignore
  return transpose(out, inverse(layout.out));
}

const inverse = (order: readonly number[]): number[] =>
  range(order.length).map((i) => order.indexOf(i));

/**
 * The windows of (N, C, spatial...) as channels: (N, C x kernel size, spatial...), in which a channel's places of the
 * kernel lie together (jax.lax.conv_general_dilated_patches).
 */
export function convGeneralDilatedPatches(
  lhs: ArrayLike,
  filterShape: Shape,
  options: Omit<ConvOptions, "featureGroupCount"> = {},
): Value {
  const who = "convGeneralDilatedPatches";
  const x = asValue(who, lhs);
  const channels = [1, 1, ...filterShape];
  const layout: Layout = layoutOf(who, x.shape, channels, options.dimensionNumbers); // prettier-ignore
  const rank = filterShape.length;
  const cut = patches(who, transpose(x, layout.lhs), filterShape, options);
  const last = (d: number) => 2 * (rank - 1 - d);
  const ordered = transpose(cut, [
    2 * rank,
    2 * rank + 1,
    ...range(rank).map((d) => last(d) + 1),
    ...range(rank).map(last),
  ]);
  const [n, c] = ordered.shape;
  const spatial = ordered.shape.slice(2 + rank);
  const out = reshape(ordered, [n, c * sizeOf(filterShape), ...spatial]);
  return transpose(out, inverse(layout.out));
}

/** `convGeneralDilated` without dilation or groups (jax.lax.conv). */
export const conv = (
  lhs: ArrayLike,
  rhs: ArrayLike,
  windowStrides: readonly number[],
  padding: Padding,
): Value => convGeneralDilated(lhs, rhs, { windowStrides, padding });

export interface ConvTransposeOptions {
  readonly rhsDilation?: readonly number[];
  /** `["NHWC", "HWIO", "NHWC"]`, or as many spatial letters as there are, by default. */
  readonly dimensionNumbers?: DimensionNumbers;
  /** Turns the kernel round and exchanges its channels, so that the result is the transpose of a convolution. */
  readonly transposeKernel?: boolean;
}

/** The convolution of the input spread by `strides`, which so grows where a convolution would shrink it (jax.lax.conv_transpose). */
export function convTranspose(
  lhs: ArrayLike,
  rhs: ArrayLike,
  strides: readonly number[],
  padding: Padding,
  options: ConvTransposeOptions = {},
): Value {
  const [x, w] = promoteDtypes("convTranspose", [lhs, rhs]);
  const rank = x.ndim - 2;
  const letters = "DHW".slice(3 - rank);
  const {
    rhsDilation = strides.map(() => 1),
    dimensionNumbers = [`N${letters}C`, `${letters}IO`, `N${letters}C`],
    transposeKernel = false,
  } = options;
  const layout = layoutOf("convTranspose", x.shape, w.shape, dimensionNumbers);
  const kernel = layout.rhs.slice(2).map((axis) => w.shape[axis]);
  const widths =
    typeof padding !== "string"
      ? padding
      : kernel.map((n, d): [number, number] => {
          const reach = (n - 1) * rhsDilation[d] + 1;
          const stride = strides[d];
          if (padding === "VALID")
            return [reach - 1, stride - 1 + Math.max(reach - stride, 0)];
          const total = reach + stride - 2;
          const low = stride > reach - 1 ? reach - 1 : Math.ceil(total / 2);
          return [low, total - low];
        });
  const [o, i, ...spatial] = layout.rhs;
  const swapped = range(w.ndim).map((axis) => axis === o ? i : axis === i ? o : axis); // prettier-ignore
  const kernels = transposeKernel ? transpose(reverse(w, spatial), swapped) : w;
  return convGeneralDilated(x, kernels, {
    padding: widths,
    lhsDilation: strides,
    rhsDilation,
    dimensionNumbers,
  });
}

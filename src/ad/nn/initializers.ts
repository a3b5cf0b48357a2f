/** @file Initialisers of weights, each a function of (key, shape, dtype), with JAX's numbers. */
import type { DType } from "../dtype.ts";
import * as np from "../numpy/index.ts";
import { pad } from "../primitives/slicing.ts";
import * as random from "../random/index.ts";
import {
  normalizeAxis,
  removeAxis,
  showShape,
  sizeOf,
  type Shape,
} from "../shape.ts";
import type { Value } from "../tracer.ts";

/** Makes weights of a shape, float32 by default, from a key. */
export type Initializer = (key: Value, shape: Shape, dtype?: DType) => Value;

/** Zeros; the key is not looked at (jax.nn.initializers.zeros). */
export const zeros: Initializer = (_key, shape, dtype = "float32") =>
  np.zeros(shape, dtype);

/** Ones; the key is not looked at (jax.nn.initializers.ones). */
export const ones: Initializer = (_key, shape, dtype = "float32") =>
  np.ones(shape, dtype);

/** One number everywhere (jax.nn.initializers.constant). */
export const constant =
  (value: number, dtype: DType = "float32"): Initializer =>
  (_key, shape, own = dtype) =>
    np.full(shape, value, own);

/** Uniform in [0, scale) (jax.nn.initializers.uniform). */
export const uniform =
  (scale = 1e-2, dtype: DType = "float32"): Initializer =>
  (key, shape, own = dtype) =>
    np.multiply(random.uniform(key, shape, { dtype: own }), scale);

/** Normal of deviation `stddev` (jax.nn.initializers.normal). */
export const normal =
  (stddev = 1e-2, dtype: DType = "float32"): Initializer =>
  (key, shape, own = dtype) =>
    np.multiply(random.normal(key, shape, { dtype: own }), stddev);

/** Standard normal between `lower` and `upper`, times `stddev` (jax.nn.initializers.truncated_normal). */
export const truncatedNormal =
  (
    stddev = 1e-2,
    options: { dtype?: DType; lower?: number; upper?: number } = {},
  ): Initializer =>
  (key, shape, own = options.dtype ?? "float32") => {
    const { lower = -2, upper = 2 } = options;
    const z = random.truncatedNormal(key, lower, upper, shape, { dtype: own });
    return np.multiply(z, stddev);
  };

type Axes = number | readonly number[];

export interface FanOptions {
  /** The axes counted as inputs (by default -2), as outputs (-1), and as neither (none); the rest is receptive field. */
  readonly inAxis?: Axes;
  readonly outAxis?: Axes;
  readonly batchAxis?: Axes;
  readonly dtype?: DType;
}

export type FanMode = "fanIn" | "fanOut" | "fanAvg" | "fanGeoAvg";
export type Distribution = "truncatedNormal" | "normal" | "uniform";

function fans(
  shape: Shape,
  options: FanOptions,
): [fanIn: number, fanOut: number] {
  const { inAxis = -2, outAxis = -1, batchAxis = [] } = options;
  if (inAxis === -2 && shape.length < 2)
    throw new TypeError(
      `varianceScaling: expected a shape of at least two axes, or inAxis, got ${showShape(shape)}`,
    );
  const size = (axes: Axes) =>
    sizeOf(
      [axes]
        .flat()
        .map(
          (axis) => shape[normalizeAxis("varianceScaling", axis, shape.length)],
        ),
    );
  const [inputs, outputs] = [size(inAxis), size(outAxis)];
  const field = sizeOf(shape) / inputs / outputs / size(batchAxis);
  return [inputs * field, outputs * field];
}

const denominators: Record<FanMode, (fanIn: number, fanOut: number) => number> =
  {
    fanIn: (fanIn) => fanIn,
    fanOut: (_fanIn, fanOut) => fanOut,
    fanAvg: (fanIn, fanOut) => (fanIn + fanOut) / 2,
    fanGeoAvg: (fanIn, fanOut) => Math.sqrt(fanIn * fanOut),
  };

/** The standard deviation of a standard normal variable cut off at two. */
const truncatedDeviation = 0.87962566103423978;

/** Samples of variance scale / fan, whose gain a layer passes on (jax.nn.initializers.variance_scaling). */
export const varianceScaling =
  (
    scale: number,
    mode: FanMode,
    distribution: Distribution,
    options: FanOptions = {},
  ): Initializer =>
  (key, shape, dtype = options.dtype ?? "float32") => {
    const variance = scale / denominators[mode](...fans(shape, options));
    const deviation = Math.sqrt(variance);
    switch (distribution) {
      case "truncatedNormal":
        return truncatedNormal(deviation / truncatedDeviation)(
          key,
          shape,
          dtype,
        );
      case "normal":
        return normal(deviation)(key, shape, dtype);
      case "uniform":
        return np.multiply(
          random.uniform(key, shape, { dtype, minval: -1 }),
          Math.sqrt(3) * deviation,
        );
    }
  };

const scaling =
  (scale: number, mode: FanMode, distribution: Distribution) =>
  (options?: FanOptions): Initializer =>
    varianceScaling(scale, mode, distribution, options);

/** Glorot & Bengio (2010), also called Xavier. */
export const glorotUniform = scaling(1, "fanAvg", "uniform");
export const glorotNormal = scaling(1, "fanAvg", "truncatedNormal");
export const xavierUniform = glorotUniform;
export const xavierNormal = glorotNormal;
/** LeCun et al. (1998). */
export const lecunUniform = scaling(1, "fanIn", "uniform");
export const lecunNormal = scaling(1, "fanIn", "truncatedNormal");
/** He et al. (2015), also called Kaiming. */
export const heUniform = scaling(2, "fanIn", "uniform");
export const heNormal = scaling(2, "fanIn", "truncatedNormal");
export const kaimingUniform = heUniform;
export const kaimingNormal = heNormal;

/** Orthonormal columns along `columnAxis`, or rows where those are fewer (jax.nn.initializers.orthogonal). */
export const orthogonal =
  (scale = 1, columnAxis = -1, dtype: DType = "float32"): Initializer =>
  (key, shape, own = dtype) => {
    if (shape.length < 2)
      throw new TypeError(
        `orthogonal: expected a shape of at least two axes, got ${showShape(shape)}`,
      );
    if (shape.includes(0)) return np.zeros(shape, own);
    const axis = normalizeAxis("orthogonal", columnAxis, shape.length);
    const columns = shape[axis];
    const matrix = random.orthogonal(key, sizeOf(shape) / columns, [], {
      dtype: own,
      m: columns,
    });
    const q = np.reshape(matrix, [...removeAxis(shape, axis), columns]);
    return np.multiply(np.moveaxis(q, -1, axis), scale);
  };

/**
 * An orthogonal matrix over the last two axes at the middle of the others, which are one to three, and zeros elsewhere
 * (jax.nn.initializers.delta_orthogonal); needs shape[-2] <= shape[-1].
 */
export const deltaOrthogonal =
  (scale = 1, columnAxis = -1, dtype: DType = "float32"): Initializer =>
  (key, shape, own = dtype) => {
    const space = shape.slice(0, -2);
    const matrix = shape.slice(-2);
    if (space.length < 1 || space.length > 3 || matrix[0] > matrix[1])
      throw new TypeError(
        `deltaOrthogonal: expected three to five axes, of which the last is not smaller than the one before, got ${showShape(shape)}`,
      );
    const low = space.map((n) => Math.floor((n - 1) / 2));
    const q = orthogonal(scale, columnAxis, own)(key, matrix);
    return pad(
      np.reshape(q, [...space.map(() => 1), ...matrix]),
      [...low, 0, 0],
      [...space.map((n, i) => n - 1 - low[i]), 0, 0],
    );
  };

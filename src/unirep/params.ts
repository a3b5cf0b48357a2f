/** @file The parameter tree of a UniRep model: its names, its shapes, and the check that a tree has them. */
import type { ModelConfig } from "./model.ts";

/** A host tensor as the weight files carry it: row-major float32. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** One mLSTM layer of n units reading d inputs (d is the embedding width, or n above the first layer). */
export interface MlstmParams<T = HostTensor> {
  readonly wx: T; // (d, 4n)  input to gates i, f, o, u
  readonly wh: T; // (n, 4n)  intermediate state m to gates
  readonly wmx: T; // (d, n)  input to m
  readonly wmh: T; // (n, n)  hidden state to m
  readonly b: T; // (4n)
  readonly gx: T; // (4n)  weight-normalisation gains of wx, wh, wmx, wmh
  readonly gh: T; // (4n)
  readonly gmx: T; // (n)
  readonly gmh: T; // (n)
}

/** All parameters of a model; generic in the leaf so that the same tree holds host tensors, arrays or gradients. */
export interface UniRepParams<T = HostTensor> {
  readonly embedding: T; // (26, e)
  readonly layers: readonly MlstmParams<T>[];
  readonly head: { readonly w: T /* (n, 25) */; readonly b: T /* (25) */ };
}

type Shape = readonly number[];

/** Tokens: pad, 22 amino acids, the shared slot of X Z B J, start, stop. */
export const VOCABULARY = 26;
/** Classes of the language-model head: class = token - 1. */
export const CLASSES = 25;

/** Shapes of every parameter of `config`, in the same tree as the parameters. */
export function paramShapes(config: ModelConfig): UniRepParams<Shape> {
  const { units: n, layers, embedding: e } = config;
  return {
    embedding: [VOCABULARY, e],
    layers: Array.from({ length: layers }, (_, k) => {
      const d = k === 0 ? e : n;
      return {
        wx: [d, 4 * n],
        wh: [n, 4 * n],
        wmx: [d, n],
        wmh: [n, n],
        b: [4 * n],
        gx: [4 * n],
        gh: [4 * n],
        gmx: [n],
        gmh: [n],
      };
    }),
    head: { w: [n, CLASSES], b: [CLASSES] },
  };
}

/** Names of one layer's parameters, in the order files and hashes list them. */
const layerNames = [
  "wx",
  "wh",
  "wmx",
  "wmh",
  "b",
  "gx",
  "gh",
  "gmx",
  "gmh",
] as const satisfies (keyof MlstmParams)[];

/** Every parameter with its dotted name, e.g. `layers.0.wmh`, always in the same order. */
export function namedParams<T>(
  params: UniRepParams<T>,
): [name: string, value: T][] {
  return [
    ["embedding", params.embedding],
    ...params.layers.flatMap((layer, k) =>
      layerNames.map((name): [string, T] => [
        `layers.${k}.${name}`,
        layer[name],
      ]),
    ),
    ["head.w", params.head.w],
    ["head.b", params.head.b],
  ];
}

/** The same tree with every leaf replaced by `f(leaf, name)`. */
export function mapParams<T, U>(
  params: UniRepParams<T>,
  f: (leaf: T, name: string) => U,
): UniRepParams<U> {
  return {
    embedding: f(params.embedding, "embedding"),
    layers: params.layers.map(
      (layer, k) =>
        Object.fromEntries(
          Object.entries(layer).map(([name, leaf]) => [
            name,
            f(leaf as T, `layers.${k}.${name}`),
          ]),
        ) as unknown as MlstmParams<U>,
    ),
    head: { w: f(params.head.w, "head.w"), b: f(params.head.b, "head.b") },
  };
}

/** The architecture whose shapes `params` has, or a TypeError naming the first parameter that fits none. */
export function inferConfig(
  params: UniRepParams<{ readonly shape: Shape }>,
): ModelConfig {
  const e = params.embedding.shape[1] ?? 0;
  const n = params.head.w.shape[0] ?? 0;
  const layers = params.layers.length;
  const published = new Map([
    ["64x4", "64"],
    ["256x4", "256"],
    ["1900x1", "1900"],
  ]).get(`${n}x${layers}`);
  const config = {
    name: e === 10 && published ? published : `${layers}x${n}`,
    units: n,
    layers,
    embedding: e,
  };
  checkParams(params, config);
  return config;
}

/** Throws a TypeError naming the first parameter whose shape is not the one `config` asks for. */
export function checkParams(
  params: UniRepParams<{ readonly shape: Shape }>,
  config: ModelConfig,
): void {
  const expected = new Map(namedParams(paramShapes(config)));
  if (params.layers.length !== config.layers) {
    throw new TypeError(
      `model ${config.name}: expected ${config.layers} mLSTM layers, got ${params.layers.length}`,
    );
  }
  for (const [name, { shape }] of namedParams(params)) {
    const want = expected.get(name);
    if (!want || want.join() !== shape.join()) {
      throw new TypeError(
        `model ${config.name}: parameter ${name} must have shape [${want?.join(", ") ?? "none"}], got [${shape.join(", ")}]`,
      );
    }
  }
}

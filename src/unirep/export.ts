/** @file `exportModel`: a UniRep model as an ONNX file for any number and length of proteins. */
import { stat, writeFile } from "node:fs/promises";
import { exportOnnx, ShapeDtypeStruct, type Value } from "../ad/index.ts";
import {
  exportDoc,
  exportMetadata,
  exportTasks,
  type ExportTask,
} from "./export-metadata.ts";
import {
  languageModelProgram,
  representationProgram,
  type ExportedRepresentation,
  type NamedResults,
} from "./export-program.ts";
import { prepareNetwork } from "./load-model.ts";
import { checkParams } from "./params.ts";
import { atomically } from "./tables/atomic-file.ts";
import type { Weights } from "./weights/types.ts";

/** What is computed from a representation instead of the representation itself: a top model, say. */
export interface ExportHead {
  /** From the vectors of one protein to named results; both may be passed on together. */
  readonly compute: (representation: ExportedRepresentation) => NamedResults;
  /** What the results are and their units, for whoever opens the file. */
  readonly outputs: string;
}

export interface ModelExportOptions {
  /** `representation` (default): h_avg, h_final, c_final. `language-model`: log_probs, cross_entropy. */
  readonly task?: ExportTask | undefined;
  /** Only for `representation`. */
  readonly head?: ExportHead | undefined;
  /** Added to the file's metadata, and winning over it. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/**
 * A model as the bytes of a self-contained ONNX file. Its one input is `tokens` (batch, steps), int64, both axes of any
 * size: [start, residues], then padding, which changes nothing. Outputs are float32 and equal `rep` and `score` to
 * 1e-5. The file's metadata has tokens, classes, outputs, and the weights' identity, provenance and licence.
 */
export async function exportModel(
  weights: Weights,
  { task = "representation", head, metadata }: ModelExportOptions = {},
): Promise<Uint8Array> {
  if (!exportTasks.includes(task))
    throw new TypeError(
      `exportModel: expected a task, one of ${exportTasks.join(", ")}, got ${String(task)}`,
    );
  if (head && task !== "representation")
    throw new TypeError(
      `exportModel: expected a head with task representation, which it reads, got one with task ${task}`,
    );
  const { config, params } = weights;
  checkParams(params, config);
  const network = await prepareNetwork(params, "cpu");
  const program: (tokens: Value) => NamedResults =
    task === "representation"
      ? representationProgram(config, network, head?.compute ?? passOn)
      : languageModelProgram(config, network);
  return exportOnnx(program, [new ShapeDtypeStruct([2, 3], "int32")], {
    symbolicShapes: ["batch, steps"],
    inputNames: ["tokens"],
    int64Inputs: ["tokens"],
    docString: exportDoc(config, task),
    metadata: { ...exportMetadata(weights, task, head?.outputs), ...metadata },
  });
}

const passOn = (representation: ExportedRepresentation): NamedResults => ({
  ...representation,
});

/** Writes `exportModel`'s file: whole or not at all. A file that exists is never replaced. */
export async function exportModelFile(
  file: string,
  weights: Weights,
  options: ModelExportOptions = {},
): Promise<{ readonly bytes: number }> {
  await refuseExisting(file);
  const bytes = await exportModel(weights, options);
  await refuseExisting(file);
  await atomically([file], ([temporary]) => writeFile(temporary, bytes));
  return { bytes: bytes.byteLength };
}

/** An Error if there is a file: outputs never replace one. */
export async function refuseExisting(file: string): Promise<void> {
  const exists = await stat(file).then(
    () => true,
    () => false,
  );
  if (exists)
    throw new Error(`${file} exists: delete it or choose another output`);
}

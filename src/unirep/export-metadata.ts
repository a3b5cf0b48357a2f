/** @file What an exported model says of itself: identity and terms of its weights, tokens, classes, inputs and outputs. */
import { aminoAcids, tokens } from "./alphabet.ts";
import type { ModelConfig } from "./model.ts";
import { tokenPolicy } from "./representation.ts";
import { findByParams } from "./weights/registry.ts";
import type { Weights } from "./weights/types.ts";

export const exportTasks = ["representation", "language-model"] as const;
export type ExportTask = (typeof exportTasks)[number];

const inputText =
  "tokens (batch, steps) int64: the start token, then one token a residue, then padding (0) up to the longest row; no stop token; at least one step";

const outputTexts: Readonly<Record<ExportTask, string>> = {
  representation:
    "h_avg (batch, units): mean of the top layer's hidden states over start and all residues; h_final, c_final (batch, units): its last hidden and cell state",
  "language-model":
    "log_probs (batch, steps, 25): natural-log probability of each class of the token after the one at that step, 0 at padding; cross_entropy (batch): mean over residues and stop, in nats",
};

/** Token of every letter; X, Z, B and J share one. */
const letters: Readonly<Record<string, number>> = {
  ...Object.fromEntries([...aminoAcids].map((letter, i) => [letter, i + 1])),
  ...Object.fromEntries([..."XZBJ"].map((letter) => [letter, tokens.unknown])),
};

/** The 25 classes in order: class = token - 1. */
const classes = [...aminoAcids, "X", "start", "stop"];

/** The metadata of a file; values are texts, lists and tables are JSON. */
export function exportMetadata(
  { config, info }: Weights,
  task: ExportTask,
  outputs: string = outputTexts[task],
): Record<string, string> {
  const published = findByParams(info.sha256);
  return {
    format: "unirep-ts",
    task,
    model: config.name,
    units: String(config.units),
    layers: String(config.layers),
    embedding: String(config.embedding),
    id: info.id,
    params_sha256: info.sha256,
    licence: info.licence,
    provenance: info.provenance,
    ...(published && {
      licence_url: published.licenceUrl,
      citation: published.citation,
    }),
    input: inputText,
    outputs,
    token_policy: tokenPolicy,
    letters: JSON.stringify(letters),
    tokens: JSON.stringify(tokens),
    ...(task === "language-model" && { classes: JSON.stringify(classes) }),
  };
}

/** One sentence on the model in the file. */
export const exportDoc = (
  { name, layers, units }: ModelConfig,
  task: ExportTask,
): string =>
  `UniRep ${task} of proteins, model ${name} (${layers} x ${units} units); inputs, outputs, tokens, provenance and licence of the weights are in the metadata`;

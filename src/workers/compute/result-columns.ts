/** @file The columns of a job's result table, as `unirep embed` and `unirep score` name them. */
import type {
  Column,
  Representation,
  Score,
  Value,
} from "../../unirep/index.ts";
import type { Represented, TaskParams } from "./tasks.ts";

export type ResultColumns = TaskParams<"range">["columns"];

/** Columns of a model of `units` units. */
export function resultColumns(asked: ResultColumns, units: number): Column[] {
  if (asked.kind === "score")
    return [
      { kind: "scalar", name: "cross_entropy" },
      { kind: "scalar", name: "perplexity" },
      { kind: "scalar", name: "accuracy" },
      ...(asked.perResidue
        ? [{ kind: "list", name: "log_probs" } as const]
        : []),
    ];
  return [
    ...asked.layers.map((name) => ({ kind: "vector", name, width: units }) as const), // prettier-ignore
    ...(asked.perResidue
      ? [{ kind: "ragged", name: "per_residue", width: units } as const]
      : []),
  ];
}

export function embedValues(
  { layers }: Extract<ResultColumns, { kind: "embed" }>,
  { hAvg, hFinal, cFinal, perResidue }: Represented | Representation,
): Value[] {
  const of = { h_avg: hAvg, h_final: hFinal, c_final: cFinal };
  return [
    ...layers.map((layer) => of[layer]),
    ...(perResidue ? [perResidue] : []),
  ];
}

export function scoreValues(
  { perResidue }: Extract<ResultColumns, { kind: "score" }>,
  { crossEntropy, perplexity, accuracy, logProbs }: Score,
): Value[] {
  return [crossEntropy, perplexity, accuracy, ...(perResidue ? [logProbs] : [])]; // prettier-ignore
}

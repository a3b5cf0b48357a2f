/** @file What a top model reads: a part of a representation, or numbers that are given. */
import {
  nameSequence,
  type Representation,
  type SequenceInput,
} from "../../unirep/index.ts";
import type { Matrix } from "./matrix.ts";
import type { FeatureKind } from "./types.ts";

/** Samples as sequences, or as rows of features of one length. */
export type Inputs = readonly SequenceInput[] | readonly ArrayLike<number>[];

/** The features of one protein: units, or three times as many for `fusion`. */
export function featureVector(
  { hAvg, hFinal, cFinal }: Representation,
  kind: FeatureKind,
): Float32Array {
  if (kind !== "fusion")
    return { h_avg: hAvg, h_final: hFinal, c_final: cFinal }[kind];
  const out = new Float32Array(3 * hAvg.length);
  [hAvg, hFinal, cFinal].forEach((x, i) => out.set(x, i * x.length));
  return out;
}

export const isSequence = (
  input: SequenceInput | ArrayLike<number>,
): input is SequenceInput => typeof input === "string" || "sequence" in input;

/** Rows of features as a matrix; an Error naming `who`, the sample and the column of the first that does not fit. */
export function featureMatrix(
  who: string,
  rows: readonly ArrayLike<number>[],
): Matrix {
  const columns = rows[0]?.length ?? 0;
  const data = new Float64Array(rows.length * columns);
  rows.forEach((row, i) => {
    if (row.length !== columns || columns === 0)
      throw new RangeError(
        `${who}: expected as many features, at least one, for every sample, got ${row.length} for sample ${i + 1} and ${columns} for the first`,
      );
    for (let j = 0; j < columns; j++) {
      if (!Number.isFinite(row[j]))
        throw new RangeError(
          `${who}: expected finite features, got ${row[j]} as feature ${j + 1} of sample ${i + 1}`,
        );
      data[i * columns + j] = row[j];
    }
  });
  return { rows: rows.length, columns, data };
}

/** Equal for equal sequences; rows of numbers are each their own. */
export const groupsOf = (inputs: Inputs): string[] =>
  Array.from<SequenceInput | ArrayLike<number>, string>(inputs, (input, i) =>
    isSequence(input) ? nameSequence(input, i).sequence : String(i),
  );

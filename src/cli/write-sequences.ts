/** @file Sequences as FASTA or CSV: what `sample` and `babble` make. */
import { writeFile } from "node:fs/promises";
import { InvalidArgumentError, Option } from "commander";

export interface NamedRow {
  readonly id: string;
  readonly sequence: string;
  /** Further facts, the same names in every row. */
  readonly facts: Readonly<Record<string, string | number>>;
}

const extensions = [".fasta", ".fa", ".faa", ".csv"];

export const sequencesOption = (description: string): Option =>
  new Option(
    "-o, --output <file>",
    `${description}: ${extensions.join(", ")}`,
  ).argParser((text) => {
    if (!extensions.some((known) => text.toLowerCase().endsWith(known)))
      throw new InvalidArgumentError(
        `Expected one of the extensions ${extensions.join(", ")}.`,
      );
    return text;
  });

/** `>id name=value ...` and the sequence. */
export const fastaText = (rows: readonly NamedRow[]): string =>
  rows
    .map(({ id, sequence, facts }) => {
      const said = Object.entries(facts).map(([k, v]) => ` ${k}=${v}`);
      return `>${id}${said.join("")}\n${sequence}\n`;
    })
    .join("");

/** Writes all rows, or nothing: the file appears whole. */
export async function writeSequences(
  file: string,
  rows: readonly NamedRow[],
): Promise<void> {
  const { atomically } = await import("../unirep/index.ts");
  const { stringify } = await import("csv-stringify/sync");
  const text = file.toLowerCase().endsWith(".csv")
    ? stringify(
        rows.map(({ id, sequence, facts }) => ({ id, sequence, ...facts })),
        { header: true },
      )
    : fastaText(rows);
  await atomically([file], ([temporary]) => writeFile(temporary, text));
}

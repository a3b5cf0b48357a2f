/** @file A CSV or TSV file of sequences and what was measured of them. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parse } from "csv-parse/sync";
import { normalizeSequence } from "../unirep/index.ts";

export interface LabelledTable {
  readonly sequences: { readonly id: string; readonly sequence: string }[];
  /** All numbers, or all labels. */
  readonly targets: number[] | string[];
  readonly residues: number;
  readonly file: { file: string; bytes: number; sha256: string };
}

interface Row {
  readonly record: Readonly<Record<string, string>>;
  readonly info: { readonly lines: number };
}

/**
 * Reads the two columns; the id of a sequence is its line. Targets are numbers if every cell is one and `asLabels` is false,
 * and labels otherwise. A missing column, an empty cell and a letter that is no amino acid are Errors naming file and line.
 */
export async function readLabelled(
  file: string,
  columns: { readonly sequence: string; readonly target: string },
  { asLabels, gaps }: { asLabels: boolean; gaps: "refuse" | "remove" },
): Promise<LabelledTable> {
  const bytes = await readFile(file);
  const rows = parseRows(file, bytes);
  const header = Object.keys(rows[0]?.record ?? {});
  for (const name of Object.values(columns))
    if (!header.includes(name))
      throw new Error(
        `${file}: expected a column ${name}, got ${header.length === 0 ? "no rows" : header.join(", ")}`,
      );
  const cell = ({ record, info }: Row, name: string): string => {
    const text = record[name].trim();
    if (text === "")
      throw new Error(`${file}, line ${info.lines}: expected a ${name}, got an empty cell`); // prettier-ignore
    return text;
  };
  const sequences = rows.map((row) => {
    const who = `${file}, line ${row.info.lines}`;
    const { sequence } = normalizeSequence(cell(row, columns.sequence), { gaps, who }); // prettier-ignore
    return { id: String(row.info.lines), sequence };
  });
  const labels = rows.map((row) => cell(row, columns.target));
  const numbers = labels.map(Number);
  return {
    sequences,
    targets: asLabels || !numbers.every(Number.isFinite) ? labels : numbers,
    residues: sequences.reduce((sum, { sequence }) => sum + sequence.length, 0),
    file: {
      file,
      bytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    },
  };
}

function parseRows(file: string, bytes: Buffer): Row[] {
  try {
    return parse(bytes, {
      columns: true,
      info: true,
      bom: true,
      skip_empty_lines: true,
      delimiter: /\.(tsv|tab)$/i.test(file) ? "\t" : ",",
    }) as unknown as Row[];
  } catch (error) {
    throw new Error(
      `${file}: expected a table with a header and as many cells in every line: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

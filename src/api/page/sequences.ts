/** @file Proteins of the user: few enough to be embedded at once, or files for a job. */
import { isGzip, parseFasta, readHeaders, type FastaRecord } from "./fasta.ts";

export interface Sequences {
  readonly text: string;
  readonly files: readonly File[];
}

/** What waits for an answer without seeing how far it is must not take long. */
const atOnce = { bytes: 500_000, sequences: 128, residues: 20_000 };

/** All records where they are few and plain FASTA, or null: the rest is for a job. */
export async function fewRecords({
  text,
  files,
}: Sequences): Promise<readonly FastaRecord[] | null> {
  const size = text.length + files.reduce((sum, file) => sum + file.size, 0);
  if (size > atOnce.bytes) return null;
  const texts = text.trim() === "" ? [] : [text];
  for (const file of files) {
    if (await isGzip(file)) return null;
    const content = await file.text();
    // Other formats are for the service to read.
    if (!/^\uFEFF?\s*>/.test(content)) return null;
    texts.push(content);
  }
  const records = texts.flatMap(parseFasta);
  const residues = records.reduce((sum, x) => sum + x.sequence.length, 0);
  const few = records.length <= atOnce.sequences && residues <= atOnce.residues;
  return few ? records : null;
}

/** As files for a job; pasted text is the first of them. */
export function filesOf({ text, files }: Sequences): readonly File[] {
  if (text.trim() === "") return files;
  const named = /^\s*>/m.test(text) ? text : `>seq-1\n${text.trim()}\n`;
  return [new File([named], "pasted.fasta"), ...files];
}

/** What a job of them is called: the name of the first file. */
export const nameOf = ([first]: readonly File[]): string =>
  first.name.replaceAll(/\p{Cc}/gu, " ").slice(0, 200);

/** Headers of the first `most` records by id, for labels; none of files that are no FASTA. */
export async function headersOf(
  files: readonly File[],
  most: number,
): Promise<ReadonlyMap<string, string>> {
  const headers = new Map<string, string>();
  for (const file of files)
    for (const [id, header] of await readHeaders(file, most))
      if (!headers.has(id) && headers.size < most) headers.set(id, header);
  return headers;
}

/** @file GenPept, protein GenBank and SnapGene through `@teselagen/bio-parsers`, with what that library drops silently refused aloud. */
import { isUtf8 } from "node:buffer";
import path from "node:path";
import {
  type GapPolicy,
  LetterError,
  type NormalizedSequence,
  normalizeSequence,
} from "../alphabet.ts";
import { type FlatEntry, readFlatEntry, splitFlatFile } from "./genbank.ts";
import {
  type Parsed,
  type ParsedRecord,
  SequenceError,
  type SequencePlace,
  splitHeader,
} from "./parsed.ts";
import { readSnapGene } from "./snapgene.ts";

export interface AnnotatedOptions {
  /** Path as the user gave it, for records and errors. */
  readonly file: string;
  readonly format: "genbank" | "snapgene";
  readonly gaps?: GapPolicy;
  /** Bytes the file may hold, unpacked. Default 64 MiB: the parser needs the whole text in memory several times over. */
  readonly maxBytes?: number;
  /** Residues one record may hold; by default as many as the file. */
  readonly maxResidues?: number;
}

/** What is used of the library's answer; its own type declarations do not resolve under NodeNext. */
interface Answer {
  readonly success: boolean;
  readonly messages?: readonly string[];
  readonly parsedSequence?: {
    readonly name?: unknown;
    readonly description?: unknown;
    readonly sequence: string;
  };
}
type RecordPlace = SequencePlace & {
  readonly record: number;
  readonly line: number;
};
/** Binary content, wrapped because the library's bundled `Buffer` does not know Node's. */
interface FileObject {
  readonly buffer: Uint8Array;
}
type AnyToJson = (
  content: string | FileObject,
  options: Record<string, unknown>,
) => Promise<Answer[]>;

/** Reads an annotated file and yields each record, or the reason it was refused, as a batch of one. */
export async function* readAnnotated(
  bytes: AsyncIterable<Uint8Array>,
  options: AnnotatedOptions,
): AsyncGenerator<readonly Parsed[]> {
  const { file, format, gaps = "refuse", maxBytes = 64 * 2 ** 20 } = options;
  const { maxResidues = maxBytes } = options;
  const bounded = async (parsed: Promise<ParsedRecord>) => {
    const { record, ...rest } = await parsed;
    const { length } = record.sequence;
    if (length > maxResidues)
      throw new SequenceError(
        record,
        `expected at most ${maxResidues} residues in one record, got ${length}`,
      );
    return { record, ...rest };
  };
  const content = await collect(bytes, file, maxBytes);
  // Loaded here because it is large and most users read FASTA.
  const { anyToJson } = (await import("@teselagen/bio-parsers")) as unknown as {
    anyToJson: AnyToJson;
  };
  if (format === "snapgene") {
    const place = { file, record: 1, line: 1 };
    const parsed = snapGeneRecord(anyToJson, content, place, gaps);
    yield [await attempt(bounded(parsed))];
    return;
  }
  if (!isUtf8(content)) {
    throw new SequenceError(
      { file },
      "expected text in UTF-8, got bytes that are not",
    );
  }
  const text = content.toString("utf8").replace(/^\uFEFF/, "");
  let entries = 0;
  for (const entry of splitFlatFile(text)) {
    const place = { file, record: ++entries, line: entry.line };
    const parsed = flatRecord(anyToJson, entry, place, gaps);
    yield [await attempt(bounded(parsed))];
  }
  if (entries === 0) {
    throw new SequenceError(
      { file },
      "expected GenPept records starting with LOCUS, got none",
    );
  }
}

async function flatRecord(
  anyToJson: AnyToJson,
  entry: FlatEntry,
  place: RecordPlace,
  gaps: GapPolicy,
): Promise<ParsedRecord> {
  const { text, raw, ...normalized } = readFlatEntry(entry, place, gaps);
  const answer = await askLibrary(
    anyToJson,
    text,
    `${baseName(place.file)}.gp`,
    place,
  );
  if (answer.sequence !== raw) {
    const got = `the parser's ${answer.sequence.length}`;
    throw new SequenceError(
      place,
      `expected the ${raw.length} letters of the ORIGIN section, got ${got}`,
    );
  }
  return finish(answer, place, normalized);
}

async function snapGeneRecord(
  anyToJson: AnyToJson,
  content: Buffer,
  place: RecordPlace,
  gaps: GapPolicy,
): Promise<ParsedRecord> {
  const { bytes, residues } = readSnapGene(content, place.file);
  const name = baseName(place.file);
  const answer = await askLibrary(
    anyToJson,
    { buffer: bytes },
    `${name}.prot`,
    place,
  );
  if (answer.sequence.length !== residues) {
    const got = `the parser's ${answer.sequence.length}`;
    throw new SequenceError(
      place,
      `expected the ${residues} letters of the protein block, got ${got}`,
    );
  }
  try {
    // A label that reads as a number comes back changed (007 as 7): the file's name stands in for it.
    const label = typeof answer.name === "string" ? answer.name : name;
    return finish(
      { ...answer, name: label },
      place,
      normalizeSequence(answer.sequence, { gaps }),
    );
  } catch (error) {
    if (!(error instanceof LetterError)) throw error;
    throw new SequenceError({ ...place, column: error.column }, error.reason);
  }
}

/**
 * One record through the library. Without `isProtein` it deletes L, P, F, Q, E and I as no nucleotides; a message means that it
 * changed or dropped something, so a record that comes with one is refused. Gaps pass, for our own policy to judge.
 */
async function askLibrary(
  anyToJson: AnyToJson,
  content: string | FileObject,
  fileName: string,
  place: SequencePlace,
): Promise<NonNullable<Answer["parsedSequence"]>> {
  // The library writes to its options, so each call gets its own.
  const options = {
    fileName,
    isProtein: true,
    parseName: false,
    additionalValidChars: "-.",
  };
  const answers = await anyToJson(content, options);
  const [answer] = answers;
  const messages = answers.flatMap(({ messages = [] }) => messages);
  if (
    answers.length !== 1 ||
    !answer.success ||
    !answer.parsedSequence ||
    messages.length > 0
  ) {
    const got =
      messages.length > 0 ? messages.join("; ") : `${answers.length} records`;
    throw new SequenceError(
      place,
      `expected one protein that parses without remarks, got: ${got}`,
    );
  }
  return answer.parsedSequence;
}

function finish(
  {
    name,
    description,
  }: { readonly name?: unknown; readonly description?: unknown },
  place: RecordPlace,
  { sequence, gapsRemoved, rare }: NormalizedSequence,
): ParsedRecord {
  const text = [name, description]
    .filter((part) => typeof part === "string")
    .join(" ");
  const header = splitHeader(text);
  if (header.id === "") {
    throw new SequenceError(place, "expected a record with a name, got none");
  }
  const { file, record, line } = place;
  return {
    record: { ...header, sequence, file, record, line },
    gapsRemoved,
    rare,
  };
}

/** What stands in for the name of a record that has none. */
function baseName(file: string): string {
  return path.parse(file.replace(/\.gz$/i, "")).name;
}

/** A refused record as its error; a file-level failure stays thrown. */
async function attempt(parsed: Promise<ParsedRecord>): Promise<Parsed> {
  try {
    return await parsed;
  } catch (error) {
    if (error instanceof SequenceError && error.record !== undefined) {
      return error;
    }
    throw error;
  }
}

async function collect(
  bytes: AsyncIterable<Uint8Array>,
  file: string,
  maxBytes: number,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > maxBytes) {
      const advice =
        "annotated files are read whole; convert it to FASTA, which is streamed";
      throw new SequenceError(
        { file },
        `expected at most ${maxBytes} bytes in this format, got more; ${advice}`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

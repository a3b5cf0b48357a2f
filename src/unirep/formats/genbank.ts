/** @file GenPept and protein GenBank text, cut into records: what must be right before a parser is let near one. */
import {
  type GapPolicy,
  LetterError,
  normalizeSequence,
  type NormalizedSequence,
} from "../alphabet.ts";
import { SequenceError, type SequencePlace } from "./parsed.ts";

/** The lines of one flat-file entry, from LOCUS to `//`. */
export interface FlatEntry {
  /** 1-based line of the entry's first line. */
  readonly line: number;
  readonly lines: readonly string[];
}

/** Cuts a flat file after every `//` and before every LOCUS; blank lines between entries are layout. */
export function* splitFlatFile(text: string): Generator<FlatEntry> {
  let open: { line: number; lines: string[] } | undefined;
  let line = 0;
  for (const content of textLines(text)) {
    line++;
    if (open === undefined || content.startsWith("LOCUS")) {
      if (content.trim() === "") continue;
      if (open !== undefined) yield open;
      open = { line, lines: [] };
    }
    open.lines.push(content);
    if (!isEnd(content)) continue;
    yield open;
    open = undefined;
  }
  if (open !== undefined) yield open;
}

/** One by one: a small packed file can hold more lines than memory holds strings. */
function* textLines(text: string): Generator<string> {
  let from = 0;
  for (const { 0: end, index } of text.matchAll(/\r\n|\r|\n/g)) {
    yield text.slice(from, index);
    from = index + end.length;
  }
  yield text.slice(from);
}

/**
 * The protein of one entry, read from its ORIGIN section, and the entry without its feature table: annotations are of no use here
 * and must not get a good sequence refused. Throws a SequenceError for DNA, for an entry that is cut off, for a sequence
 * that is not as long as LOCUS declares, and for letters outside the alphabet.
 */
export function readFlatEntry(
  { line, lines }: FlatEntry,
  place: SequencePlace,
  gaps: GapPolicy,
): NormalizedSequence & { text: string; raw: string } {
  // No more of the line than a name can need: the pattern takes time that grows with a power of it.
  const locus = /^LOCUS\s+(\S.*?)\s+(\d+)\s+([a-z]+)\b/i.exec(
    lines[0].slice(0, 1000),
  );
  if (!locus) {
    throw new SequenceError(
      { ...place, line },
      `expected a LOCUS line with a name and a length in aa, got ${JSON.stringify(lines[0].slice(0, 40))}`,
    );
  }
  const [, name, declared, unit] = locus;
  const here = { ...place, line, id: name.split(/\s/, 1)[0] };
  if (unit.toLowerCase() !== "aa") {
    const advice =
      "save the proteins of its CDS translations as FASTA and read that";
    throw new SequenceError(
      here,
      `expected a protein with a length in aa, got nucleotides (${declared} ${unit}); ${advice}`,
    );
  }
  if (!isEnd(lines[lines.length - 1])) {
    throw new SequenceError(
      here,
      "expected the record to end in //, got the end of its text; the file may be cut off",
    );
  }
  const origin = lines.findIndex((text) => text.startsWith("ORIGIN"));
  if (origin < 0) {
    throw new SequenceError(
      here,
      "expected an ORIGIN section that holds the sequence, got none",
    );
  }

  // A position number may open a line; digits further on are refused, where parsers delete them.
  const body = lines
    .slice(origin + 1, -1)
    .map((text) =>
      text.replace(/^\s*\d+/, (number) => " ".repeat(number.length)),
    );
  const normalized = normalizeBody(
    body.join("\n"),
    { ...here, line: line + origin + 1 },
    gaps,
  );
  const raw = body.join("").replace(/\s/g, "");
  const length = Number(declared);
  if (raw.length !== length && raw.replace(/\*$/, "").length !== length) {
    throw new SequenceError(
      here,
      `expected the ${declared} aa that LOCUS declares, got ${raw.length}; the record may be cut off or edited`,
    );
  }
  return { ...normalized, raw, text: withoutFeatures(lines).join("\n") };
}

function normalizeBody(
  body: string,
  first: SequencePlace & { line: number },
  gaps: GapPolicy,
): NormalizedSequence {
  try {
    return normalizeSequence(body, { gaps });
  } catch (error) {
    if (!(error instanceof LetterError)) throw error;
    if (error.letter === "") {
      throw new SequenceError({ ...first, line: first.line - 1 }, error.reason);
    }
    const before = body.slice(0, error.column - 1).split("\n");
    const line = first.line + before.length - 1;
    throw new SequenceError(
      { ...first, line, column: before[before.length - 1].length + 1 },
      error.reason,
    );
  }
}

function withoutFeatures(lines: readonly string[]): string[] {
  let inside = false;
  return lines.filter((text) => {
    if (/^\S/.test(text)) inside = text.startsWith("FEATURES");
    return !inside;
  });
}

function isEnd(line: string): boolean {
  return line.trimEnd() === "//";
}

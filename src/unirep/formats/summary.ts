/** @file What reading sequences counted, so that a caller can say what was changed, skipped or unusual. */
import { type RareLetter, rareLetters } from "../alphabet.ts";
import type { ParsedRecord } from "./parsed.ts";

/** Counts over the records handed out so far; `readSequences` adds to it in place. */
export interface ReadSummary {
  records: number;
  residues: number;
  /** Records refused and left out. */
  skipped: number;
  /** Gap characters removed from records that were kept. */
  gapsRemoved: number;
  /** How often each letter occurred that the published weights were never trained on. */
  readonly rare: Record<RareLetter, number>;
  /** Records that hold at least one such letter. */
  recordsWithRare: number;
}

export function emptySummary(): ReadSummary {
  const rare = Object.fromEntries(
    rareLetters.map((letter) => [letter, 0]),
  ) as Record<RareLetter, number>;
  return {
    records: 0,
    residues: 0,
    skipped: 0,
    gapsRemoved: 0,
    rare,
    recordsWithRare: 0,
  };
}

/** One sentence on the letters that the weights know little of; null where there are none. */
export function rareLettersSentence({
  rare,
  recordsWithRare,
}: ReadSummary): string | null {
  if (recordsWithRare === 0) return null;
  const letters = Object.entries(rare)
    .filter(([, count]) => count > 0)
    .map(([letter, count]) => `${letter} ${count}`);
  return `${recordsWithRare} record${recordsWithRare === 1 ? "" : "s"} with letters that the published 1900-unit weights were never trained on: ${letters.join(", ")}`;
}

export function addToSummary(
  summary: ReadSummary,
  { record, gapsRemoved, rare }: ParsedRecord,
): void {
  summary.records++;
  summary.residues += record.sequence.length;
  summary.gapsRemoved += gapsRemoved;
  if (rare === undefined) return;
  const counts = Object.entries(rare) as [RareLetter, number][];
  for (const [letter, count] of counts) summary.rare[letter] += count;
  if (counts.length > 0) summary.recordsWithRare++;
}

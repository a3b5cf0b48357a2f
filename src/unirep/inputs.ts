/** @file What callers hand over as sequences, brought to one form: id and upper-case letters. */
import { normalizeSequence, type RareCounts } from "./alphabet.ts";

/** A sequence, with or without an id; records of `readSequences` fit. */
export type SequenceInput =
  string | { readonly id?: string; readonly sequence: string };

export interface NamedSequence {
  readonly id: string;
  readonly sequence: string;
}

/**
 * Sequence number `index` (from 0) checked and upper-cased. Without an id it is called by its place, from 1, as in
 * error messages. Throws a LetterError naming the place, the letter and its column.
 */
export function nameSequence(
  input: SequenceInput,
  index: number,
): NamedSequence & { readonly rare: RareCounts } {
  const place = `sequence ${index + 1}`;
  if (typeof input !== "string" && typeof input?.sequence !== "string") {
    throw new TypeError(
      `${place}: expected a string or an object with a sequence, got ${typeof input}`,
    );
  }
  const { id = String(index + 1), sequence: raw } =
    typeof input === "string" ? { sequence: input } : input;
  const who =
    typeof input !== "string" && input.id !== undefined
      ? `${place} (${id})`
      : place;
  const { sequence, rare } = normalizeSequence(raw, { who });
  return { id, sequence, rare };
}

/** Warns once a call about letters that weights know little of. */
export function rareLetterWarning(
  who: string,
): (sequence: NamedSequence & { readonly rare: RareCounts }) => void {
  let warned = false;
  return ({ id, rare }) => {
    const letters = Object.keys(rare);
    if (warned || letters.length === 0) return;
    warned = true;
    process.emitWarning(
      `${who}: sequence ${id} holds ${letters.join(", ")}, letters the published 1900-unit weights were never trained on`,
      { code: "UNIREP_RARE_LETTER" },
    );
  };
}

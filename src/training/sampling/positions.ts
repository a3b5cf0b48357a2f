/** @file Which residues may change: residue numbers and ranges, counted from 1 as proteins are numbered. */

/** Residue numbers from 1, and ranges of them with both ends: `[[29, 110], 115]`. */
export type Positions = readonly (
  number | readonly [first: number, last: number]
)[];

/** The 20 amino acids that every set of weights was trained on. */
export const standardLetters = "ACDEFGHIKLMNPQRSTVWY";

/** Indices from 0, ascending and distinct; all of them if `positions` is not given. */
export function resolvePositions(
  who: string,
  positions: Positions | undefined,
  length: number,
): number[] {
  if (positions === undefined) return Array.from({ length }, (_, i) => i);
  const found = new Set<number>();
  for (const entry of positions) {
    const [first, last] = typeof entry === "number" ? [entry, entry] : entry;
    const fits =
      Number.isInteger(first) &&
      Number.isInteger(last) &&
      first >= 1 &&
      first <= last &&
      last <= length;
    if (!fits)
      throw new RangeError(
        `${who}: expected positions from 1 to ${length}, the length of the sequence, got ${first === last ? first : `${first} to ${last}`}`,
      );
    for (let at = first; at <= last; at++) found.add(at - 1);
  }
  return [...found].sort((a, b) => a - b);
}

/** Throws unless `letters` are at least two different ones of the 20 amino acids. */
export function checkLetters(who: string, letters: string): void {
  const isKnown = [...letters].every((x) => standardLetters.includes(x));
  if (!isKnown || new Set(letters).size < letters.length || letters.length < 2)
    throw new RangeError(
      `${who}: expected letters to be two or more different ones of ${standardLetters}, got ${JSON.stringify(letters)}`,
    );
}

/** Throws unless every letter of `sequence` at `sites` is one of `letters`. */
export function checkSites(
  who: string,
  sequence: string,
  sites: readonly number[],
  letters: string,
): void {
  const bad = sites.find((i) => !letters.includes(sequence[i]));
  if (bad !== undefined)
    throw new RangeError(
      `${who}: expected the letters of positions that may change to be among ${letters}, got ${sequence[bad]} at position ${bad + 1} of ${shorten(sequence)}; leave the position out of positions`,
    );
}

/** Throws unless every letter of `sequence` has a column in a relaxed one. */
export function checkKnown(
  who: string,
  sequence: string,
  letters: string,
): void {
  const at = [...sequence].findIndex((letter) => !letters.includes(letter));
  if (at >= 0)
    throw new RangeError(
      `${who}: expected letters of the objective, ${letters}, got ${sequence[at]} at position ${at + 1} of ${shorten(sequence)}`,
    );
}

/** A sequence as an error sentence shows it. */
export const shorten = (sequence: string): string =>
  sequence.length <= 30 ? sequence : `${sequence.slice(0, 27)}...`;

/** Number of places in which two sequences of one length differ. */
export function hamming(a: string, b: string): number {
  let count = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) count++;
  return count;
}

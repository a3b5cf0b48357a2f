/** @file The protein alphabet: which letters are accepted, what is done with the others, and the token of each. */

/** Tokens that stand for no single amino acid; `unknown` is shared by X, Z, B and J. */
export const tokens = { pad: 0, unknown: 23, start: 24, stop: 25 } as const;

/** The 22 amino acids with a token of their own, in token order: the letter at index i has token i + 1 (churchlab/UniRep `data_utils.py`). */
export const aminoAcids = "MRHKDESTNQCUGPAVIFYWLO";

/** Letters the published 1900-unit weights were never trained on: accepted, and counted so that a caller can warn. */
export const rareLetters = ["U", "O", "X", "B", "Z", "J"] as const;
export type RareLetter = (typeof rareLetters)[number];
export type RareCounts = Readonly<Partial<Record<RareLetter, number>>>;

/** What to do with alignment gaps: `-` and `.` are refused unless the caller says to remove them. */
export type GapPolicy = "refuse" | "remove";

/** The letter policy by character; a character that is listed nowhere is refused. Letters may come in lower case. */
const policy = {
  layout: " \t\r\n",
  gap: "-.",
  stop: "*",
  rare: rareLetters.join(""),
  standard: "ACDEFGHIKLMNPQRSTVWY",
};

/** Classes of `letterTable`: every one is below the code of "A", so that a larger entry is an accepted letter. */
export const letterClass = {
  refused: 0,
  layout: 1,
  gap: 2,
  stop: 3,
  rare: 4,
} as const;

/** (256) For each byte the upper-case code of a standard amino acid, or the byte's class. */
export const letterTable: Uint8Array = (() => {
  const table = new Uint8Array(256);
  for (const name of ["layout", "gap", "stop", "rare"] as const) {
    for (const letter of policy[name]) {
      table[letter.charCodeAt(0)] = letterClass[name];
      table[letter.toLowerCase().charCodeAt(0)] = letterClass[name];
    }
  }
  for (const letter of policy.standard) {
    table[letter.charCodeAt(0)] = letter.charCodeAt(0);
    table[letter.toLowerCase().charCodeAt(0)] = letter.charCodeAt(0);
  }
  return table;
})();

/** (256) Token of each upper-case letter, 0 where there is none. */
const tokenTable: Uint8Array = (() => {
  const table = new Uint8Array(256);
  for (const letter of "XZBJ") table[letter.charCodeAt(0)] = tokens.unknown;
  [...aminoAcids].forEach((letter, i) => (table[letter.charCodeAt(0)] = i + 1));
  return table;
})();

/** Tokens of a normalised sequence, residues only: (L), without start and stop. RangeError on any other letter. */
export function encode(sequence: string): Uint8Array {
  const out = new Uint8Array(sequence.length);
  for (let i = 0; i < sequence.length; i++) {
    const token = tokenTable[sequence.charCodeAt(i)];
    if (!token) {
      throw new RangeError(
        `encode: expected upper-case amino-acid letters, got "${at(sequence, i)}" at position ${i + 1}`,
      );
    }
    out[i] = token;
  }
  return out;
}

/** Letters of residue tokens; the shared token of X, Z, B and J reads as X. RangeError on pad, start, stop and anything else. */
export function decode(residues: ArrayLike<number>): string {
  return Array.from(residues, (token, i) => {
    const letter = token === tokens.unknown ? "X" : aminoAcids[token - 1];
    if (letter === undefined) {
      throw new RangeError(
        `decode: expected residue tokens 1 to ${tokens.unknown}, got ${token} at position ${i + 1}`,
      );
    }
    return letter;
  }).join("");
}

/** Why a text is no protein sequence; `reason` is the sentence without who and where. */
export class LetterError extends Error {
  override readonly name = "LetterError";
  readonly reason: string;
  /** The offending character, empty when the sequence itself is. */
  readonly letter: string;
  /** 1-based position in the text as it was given. */
  readonly column: number;

  constructor(
    who: string,
    problem: { reason: string; letter: string; column: number },
  ) {
    const where = problem.letter === "" ? "" : ` at position ${problem.column}`;
    super(`${who}: ${problem.reason}${where}`);
    this.reason = problem.reason;
    this.letter = problem.letter;
    this.column = problem.column;
  }
}

/** The sentence for one refused character, shared by strings and files. `shown` is the character as it can be printed. */
export function letterReason(kind: number, shown: string): string {
  if (kind === letterClass.gap) {
    return `expected amino-acid letters, got the alignment gap ${shown} (gaps are removed when asked for: gaps: "remove", --gaps remove)`;
  }
  if (kind === letterClass.stop)
    return `expected amino-acid letters, got ${shown} before the end of the sequence`;
  return `expected amino-acid letters, got ${shown}`;
}

export const emptyReason =
  "expected at least one amino-acid letter, got an empty sequence";

export interface NormalizedSequence {
  /** Upper-case letters with a token, at least one. */
  readonly sequence: string;
  readonly gapsRemoved: number;
  readonly rare: RareCounts;
}

const onlyStandard = new RegExp(`^[${policy.standard}]+$`);

/**
 * Applies the letter policy to a text: upper-cases, drops white space and one terminal `*`, counts rare letters, and throws a
 * LetterError naming `who` and the first character that must not be there.
 */
export function normalizeSequence(
  raw: string,
  {
    gaps = "refuse",
    who = "sequence",
  }: { gaps?: GapPolicy; who?: string } = {},
): NormalizedSequence {
  if (onlyStandard.test(raw))
    return { sequence: raw, gapsRemoved: 0, rare: {} };

  const rare: Partial<Record<RareLetter, number>> = {};
  const letters: string[] = [];
  let gapsRemoved = 0;
  let stop = -1;
  const refuse = (kind: number, i: number): never => {
    const letter = at(raw, i);
    throw new LetterError(who, {
      reason: letterReason(kind, JSON.stringify(letter)),
      letter,
      column: i + 1,
    });
  };
  for (let i = 0; i < raw.length; i++) {
    // Beyond the table lie only characters that no sequence may hold.
    const entry = letterTable[raw.charCodeAt(i)] ?? letterClass.refused;
    if (entry === letterClass.layout) continue;
    if (entry === letterClass.gap && gaps === "remove") {
      gapsRemoved++;
      continue;
    }
    if (entry === letterClass.refused || entry === letterClass.gap)
      refuse(entry, i);
    if (stop >= 0) refuse(letterClass.stop, stop);
    if (entry === letterClass.stop) {
      stop = i;
      continue;
    }
    const letter = raw.charAt(i).toUpperCase();
    letters.push(letter);
    if (entry === letterClass.rare)
      rare[letter as RareLetter] = (rare[letter as RareLetter] ?? 0) + 1;
  }
  if (letters.length === 0)
    throw new LetterError(who, { reason: emptyReason, letter: "", column: 1 });
  return { sequence: letters.join(""), gapsRemoved, rare };
}

/** The whole character at a UTF-16 position, so that an error never shows half a surrogate pair. */
function at(text: string, i: number): string {
  return String.fromCodePoint(text.codePointAt(i) ?? 0);
}

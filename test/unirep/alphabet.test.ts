/** @file The alphabet against the published token table, and the letter policy against a table of inputs. */
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import {
  aminoAcids,
  decode,
  encode,
  LetterError,
  letterClass,
  letterTable,
  normalizeSequence,
  rareLetters,
  tokens,
} from "../../src/unirep/alphabet.ts";

// The table of the UniRep paper's code, written out so that it shares nothing with the implementation.
const published = {
  ...{ M: 1, R: 2, H: 3, K: 4, D: 5, E: 6, S: 7, T: 8, N: 9, Q: 10, C: 11 },
  ...{ U: 12, G: 13, P: 14, A: 15, V: 16, I: 17, F: 18, Y: 19, W: 20, L: 21 },
  ...{ O: 22, X: 23, Z: 23, B: 23, J: 23 },
};
const letters = Object.keys(published);
const standard = letters.filter((letter) => !"UOXBZJ".includes(letter));
const protein = fc
  .array(fc.constantFrom(...letters), { minLength: 1 })
  .map((list) => list.join(""));

test.each(Object.entries(published))("%s has token %i", (letter, token) => {
  expect([...encode(letter)]).toEqual([token]);
});

it("keeps pad, start and stop apart from every residue", () => {
  expect(tokens).toEqual({ pad: 0, unknown: 23, start: 24, stop: 25 });
  expect(aminoAcids).toHaveLength(22);
  expect(standard).toHaveLength(20);
});

it("decodes what it encodes, with X for the letters that share a token", () => {
  fc.assert(
    fc.property(protein, (sequence) => {
      expect(decode(encode(sequence))).toBe(sequence.replace(/[ZBJ]/g, "X"));
    }),
  );
});

it("refuses to encode anything but normalised letters", () => {
  expect(() => encode("MKv")).toThrow(
    'encode: expected upper-case amino-acid letters, got "v" at position 3',
  );
  expect(() => encode("M😀")).toThrow('got "😀" at position 2');
});

test.each([0, 24, 25, 26, -1, 1.5, NaN])("refuses to decode %d", (token) => {
  expect(() => decode([1, token])).toThrow(`got ${token} at position 2`);
});

it("classifies every byte", () => {
  const accepted = new Set(standard.map((letter) => letter.charCodeAt(0)));
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCharCode(byte);
    const upper = /[a-z]/.test(character) ? character.toUpperCase() : character;
    const expected = accepted.has(upper.charCodeAt(0))
      ? upper.charCodeAt(0)
      : "UOXBZJ".includes(upper)
        ? letterClass.rare
        : character === "*"
          ? letterClass.stop
          : "-.".includes(character)
            ? letterClass.gap
            : " \t\r\n".includes(character)
              ? letterClass.layout
              : letterClass.refused;
    expect([byte, letterTable[byte]]).toEqual([byte, expected]);
  }
});

describe("normalizeSequence", () => {
  test.each([
    ["MKV", { sequence: "MKV", gapsRemoved: 0, rare: {} }],
    ["mkV", { sequence: "MKV", gapsRemoved: 0, rare: {} }],
    ["MKV*", { sequence: "MKV", gapsRemoved: 0, rare: {} }],
    [" MK\tV *\r\n", { sequence: "MKV", gapsRemoved: 0, rare: {} }],
    ["MKV\nACD", { sequence: "MKVACD", gapsRemoved: 0, rare: {} }],
    [
      "MuUxB",
      { sequence: "MUUXB", gapsRemoved: 0, rare: { U: 2, X: 1, B: 1 } },
    ],
    ["OZJ", { sequence: "OZJ", gapsRemoved: 0, rare: { O: 1, Z: 1, J: 1 } }],
  ])("reads %j", (raw, expected) => {
    expect(normalizeSequence(raw)).toEqual(expected);
  });

  test.each([
    ["MK-.V*--", { sequence: "MKV", gapsRemoved: 4, rare: {} }],
    ["MKV", { sequence: "MKV", gapsRemoved: 0, rare: {} }],
  ])("reads %j when gaps are to be removed", (raw, expected) => {
    expect(normalizeSequence(raw, { gaps: "remove" })).toEqual(expected);
  });

  test.each([
    ["ACDEFGHIKLM7", "7", 12, 'expected amino-acid letters, got "7"'],
    ["M K-V", "-", 4, 'expected amino-acid letters, got the alignment gap "-"'],
    ["M.V", ".", 2, 'expected amino-acid letters, got the alignment gap "."'],
    ["M*V", "*", 2, 'got "*" before the end of the sequence'],
    ["M**", "*", 2, 'got "*" before the end of the sequence'],
    [">id\nMKV", ">", 1, 'got ">"'],
    ["Mé", "é", 2, 'got "é"'],
    // U+0141 ends in the byte of "A", U+212A is upper-cased from "k", U+017F upper-cases to "S".
    ["M\u0141", "\u0141", 2, "expected amino-acid letters"],
    ["M\u212a", "\u212a", 2, "expected amino-acid letters"],
    ["M\u017f", "\u017f", 2, "expected amino-acid letters"],
    ["MK😀V", "😀", 3, 'got "😀"'],
    ["M\u00a0V", "\u00a0", 2, "expected amino-acid letters"],
    ["", "", 1, "expected at least one amino-acid letter"],
    [" *\n", "", 1, "expected at least one amino-acid letter"],
  ])("refuses %j at the first wrong letter", (raw, letter, column, reason) => {
    const error = caught(() => normalizeSequence(raw, { who: "sequence 3" }));
    expect(error).toMatchObject({ letter, column });
    expect(error.message).toContain("sequence 3: ");
    expect(error.message).toContain(reason);
  });

  it("says who, what and where in one sentence", () => {
    expect(() =>
      normalizeSequence("ACDEFGHIKLM7", { who: "sequence 3" }),
    ).toThrow(
      /^sequence 3: expected amino-acid letters, got "7" at position 12$/,
    );
  });

  it("gives encodable letters or a LetterError for any text", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: "binary" }), protein),
        fc.constantFrom("refuse" as const, "remove" as const),
        (raw, gaps) => {
          try {
            const { sequence, rare } = normalizeSequence(raw, { gaps });
            expect(encode(sequence)).toHaveLength(sequence.length);
            for (const letter of rareLetters) {
              expect(rare[letter] ?? 0).toBe(sequence.split(letter).length - 1);
            }
          } catch (error) {
            expect(error).toBeInstanceOf(LetterError);
          }
        },
      ),
    );
  });
});

function caught(run: () => unknown): LetterError {
  try {
    run();
  } catch (error) {
    if (error instanceof LetterError) return error;
  }
  throw new Error("expected a LetterError");
}

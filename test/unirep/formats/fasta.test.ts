/** @file The FASTA reader against a table of files, a brute-force twin, and bio-parsers. */
import { fastaToJson } from "@teselagen/bio-parsers";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { readFasta, SequenceError } from "../../../src/unirep/formats/index.ts";
import { naiveFasta } from "./naive-fasta.ts";
import { all, chunked, outcome } from "./streams.ts";

const file = "a.fasta";
const read = (text: string | Uint8Array, options = {}, sizes?: number[]) =>
  outcome(readFasta(chunked(text, sizes), { file, ...options }));

describe("accepted files", () => {
  test.each<[string, string, object[]]>([
    [
      "one record",
      ">a b c\nMKV\n",
      [{ id: "a", description: "b c", sequence: "MKV", record: 1, line: 1 }],
    ],
    [
      "no newline at the end",
      ">a\nMKV",
      [{ id: "a", description: "", sequence: "MKV" }],
    ],
    [
      "several lines",
      ">a\nMK\nV\n>b\nAC",
      [{ sequence: "MKV" }, { id: "b", sequence: "AC", record: 2, line: 4 }],
    ],
    [
      "CRLF",
      ">a b\r\nMK\r\nV\r\n>c\r\nA",
      [
        { description: "b", sequence: "MKV" },
        { id: "c", line: 4 },
      ],
    ],
    [
      "CR alone",
      ">a\rMK\rV\r>b\rA",
      [{ sequence: "MKV" }, { id: "b", line: 4 }],
    ],
    ["a byte order mark", "\uFEFF>a\nMKV", [{ id: "a", sequence: "MKV" }]],
    [
      "old comments first",
      ";note\n; >not this\n\n>a\nMKV",
      [{ id: "a", line: 4 }],
    ],
    [
      "blank lines",
      "\n\n>a\n\nMK\n\nV\n\n>b\nA",
      [{ sequence: "MKV", line: 3 }, { line: 9 }],
    ],
    ["lower case", ">a\nmkv", [{ sequence: "MKV" }]],
    [
      "a terminal stop",
      ">a\nMKV*\n>b\nMK\n*\n",
      [{ sequence: "MKV" }, { sequence: "MK" }],
    ],
    ["spaces and tabs", ">a\n MK V\t\nAC ", [{ sequence: "MKVAC" }]],
    ["space before the id", "> a  b \nM", [{ id: "a", description: "b" }]],
    ["tab after the id", ">a\tb\tc\nM", [{ id: "a", description: "b\tc" }]],
    [
      "pipes in the id",
      ">sp|P01308|INS_HUMAN Insulin\nM",
      [{ id: "sp|P01308|INS_HUMAN", description: "Insulin" }],
    ],
    ["UTF-8 in the header", ">a Müller é\nM", [{ description: "Müller é" }]],
    [
      "merged headers of nr",
      ">a b\u0001c d\nM",
      [{ description: "b\u0001c d" }],
    ],
    [
      "duplicate ids",
      ">a\nM\n>a\nM",
      [
        { id: "a", record: 1 },
        { id: "a", record: 2 },
      ],
    ],
    ["rare letters", ">a\nMUuX", [{ sequence: "MUUX", rare: { U: 2, X: 1 } }]],
  ])("reads %s", async (_name, text, expected) => {
    expect(await read(text)).toMatchObject(expected);
  });

  it("removes and counts gaps when told to", async () => {
    const [record] = await read(">a\nM-K..V\n-*-\n", { gaps: "remove" });
    expect(record).toMatchObject({ sequence: "MKV", gapsRemoved: 5 });
  });
});

describe("refused records", () => {
  test.each<[string, string, string]>([
    [
      "a digit",
      ">a\nMK\nV7",
      'a.fasta, line 3, column 2, record 1 (a): expected amino-acid letters, got "7"',
    ],
    [
      "a gap",
      ">a\nM-K",
      'line 2, column 2, record 1 (a): expected amino-acid letters, got the alignment gap "-" (gaps are removed when asked for: gaps: "remove", --gaps remove)',
    ],
    [
      "a stop inside",
      ">a\nM*\nK",
      'line 2, column 2, record 1 (a): expected amino-acid letters, got "*" before the end of the sequence',
    ],
    [
      "two stops",
      ">a\nMK**",
      'line 2, column 3, record 1 (a): expected amino-acid letters, got "*"',
    ],
    [
      "a header sign inside a line",
      ">a\nM>b",
      'line 2, column 2, record 1 (a): expected amino-acid letters, got ">"',
    ],
    [
      "a later comment",
      ">a\n;x\nM",
      'line 2, column 1, record 1 (a): expected amino-acid letters, got ";"',
    ],
    [
      "a letter beyond ASCII",
      ">a\nMé",
      "line 2, column 2, record 1 (a): expected amino-acid letters, got byte 0xc3",
    ],
    [
      "a NUL",
      ">a\nM\0",
      "line 2, column 2, record 1 (a): expected amino-acid letters, got byte 0x00",
    ],
    [
      "no sequence",
      ">a b\n\n>c\nM",
      "a.fasta, line 1, record 1 (a): expected at least one amino-acid letter, got an empty sequence",
    ],
    ["only a stop", ">a\n*", "line 1, record 1 (a): expected at least one"],
    [
      "no sequence at the end",
      ">b\nM\n>a",
      "line 3, record 2 (a): expected at least one",
    ],
    [
      "no identifier",
      "> \nM",
      'a.fasta, line 1, record 1: expected an identifier after ">", got none',
    ],
    ["a column after CRLF", ">a\r\nMK\r\nMV7", "line 3, column 3,"],
  ])("names the place of %s", async (_name, text, message) => {
    const items = await read(text);
    const messages = items.flatMap(
      (item) => (item as SequenceError).message ?? [],
    );
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain(message);
  });

  it("refuses a header that is not UTF-8 rather than change it", async () => {
    const items = await read(Buffer.from(">a M\xfcller\nMKV\n>b\nM", "latin1"));
    expect(items).toMatchObject([
      { message: expect.stringContaining("UTF-8") as string, line: 1 },
      { id: "b" },
    ]);
    const replaced = await read(">a \uFFFD\nM");
    expect(replaced).toMatchObject([{ description: "\uFFFD" }]);
  });

  it("goes on with the next record, and reports one error a record", async () => {
    const items = await read(">a\n7\n8*9\n>b\nM\n>c\n-\n");
    expect(items).toMatchObject([
      { line: 2, column: 1, id: "a" },
      { id: "b", sequence: "M" },
      { id: "c", line: 7 },
    ]);
    expect(items).toHaveLength(3);
  });

  test.each([[1], [3], [1000]])(
    "limits a record and a header in chunks of %i",
    async (size) => {
      const text =
        ">a\nMKVAC\n>b\nMKVACDU7\n>c12345678901\nM\n>d\nMK\nVX\n>e\nMKVACX";
      const items = await read(text, { maxResidues: 5, maxHeader: 10 }, [size]);
      expect(items).toMatchObject([
        { id: "a", sequence: "MKVAC" },
        {
          record: 2,
          id: "b",
          line: 3,
          message: expect.stringContaining("at most 5 residues") as string,
        },
        {
          record: 3,
          line: 5,
          message: expect.stringContaining("at most 10 bytes") as string,
        },
        { id: "d", sequence: "MKVX" },
        { record: 5, id: "e" },
      ]);
      expect(items).toHaveLength(5);
    },
  );
});

test.each([
  ["", "a.fasta: expected a FASTA header line"],
  [" \n;only a comment\n", "a.fasta: expected a FASTA header line"],
  [
    "\nMKV\n",
    'a.fasta, line 2, column 1: expected a FASTA header line starting with ">", got "M"',
  ],
  [
    " >a\nMKV\n",
    'a.fasta, line 1, column 2: expected a FASTA header line starting with ">", got ">"',
  ],
])("refuses %j as no FASTA at all", async (text, message) => {
  const reading = all(readFasta(chunked(text), { file }));
  await expect(reading).rejects.toThrow(SequenceError);
  await expect(all(readFasta(chunked(text), { file }))).rejects.toThrow(
    message,
  );
});

describe("properties", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });
  const gaps = fc.constantFrom("refuse" as const, "remove" as const);
  const withoutMessages = (items: unknown[]) =>
    JSON.parse(
      JSON.stringify(items, (key, value: unknown) =>
        key === "message" ? undefined : value,
      ),
    ) as unknown;

  it("reads back what was written, wherever the chunks end", async () => {
    const word = fc.stringMatching(/^[!-~]{1,12}$/);
    const sequence = fc.stringMatching(/^[ACDEFGHIKLMNPQRSTVWYUOXBZJ]{1,40}$/);
    const written = fc.array(
      fc.record({
        id: word,
        description: fc.oneof(fc.constant(""), word),
        sequence,
      }),
      { minLength: 1 },
    );
    const layout = fc.record({
      width: fc.integer({ min: 1, max: 45 }),
      end: fc.constantFrom("\n", "\r\n", "\r"),
    });
    await fc.assert(
      fc.asyncProperty(
        written,
        layout,
        sizes,
        async (records, { width, end }, cut) => {
          const text = records
            .flatMap((r) => [
              `>${r.id} ${r.description}`,
              ...(r.sequence.match(new RegExp(`.{1,${width}}`, "g")) ?? []),
            ])
            .map((line) => line + end)
            .join("");
          const items = await read(text, {}, cut);
          expect(items).toHaveLength(records.length);
          expect(items).toMatchObject(records);
        },
      ),
    );
  });

  it("agrees with the brute-force twin in every record, line and column", async () => {
    const piece = fc.constantFrom(
      ...[
        "\n",
        "\n",
        "\r\n",
        "\r",
        ">",
        "\n>",
        "\n>id ",
        ">x y\n",
        ";",
        "*",
        "-",
        ".",
        " ",
        "\t",
      ],
      ...[
        "M",
        "ACDEFGHIKL",
        "mkv",
        "X",
        "u",
        "7",
        "é",
        "\0",
        "\u00a0",
        "\u0085",
        "W",
        "V",
      ],
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 40 }),
        fc.boolean(),
        fc.boolean(),
        gaps,
        sizes,
        async (pieces, isFasta, hasMark, gap, cut) => {
          const bytes = Buffer.from(
            `${hasMark ? "\uFEFF" : ""}${isFasta ? ">a b\n" : ""}${pieces.join("")}`,
          );
          const expected = naiveFasta(bytes.toString("latin1"), gap);
          expect(
            withoutMessages(await read(bytes, { gaps: gap }, cut)),
          ).toEqual(withoutMessages(expected));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("never fails but with a SequenceError, and never yields another letter, on arbitrary bytes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        gaps,
        sizes,
        async (bytes, gap, cut) => {
          const text = Buffer.concat([Buffer.from(">a\n"), bytes]);
          for (const data of [bytes, text]) {
            const items = await read(data, { gaps: gap }, cut);
            expect(withoutMessages(items)).toEqual(
              withoutMessages(
                naiveFasta(Buffer.from(data).toString("latin1"), gap),
              ),
            );
            for (const { sequence } of items as { sequence?: string }[]) {
              expect(sequence ?? "M").toMatch(
                /^[ACDEFGHIKLMNPQRSTVWYUOXBZJ]+$/,
              );
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("gives what bio-parsers gives on files that both accept", async () => {
    const parse = fastaToJson as unknown as (
      text: string,
      options: object,
    ) => { parsedSequence: { name: string; sequence: string } }[];
    const line = fc.stringMatching(/^[ACDEFGHIKLMNPQRSTVWYUOXBZJacdxy]{1,60}$/);
    const record = fc.record({
      header: fc.stringMatching(/^[!-~]{1,9}( [!-~]{1,9}){0,3}$/),
      lines: fc.array(line, { minLength: 1, maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1 }),
        fc.constantFrom("\n", "\r\n", "\n\n"),
        async (records, end) => {
          const text = records
            .map(({ header, lines }) => [`>${header}`, ...lines, ""].join(end))
            .join("");
          const reference = parse(text, {
            isProtein: true,
            parseName: false,
          }).map(({ parsedSequence: { name, sequence } }) => ({
            header: name,
            sequence: sequence.toUpperCase(),
          }));
          const items = (await read(text)) as {
            id: string;
            description: string;
            sequence: string;
          }[];
          expect(
            items.map(({ id, description, sequence }) => ({
              header: `${id} ${description}`.trim(),
              sequence,
            })),
          ).toEqual(reference);
        },
      ),
    );
  });
});

/** @file GenPept, GenBank and SnapGene: what is read, and that each trap of the parser behind it is closed. */
import { describe, expect, it, test, vi } from "vitest";
import { readAnnotated } from "../../../src/unirep/formats/annotated.ts";
import { chunked, outcome } from "./streams.ts";

const insulin =
  "MALWMRLLPLLALLALWGPDPAAAFVNQHLCGSHLVEALYLVCGERGFFYTPKTRREAEDLQVGQVELGGGPGAGSLQPLALEGSLQKRGIVEQCCTSICSLYQLENYCN";

/** A record as NCBI writes it: sequence lines of 60 in tens, numbered. */
function genpept(
  name: string,
  sequence: string,
  { unit = "aa", length = sequence.length, feature = "" } = {},
): string {
  const lines = (sequence.toLowerCase().match(/.{1,60}/g) ?? []).map(
    (text, i) =>
      `${String(60 * i + 1).padStart(9)} ${(text.match(/.{1,10}/g) ?? []).join(" ")}`,
  );
  return [
    `LOCUS       ${name.padEnd(16)} ${String(length).padStart(11)} ${unit}            linear   PRI 28-JAN-2026`,
    `DEFINITION  RecName: Full=Insulin; Contains: RecName: Full=Insulin B`,
    `            chain; Flags: Precursor.`,
    `ACCESSION   P01308`,
    `VERSION     P01308.1`,
    `FEATURES             Location/Qualifiers`,
    `     source          1..${length}`,
    `                     /organism="Homo sapiens"`,
    ...(feature ? [feature] : []),
    `ORIGIN      `,
    ...lines,
    "//",
    "",
  ].join("\n");
}

/** A SnapGene file block by block: tag, length (4 bytes, big-endian), content. */
function snapgene(...blocks: [tag: number, content: string][]): Buffer {
  const all: [number, string][] = [
    [9, "SnapGene\0\x02\0\x0f\0\x13"],
    ...blocks,
  ];
  return Buffer.concat(
    all.map(([tag, content]) => {
      const head = Buffer.alloc(5);
      head[0] = tag;
      head.writeUInt32BE(content.length, 1);
      return Buffer.concat([head, Buffer.from(content, "latin1")]);
    }),
  );
}

const genbank = (text: string | Buffer, options = {}) =>
  outcome(
    readAnnotated(chunked(text, [1000]), {
      file: "x.gp",
      format: "genbank",
      ...options,
    }),
  );
const snap = (bytes: Buffer, options = {}) =>
  outcome(
    readAnnotated(chunked(bytes, [1000]), {
      file: "dir/my protein.prot.gz",
      format: "snapgene",
      ...options,
    }),
  );
const message = (text: string) => ({
  message: expect.stringContaining(text) as string,
});

describe("GenPept", () => {
  it("reads every record with its whole sequence, name, definition and line", async () => {
    const text =
      genpept("INS_HUMAN", insulin) + "\n" + genpept("GATTACA", "GATTACA");
    const description =
      "RecName: Full=Insulin; Contains: RecName: Full=Insulin B chain; Flags: Precursor.";
    expect(await genbank(text)).toEqual([
      {
        id: "INS_HUMAN",
        description,
        sequence: insulin,
        record: 1,
        line: 1,
        gapsRemoved: 0,
        rare: {},
      },
      {
        id: "GATTACA",
        description,
        sequence: "GATTACA",
        record: 2,
        line: 14,
        gapsRemoved: 0,
        rare: {},
      },
    ]);
  });

  test.each(["\r\n", "\r"])("reads line ends %j", async (end) => {
    const text = genpept("A1", insulin).replaceAll("\n", end);
    expect(await genbank(text)).toMatchObject([
      { id: "A1", sequence: insulin },
    ]);
  });

  it("reads rare letters, a terminal stop and a byte order mark", async () => {
    expect(await genbank("\uFEFF" + genpept("A1", "MUXBZJO*"))).toMatchObject([
      { sequence: "MUXBZJO", rare: { U: 1, X: 1, B: 1, Z: 1, J: 1, O: 1 } },
    ]);
  });

  it("is not put off by annotations", async () => {
    const feature = `     Protein         nonsense\n                     /product="${"very long ".repeat(30)}"\n     Broken`;
    expect(await genbank(genpept("A1", insulin, { feature }))).toMatchObject([
      { sequence: insulin },
    ]);
  });

  it("names a record that SnapGene exported without a name after the file", async () => {
    expect(await genbank(genpept("Exported", insulin))).toMatchObject([
      { id: "x" },
    ]);
  });

  test.each<[string, string, object]>([
    [
      "DNA",
      genpept("pUC19", "acgtacgt", { unit: "bp" }),
      {
        line: 1,
        id: "pUC19",
        ...message(
          "got nucleotides (8 bp); save the proteins of its CDS translations as FASTA",
        ),
      },
    ],
    [
      "a digit among the letters",
      genpept("A1", insulin).replace("malw", "ma7lw"),
      { line: 10, column: 13, id: "A1", ...message('got "7"') },
    ],
    [
      "a gap",
      genpept("A1", "MK-V"),
      { line: 10, column: 13, ...message('the alignment gap "-"') },
    ],
    [
      "a stop inside",
      genpept("A1", `${insulin}*A`),
      { line: 11, ...message('"*" before the end') },
    ],
    [
      "fewer letters than declared",
      genpept("A1", insulin, { length: 111 }),
      message("expected the 111 aa that LOCUS declares, got 110"),
    ],
    [
      "a record without its end",
      genpept("A1", insulin).replace("//\n", ""),
      message("expected the record to end in //"),
    ],
    [
      "a LOCUS line without a length",
      genpept("A1", insulin).replace("110 aa", ""),
      message("expected a LOCUS line with a name and a length in aa"),
    ],
    [
      "no ORIGIN",
      genpept("A1", insulin).replace(/ORIGIN[^/]*/, ""),
      message("expected an ORIGIN section"),
    ],
    [
      "an empty ORIGIN",
      genpept("A1", "", { length: 0 }),
      { line: 9, ...message("got an empty sequence") },
    ],
    [
      "a first sequence line the parser takes for a keyword",
      genpept("A1", insulin).replace("        1 malw", "1 malw"),
      message("without remarks, got: No sequence detected"),
    ],
    [
      "a later sequence line the parser takes for a keyword",
      genpept("A1", insulin).replace("       61 ", "61 "),
      message(
        "expected the 110 letters of the ORIGIN section, got the parser's 60",
      ),
    ],
    [
      "other text",
      "hello\nworld\n//\n",
      { line: 1, ...message('got "hello"') },
    ],
  ])("refuses %s and reads the next record", async (_name, text, expected) => {
    const items = await genbank(text + genpept("B2", "MKV"));
    expect(items).toMatchObject([
      { record: 1, ...expected },
      { record: 2, id: "B2", sequence: "MKV" },
    ]);
  });

  it("removes and counts gaps when told to", async () => {
    const [record] = await genbank(genpept("A1", "MK-.V"), { gaps: "remove" });
    expect(record).toMatchObject({ sequence: "MKV", gapsRemoved: 2 });
  });

  test.each<[string, string | Buffer, string]>([
    [
      "too large",
      genpept("A1", insulin),
      "x.gp: expected at most 100 bytes in this format, got more; annotated files are read whole",
    ],
    [
      "not UTF-8",
      Buffer.from("LOCUS \xff", "latin1"),
      "x.gp: expected text in UTF-8",
    ],
    [
      "blank",
      "\n \n",
      "x.gp: expected GenPept records starting with LOCUS, got none",
    ],
  ])("refuses a file that is %s as a whole", async (_name, text, expected) => {
    const maxBytes = text.length > 100 ? 100 : undefined;
    expect(await genbank(text, maxBytes ? { maxBytes } : {})).toMatchObject([
      { thrown: { ...message(expected), record: undefined } },
    ]);
  });
});

describe("SnapGene", () => {
  const notes =
    "<Notes><CustomMapLabel>INS human</CustomMapLabel><Description>precursor</Description></Notes>";

  it("reads a protein with its label and description", async () => {
    expect(await snap(snapgene([21, `\0${insulin}`], [6, notes]))).toEqual([
      {
        id: "INS",
        description: "human precursor",
        sequence: insulin,
        record: 1,
        line: 1,
        gapsRemoved: 0,
        rare: {},
      },
    ]);
  });

  test.each<[string, [number, string][]]>([
    ["has no notes", [[21, "\0mkv"]]],
    [
      "has a label that XML reads as a number",
      [
        [21, "\0mkv"],
        [6, "<Notes><CustomMapLabel>007</CustomMapLabel></Notes>"],
      ],
    ],
    [
      "has features that no parser takes",
      [
        [10, "<Features><Feature><"],
        [21, "\0mkv"],
      ],
    ],
  ])("takes the name of the file when the file %s", async (_name, blocks) => {
    expect(await snap(snapgene(...blocks))).toMatchObject([
      { id: "my", description: "protein", sequence: "MKV" },
    ]);
  });

  it("leaves gaps to the gap policy", async () => {
    const bytes = snapgene([21, "\0mk-v*"]);
    expect(await snap(bytes)).toMatchObject([
      { column: 3, ...message("alignment gap") },
    ]);
    expect(await snap(bytes, { gaps: "remove" })).toMatchObject([
      { sequence: "MKV", gapsRemoved: 1 },
    ]);
  });

  test.each<[string, Buffer, string]>([
    [
      "DNA",
      snapgene([0, "\0gattaca"]),
      "expected a SnapGene protein, got DNA; export the translated protein",
    ],
    ["packed DNA", snapgene([1, "\0abc"]), "got DNA"],
    [
      "no sequence",
      snapgene([6, notes]),
      "expected a SnapGene protein block with a sequence, got none",
    ],
    ["an empty sequence", snapgene([21, "\0"]), "got none"],
    ["two proteins", snapgene([21, "\0mkv"], [21, "\0mkv"]), "got several"],
    [
      "letters the parser deletes",
      snapgene([21, "\0mk7v"]),
      "without remarks, got: Sequence my protein: Invalid character(s) detected and removed: 7",
    ],
  ])("refuses %s", async (_name, bytes, expected) => {
    expect(await snap(bytes)).toMatchObject([
      { record: 1, ...message(expected) },
    ]);
  });

  test.each<[string, Buffer, string]>([
    [
      "is cut off",
      snapgene([21, `\0${insulin}`]).subarray(0, 60),
      "my protein.prot.gz: expected whole SnapGene blocks, got one cut off at byte 60",
    ],
    [
      "is something else",
      Buffer.from(">a\nMKV"),
      "expected a SnapGene file, got other data",
    ],
  ])("refuses a file as a whole that %s", async (_name, bytes, expected) => {
    const log = vi.spyOn(console, "error");
    expect(await snap(bytes)).toMatchObject([{ thrown: message(expected) }]);
    expect(log).not.toHaveBeenCalled();
  });
});

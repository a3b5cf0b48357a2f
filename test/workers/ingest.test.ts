/** @file The task `ingest`: what becomes of files, what is refused and how it is said, and what hostile files cost. */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGzip, gzipSync } from "node:zlib";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { afterAll, describe, expect, test } from "vitest";
import { readSequences } from "../../src/unirep/index.ts";
import { runIngest } from "../../src/workers/compute/tasks/ingest.ts";
import type { IngestOutcome, TaskParams } from "../../src/workers/compute/tasks.ts"; // prettier-ignore
import { all } from "../unirep/formats/streams.ts";
import { taskContext } from "./task-context.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-ingest-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Content = string | Buffer;
let count = 0;

/** Ingests files given by name and content. */
async function ingest(
  files: readonly (readonly [name: string, content: Content])[],
  limits: Partial<TaskParams<"ingest">> = {},
  signal = new AbortController().signal,
): Promise<{ outcome: IngestOutcome; out: string; text: () => string }> {
  const out = join(folder, `out-${count++}.fasta`);
  const outcome = await runIngest(
    {
      files: files.map(([name, content]) => {
        const path = join(folder, `upload-${count++}`);
        writeFileSync(path, content);
        return { path, name };
      }),
      out,
      maxSequences: 1000,
      maxResidues: 1e6,
      maxLength: 50_000,
      ...limits,
    },
    taskContext<"ingest">({ signal }),
  );
  return { outcome, out, text: () => readFileSync(out, "utf8") };
}

async function problems(...given: Parameters<typeof ingest>) {
  const { outcome } = await ingest(...given);
  if (outcome.ok) expect.fail("the input was accepted");
  return outcome;
}

async function accepted(...given: Parameters<typeof ingest>) {
  const { outcome, ...rest } = await ingest(...given);
  if (!outcome.ok) expect.fail(JSON.stringify(outcome.problems));
  return { ...outcome, ...rest };
}

const genPept = `LOCUS       P1 10 aa linear PLN 01-JAN-2020
DEFINITION  a protein
ACCESSION   P1
ORIGIN
        1 mktayiakqr
//
`;
const snapGene = Buffer.concat([
  Buffer.from("\t\0\0\0\x0eSnapGene\0\x02\0\x0f\0\x14", "latin1"),
  Buffer.from([21, 0, 0, 0, 11, 0]),
  Buffer.from("MKTAYIAKQR"),
]);

describe("what is written", () => {
  test.each<[string, readonly [string, Content][], string]>([
    ["one line a sequence", [["a.fasta", ">p one protein\nMKT\nAYI\n"]], ">p one protein\nMKTAYI\n"],
    ["upper case, without a terminal stop", [["a.fa", ">p\r\nmkt*\r\n"]], ">p\nMKT\n"],
    ["several files in their order, ids as often as they come", [["a.fa", ">p\nMK\n"], ["b.fa", ">p\nAY\n"]], ">p\nMK\n>p\nAY\n"],
    ["gzip of several members", [["a.faa.gz", Buffer.concat([gzipSync(">p\nMK"), gzipSync("T\n>q\nA\n")])]], ">p\nMKT\n>q\nA\n"],
    ["gzip whose name does not say so", [["a.fasta", gzipSync(">p\nMK\n")]], ">p\nMK\n"],
    ["GenPept, known by the name it was uploaded with", [["my proteins.gp", genPept]], ">P1 a protein\nMKTAYIAKQR\n"],
    ["SnapGene, called after its name", [["mine.prot", snapGene]], ">mine\nMKTAYIAKQR\n"],
    ["headers in UTF-8", [["a.fa", ">Ä ü 蛋白\nMK\n"]], ">Ä ü 蛋白\nMK\n"],
  ])("%s", async (_, files, expected) => {
    const { text, sha256, ranges } = await accepted(files);
    expect(text()).toBe(expected);
    expect(sha256).toBe(createHash("sha256").update(expected).digest("hex"));
    expect(ranges.at(-1)?.end).toBe(Buffer.byteLength(expected));
  }); // prettier-ignore

  test("ranges are whole records in order, of about 262,144 residues, and read as FASTA by themselves", async () => {
    const lengths = [200_000, 62_143, 1, 5, 300_000, 7, 262_144, 9];
    const files = lengths.map((length, i) => `>p${i} Ü\n${"M".repeat(length)}\n`); // prettier-ignore
    const { ranges, out, residues, sequences } = await accepted(
      [["a.fasta", files.join("")]],
      { maxLength: 300_000 },
    );
    expect(ranges.map((range) => range.sequences)).toEqual([3, 2, 2, 1]);
    expect(ranges.map((range) => range.first)).toEqual([0, 3, 5, 7]);
    expect([sequences, residues]).toEqual([8, lengths.reduce((a, b) => a + b)]);
    const bytes = readFileSync(out);
    let start = 0;
    for (const range of ranges) {
      expect(range.start).toBe(start);
      start = range.end;
      const path = join(folder, "range");
      writeFileSync(path, bytes.subarray(range.start, range.end));
      const read = await all(readSequences([path]));
      expect(read.map(({ id }) => id)).toEqual(
        lengths.map((_, i) => `p${i}`).slice(range.first, range.first + range.sequences), // prettier-ignore
      );
      expect(read.reduce((sum, r) => sum + r.sequence.length, 0)).toBe(
        range.residues,
      );
    }
    expect(start).toBe(bytes.length);
  });

  test("headers that outweigh their sequences fill a range too", async () => {
    const header = "x".repeat(900_000);
    const { ranges } = await accepted([["a.fa", `>a ${header}\nM\n`.repeat(5)]]); // prettier-ignore
    expect(ranges.map((range) => range.sequences)).toEqual([2, 2, 1]);
  });

  test("rare letters are warned of, in one sentence", async () => {
    const { warnings } = await accepted([["a.fa", ">a\nMXU\n>b\nMX\n>c\nM\n"]]);
    expect(warnings).toEqual([
      "2 records with letters that the published 1900-unit weights were never trained on: U 1, X 2",
    ]);
  });
});

describe("what is refused", () => {
  const many = (n: number, record: string) => record.repeat(n);
  test.each<[string, readonly [string, Content][], Partial<TaskParams<"ingest">>, RegExp[], boolean]>([
    ["a letter, by file, line, column and record", [["my.fa", ">a\nMK\n>b\nM1K\n"]], {}, [/^my\.fa, line 4, column 2, record 2 \(b\): expected amino-acid letters, got "1"$/], false],
    ["every bad record of every file", [["a.fa", ">a\n\n>b\nMK\n>c\nM?\n"], ["b.fa", ">d\nM-K\n"]], {}, [/a\.fa, line 1.*empty sequence/, /a\.fa, line 6.*"\?"/, /b\.fa.*gap/], false],
    ["no more than the first 100 problems, and that there are more", [["a.fa", many(101, ">a\nM1\n")]], {}, Array.from({ length: 100 }, () => /got "1"$/), true],
    ["exactly 100 problems are all there are", [["a.fa", many(100, ">a\nM1\n")]], {}, Array.from({ length: 100 }, () => /got "1"$/), false],
    ["an empty file", [["a.fa", ""]], {}, [/^a\.fa: expected a sequence file, got an empty file$/], false],
    ["a file without a record", [["a.fa", "\n\n"]], {}, [/^a\.fa: .* got none$/], false],
    ["a file that is no text, and the ones after it unread", [["a.bin", Buffer.alloc(9)], ["b.fa", ">a\n1\n"]], {}, [/^a\.bin: .*binary/], true],
    ["gzip that is cut off", [["a.fa.gz", gzipSync(">a\n" + "MKT".repeat(99)).subarray(0, 20)]], {}, [/^a\.fa\.gz: .*cut off/], false],
    ["other data after gzip", [["a.fa.gz", Buffer.concat([gzipSync(">a\nMK\n"), Buffer.from("tail")])]], {}, [/^a\.fa\.gz: /], false],
    ["nucleotides by their extension", [["a.fna", ">a\nACGT\n"]], {}, [/^a\.fna: expected proteins/], false],
    ["one sequence too many", [["a.fa", many(4, ">a\nM\n")]], { maxSequences: 3 }, [/^a\.fa: expected at most 3 sequences in a job, got more$/], true],
    ["one residue too many", [["a.fa", many(4, ">a\nMM\n")]], { maxResidues: 7 }, [/^a\.fa: expected at most 7 residues in a job, got more$/], true],
    ["a sequence that is too long", [["a.fa", ">a\nMKTA\n>b\nMKT\n"]], { maxLength: 3 }, [/record 1 \(a\): expected at most 3 residues in one record, got more$/], false],
    ["a GenPept record that is too long", [["a.gp", genPept]], { maxLength: 9 }, [/record 1 \(P1\): expected at most 9 residues in one record, got 10$/], false],
    ["an id of more than 1000 bytes", [["a.fa", `>${"é".repeat(501)}\nM\n`]], {}, [/expected an identifier of at most 1000 bytes, got 1002$/], false],
    ["NUL in an id", [["a.fa", `>ok\nM\n${"\n".repeat(1.2e6)}>a\0b\nM\n`]], {}, [/record 2 .*without NUL/], false],
    ["a header beyond 1 MiB", [["a.fa", `>a ${"x".repeat(2 ** 20)}\nM\n`]], {}, [/expected a header of at most 1048576 bytes/], false],
  ])("%s", async (_, files, limits, expected, more) => {
    const found = await problems(files, limits);
    expect(found.problems.map(({ detail }) => detail)).toEqual(
      expected.map((sentence) => expect.stringMatching(sentence) as string),
    );
    expect(found.more).toBe(more);
    expect(readdirSync(folder).filter((name) => /^out/.test(name) && /tmp/.test(name))).toEqual([]); // prettier-ignore
  }); // prettier-ignore

  test("a problem says where as numbers too", async () => {
    const { problems: found } = await problems([["my.fa", ">a\nMK\n>b\nM1K\n"]]); // prettier-ignore
    expect(found[0]).toMatchObject({ file: "my.fa", record: 2, line: 4, column: 2 }); // prettier-ignore
  });

  test("nothing is written where anything is refused, even what stood there before stays", async () => {
    const out = join(folder, "before.fasta");
    writeFileSync(out, "before");
    const { outcome } = await ingest([["a.fa", ">a\nMK\n>b\n1\n"]], { out });
    expect(outcome.ok).toBe(false);
    expect(readFileSync(out, "utf8")).toBe("before");
  });

  test("a file that the machine has lost is no fault of the input", async () => {
    const files = [{ path: join(folder, "gone"), name: "a.fa" }];
    await expect(ingest([], { files })).rejects.toThrow(/a\.fa: .*no such file/); // prettier-ignore
  });

  test("no file at all is a mistake of the caller", async () => {
    await expect(ingest([])).rejects.toThrow("ingest: expected at least one file, got none"); // prettier-ignore
  });

  test("an abort ends the reading with its reason and leaves nothing", async () => {
    const stop = new AbortController();
    const text = ">a\nMKTAYIAKQR\n".repeat(500_000);
    const out = join(folder, "aborted.fasta");
    const running = ingest([["a.fa", text]], { out, maxSequences: 1e6, maxResidues: 1e7 }, stop.signal); // prettier-ignore
    setTimeout(() => stop.abort(new Error("cancelled")), 20);
    await expect(running).rejects.toThrow("cancelled");
    expect(readdirSync(folder).filter((name) => name.startsWith("aborted"))).toEqual([]); // prettier-ignore
  });
});

describe("hostile files", () => {
  const cases: readonly (readonly [string, () => Iterable<string>, RegExp])[] = [
    ["256 MB of blank lines", () => repeated("\n".repeat(1 << 20), 256), /unpacked, got more$/],
    ["a header of 256 MB", () => [">", ...repeated("a".repeat(1 << 20), 256)], /unpacked, got more$/],
    ["a sequence of 256 MB", () => [">a\n", ...repeated("M".repeat(1 << 20), 256)], /unpacked, got more$/],
    ["a first line of 256 MB that is no header", () => repeated("a".repeat(1 << 20), 256), /starting with ">"/],
    ["130 million empty records", () => repeated(">\n".repeat(1 << 19), 256), /identifier/],
    ["GenPept of 256 MB of blank lines", () => ["LOCUS", ...repeated("\n".repeat(1 << 20), 256)], /in this format, got more/],
    ["GenPept whose LOCUS line is 60 MB of spaces", () => ["LOCUS", ...repeated(" ".repeat(1 << 20), 60)], /LOCUS line/],
    ["GenPept of 20 million ends of records", () => repeated("//\n".repeat(1 << 18), 80), /LOCUS line/],
  ]; // prettier-ignore

  test.each(cases)(
    "%s cost no more than 600 MB of memory and end in a sentence",
    async (title, content, sentence) => {
      const path = join(folder, "hostile.gz");
      await pipeline(Readable.from(content()), createGzip({ level: 1 }), createWriteStream(path)); // prettier-ignore
      const name = title.startsWith("GenPept") ? "a.gp.gz" : "a.fa.gz";
      const before = process.memoryUsage().rss;
      let peak = 0;
      const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss - before)), 20); // prettier-ignore
      const found = await problems([], {
        files: [{ path, name }],
        maxSequences: 100_000,
      });
      clearInterval(watch);
      expect(found.problems.at(-1)?.detail).toMatch(sentence);
      expect(peak).toBeLessThan(600e6);
    },
    60_000,
  );

  function* repeated(text: string, times: number): Generator<string> {
    for (let i = 0; i < times; i++) yield text;
  }
});

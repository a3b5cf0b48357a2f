/** @file Files as users have them: packed, cut off, misnamed, missing; read through `readSequences`. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { gunzip } from "../../../src/unirep/formats/gzip.ts";
import {
  emptySummary,
  openSequenceFile,
  readSequences,
  SequenceError,
} from "../../../src/unirep/formats/index.ts";
import { all, chunked } from "./streams.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "unirep-formats-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
function write(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}
const fasta = ">a\nMKV\n>b\nACD\n";
const gp = "LOCUS       A1  3 aa  linear\nORIGIN\n        1 mkv\n//\n";

describe("openSequenceFile", () => {
  test.each([
    ...[
      "x.fa",
      "x.fasta",
      "x.FAA",
      "x.fas",
      "x.txt",
      "x.fa.gz",
      "x.pep",
      "x",
      "x.v2",
    ].map((name) => [name, fasta, "fasta"]),
    ...["x.gb", "x.gbk", "x.genbank", "x.gp", "x.gpt"].map((name) => [
      name,
      gp,
      "genbank",
    ]),
    ...["x.dna", "x.prot", "x.Prot.gz"].map((name) => [
      name,
      "\t\0\0\0\x0eSnapGene",
      "snapgene",
    ]),
  ])("knows %s", async (name, content, format) => {
    for (const data of [
      Buffer.from(content, "latin1"),
      gzipSync(Buffer.from(content, "latin1")),
    ]) {
      const opened = await openSequenceFile(write(name, data));
      expect(opened.format).toBe(format);
      expect(Buffer.concat(await all(opened.bytes)).toString("latin1")).toBe(
        content,
      );
      opened.close();
    }
  });

  test.each<[string, string | Uint8Array, string]>([
    ["empty.fa", "", "expected a sequence file, got an empty file"],
    [
      "empty.fa.gz",
      gzipSync(""),
      "expected a sequence file, got an empty file",
    ],
    [
      "zip.fa",
      "PK\x03\x04abc",
      "expected a sequence file, plain or gzip, got zip data",
    ],
    ["bzip2.fa", "BZh91AY", "got bzip2 data"],
    ["xz.fa", Buffer.from("fd377a585a0000", "hex"), "got xz data"],
    ["zstd.fa", Buffer.from("28b52ffd00", "hex"), "got zstd data"],
    [
      "binary.fa",
      ">a\n\0\x01",
      "expected a sequence file in text, got binary data",
    ],
    ["utf16.fa", Buffer.from(fasta, "utf16le"), "got binary data"],
    [
      "genome.fna",
      fasta,
      "expected proteins, got .fna, the extension of nucleotide FASTA; translate it first, or rename it to .faa",
    ],
    [
      "table.csv",
      "id,sequence\na,MKV\n",
      'expected FASTA starting with ">" or one of .fa .fasta .faa .fas .txt .gb .gbk .genbank .gp .gpt .dna .prot (each also with .gz), got another start and the extension .csv',
    ],
    ["noextension", "MKV", "got another start and no known extension"],
  ])("refuses %s in one sentence", async (name, content, message) => {
    const file = write(name, content);
    await expect(openSequenceFile(file)).rejects.toThrow(SequenceError);
    await expect(openSequenceFile(file)).rejects.toThrow(`${file}: `);
    await expect(openSequenceFile(file)).rejects.toThrow(message);
  });
});

describe("gzip", () => {
  it("joins members wherever the chunks end, and takes zero padding", async () => {
    const members = fc.array(fc.uint8Array({ maxLength: 50 }), {
      minLength: 1,
      maxLength: 5,
    });
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(
        members,
        sizes,
        fc.nat(5),
        async (parts, cut, padding) => {
          const packed = Buffer.concat([
            ...parts.map((part) => gzipSync(part)),
            Buffer.alloc(padding),
          ]);
          const bytes = await all(gunzip(chunked(packed, cut)));
          expect(Buffer.concat(bytes)).toEqual(Buffer.concat(parts));
        },
      ),
    );
  });

  it("never ends in silence before the data does", async () => {
    const packed = Buffer.concat([gzipSync(fasta), gzipSync(fasta)]);
    const boundary = packed.length / 2;
    for (let length = 1; length < packed.length; length++) {
      const reading = all(gunzip(chunked(packed.subarray(0, length), [7])));
      if (length === boundary)
        expect(Buffer.concat(await reading).toString()).toBe(fasta);
      else
        await expect(reading, `cut at ${length}`).rejects.toThrow(
          "gzip data that is cut off",
        );
    }
  });

  test.each<[string, Buffer, string]>([
    [
      "a second member after padding",
      Buffer.concat([gzipSync(fasta), Buffer.alloc(4), gzipSync(fasta)]),
      "other data after the gzip data",
    ],
    [
      "text after the member",
      Buffer.concat([gzipSync(fasta), Buffer.from(fasta)]),
      "damaged gzip data (incorrect header check)",
    ],
    [
      "a wrong checksum",
      Buffer.concat([gzipSync(fasta).subarray(0, -8), Buffer.alloc(8, 7)]),
      "damaged gzip data (incorrect data check)",
    ],
  ])("refuses %s", async (_name, packed, message) => {
    for (const size of [1, 5, 1000]) {
      await expect(all(gunzip(chunked(packed, [size])))).rejects.toThrow(
        message,
      );
    }
    const file = write("damaged.fa.gz", packed);
    await expect(all(readSequences([file]))).rejects.toThrow(
      `${file}: expected a readable sequence file, got `,
    );
  });

  it("names the file that is cut off, after the records before the cut", async () => {
    const long = Array.from(
      { length: 50_000 },
      (_, i) => `>r${i}\nMKV${"ACDEFGHIKLMNPQRSTVWY"[(i * i + 3) % 17]}\n`,
    ).join("");
    const packed = gzipSync(long);
    const file = write("cut.fa.gz", packed.subarray(0, packed.length / 2));
    const summary = emptySummary();
    const reading = all(
      readSequences([file], {
        onError: "skip",
        onProblem: () => undefined,
        summary,
      }),
    );
    await expect(reading).rejects.toThrow(
      `${file}: expected a readable sequence file, got gzip data that is cut off`,
    );
    expect(summary.records).toBeGreaterThan(1000);
  });
});

describe("readSequences", () => {
  it("reads all files in order and counts what it read", async () => {
    const summary = emptySummary();
    const files = [
      write("1.fa", ">a\nMK-UUx\n>b\nMK\n"),
      write("2.gp.gz", gzipSync(gp)),
      write("3.faa.gz", gzipSync(">c\nMX*\n")),
    ];
    const records = await all(
      readSequences(files, { gaps: "remove", summary }),
    );
    expect(records).toEqual([
      {
        id: "a",
        description: "",
        sequence: "MKUUX",
        file: files[0],
        record: 1,
        line: 1,
      },
      {
        id: "b",
        description: "",
        sequence: "MK",
        file: files[0],
        record: 2,
        line: 3,
      },
      {
        id: "A1",
        description: "",
        sequence: "MKV",
        file: files[1],
        record: 1,
        line: 1,
      },
      {
        id: "c",
        description: "",
        sequence: "MX",
        file: files[2],
        record: 1,
        line: 1,
      },
    ]);
    expect(summary).toEqual({
      ...{
        records: 4,
        residues: 12,
        skipped: 0,
        gapsRemoved: 1,
        recordsWithRare: 2,
      },
      rare: { U: 2, O: 0, X: 2, B: 0, Z: 0, J: 0 },
    });
  });

  const bad = ">a\nMKV\n>b\nM7\n>c\nMX\n>d\n\n";
  it("throws the first refused record", async () => {
    const file = write("bad.fa", bad);
    const summary = emptySummary();
    await expect(all(readSequences([file], { summary }))).rejects.toMatchObject(
      {
        ...{
          name: "SequenceError",
          file,
          record: 2,
          id: "b",
          line: 4,
          column: 2,
        },
        message: `${file}, line 4, column 2, record 2 (b): expected amino-acid letters, got "7"`,
      },
    );
    expect(summary).toMatchObject({ records: 1, residues: 3, skipped: 0 });
  });

  it("leaves refused records out when told to, and reports each", async () => {
    const problems: SequenceError[] = [];
    const summary = emptySummary();
    const file = write("bad.fa", bad);
    const records = await all(
      readSequences([file], {
        onError: "skip",
        onProblem: (error) => problems.push(error),
        summary,
      }),
    );
    expect(records.map(({ id }) => id)).toEqual(["a", "c"]);
    expect(problems.map(({ id, line }) => [id, line])).toEqual([
      ["b", 4],
      ["d", 7],
    ]);
    expect(summary).toMatchObject({
      records: 2,
      skipped: 2,
      recordsWithRare: 1,
    });
  });

  it("does not skip in silence", async () => {
    await expect(all(readSequences([], { onError: "skip" }))).rejects.toThrow(
      "expected onProblem",
    );
  });

  it("counts only what was handed out when the caller stops early", async () => {
    const summary = emptySummary();
    for await (const record of readSequences([write("early.fa", fasta)], {
      summary,
    })) {
      expect(record.id).toBe("a");
      break;
    }
    expect(summary.records).toBe(1);
  });

  it("finds a file that cannot be read before the first record is handed out", async () => {
    const good = write("good.fa", fasta);
    const missing = path.join(folder, "missing.fa");
    const directory = path.join(folder, "directory");
    mkdirSync(directory);
    for (const [file, got] of [
      [missing, "no such file"],
      [directory, "a folder"],
    ]) {
      const summary = emptySummary();
      const options = {
        onError: "skip" as const,
        onProblem: () => undefined,
        summary,
      };
      await expect(
        all(readSequences([good, file], options)),
      ).rejects.toMatchObject({
        ...{ name: "SequenceError", file, record: undefined },
        message: `${file}: expected a readable sequence file, got ${got}`,
      });
      expect(summary.records).toBe(0);
    }
  });

  it.skipIf(process.getuid?.() === 0)(
    "says when it has no permission (root has it always)",
    async () => {
      const file = write("secret.fa", fasta);
      chmodSync(file, 0);
      await expect(all(readSequences([file]))).rejects.toThrow(
        "got a file without permission to read it",
      );
    },
  );

  it("stops with the caller's reason when it is aborted", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const reading = readSequences([write("abort.fa", fasta)], {
      signal: controller.signal,
    });
    expect((await reading.next()).value).toMatchObject({ id: "a" });
    controller.abort(reason);
    await expect(reading.next()).rejects.toBe(reason);
    await expect(
      all(
        readSequences([write("abort.fa", fasta)], {
          signal: controller.signal,
        }),
      ),
    ).rejects.toBe(reason);
  });

  it("reads standard input, plain or packed", { timeout: 60_000 }, () => {
    const index = new URL(
      "../../../src/unirep/formats/index.ts",
      import.meta.url,
    ).href;
    const script = `
      import { readSequences } from ${JSON.stringify(index)};
      try {
        for await (const { id, sequence, file } of readSequences(["-"])) console.log(id, sequence, file);
      } catch (error) { console.log(error.message); }
    `;
    const run = (input: string | Buffer) =>
      spawnSync(
        process.execPath,
        ["--import", "tsx", "--input-type=module", "-e", script],
        { input, encoding: "utf8" },
      ).stdout;
    expect(run(fasta)).toBe("a MKV -\nb ACD -\n");
    expect(run(gzipSync(fasta))).toBe("a MKV -\nb ACD -\n");
    expect(run("")).toBe(
      "standard input: expected a sequence file, got an empty file\n",
    );
  });

  it("calls a file by the name it was given, which tells its format", async () => {
    const source = { path: write("upload-7", gp), name: "mine.gp" };
    expect(await all(readSequences([source]))).toMatchObject([
      { id: "A1", file: "mine.gp" },
    ]);
    const gone = { path: path.join(folder, "gone"), name: "mine.gp" };
    await expect(all(readSequences([gone]))).rejects.toThrow(
      "mine.gp: expected a readable sequence file, got no such file",
    );
  });

  test.each([
    ["fasta", "long.fa", fasta, "got more"],
    ["genbank", "long.gp", gp, "got 3"],
  ])(
    "refuses longer records than asked for: %s",
    async (_, name, text, got) => {
      const file = write(name, text);
      await expect(
        all(readSequences([file], { maxResidues: 2 })),
      ).rejects.toThrow(`expected at most 2 residues in one record, ${got}`);
      expect(await all(readSequences([file], { maxResidues: 3 }))).not.toEqual(
        [],
      );
    },
  );

  it("reads no more unpacked bytes than asked for, of all files together", async () => {
    const files = [write("1.fa", fasta), write("2.fa.gz", gzipSync(fasta))];
    const maxBytes = 2 * fasta.length;
    expect(await all(readSequences(files, { maxBytes }))).toHaveLength(4);
    await expect(
      all(readSequences(files, { maxBytes: maxBytes - 1 })),
    ).rejects.toThrow(
      `${files[1]}: expected at most ${maxBytes - 1} bytes in all files, unpacked, got more`,
    );
  });

  it("takes standard input once", async () => {
    await expect(all(readSequences(["-", "-"]))).rejects.toThrow("once");
  });
});

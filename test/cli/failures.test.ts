/** @file What the command refuses: one sentence, the right exit code, and nothing left behind. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { fasta, proteins, unirep } from "./run-cli.ts";

const root = mkdtempSync(join(tmpdir(), "unirep-failures-"));
afterAll(() => rmSync(root, { recursive: true }));
const random = ["--model", "64", "--weights", "random"];

let folder = root;
beforeEach(() => {
  folder = mkdtempSync(join(root, "case-"));
});

/** Everything on standard error but the warning about random weights. */
const said = (stderr: string) =>
  stderr.replace(/^warning: random-64-seed0 .*\n/, "");

const long = gzipSync(fasta(proteins(300)));
const inputs: [what: string, data: string | Uint8Array, reason: string][] = [
  [
    "a digit",
    ">ok\nMKLV\n>bad one\nMKL\nM1\n",
    'IN, line 5, column 2, record 2 (bad): expected amino-acid letters, got "1"',
  ],
  [
    "an alignment gap",
    ">a\nMK-L\n",
    'IN, line 2, column 3, record 1 (a): expected amino-acid letters, got the alignment gap "-" (gaps are removed when asked for: gaps: "remove", --gaps remove)',
  ],
  [
    "an inner stop",
    ">a\nMK*L\n",
    'IN, line 2, column 3, record 1 (a): expected amino-acid letters, got "*" before the end of the sequence',
  ],
  [
    "an empty record",
    ">a\nMK\n>b\n\n>c\nMK\n",
    "IN, line 3, record 2 (b): expected at least one amino-acid letter, got an empty sequence",
  ],
  ["an empty file", "", "IN: expected a sequence file, got an empty file"],
  [
    "a file without any header",
    "MKLV\n",
    'IN, line 1, column 1: expected a FASTA header line starting with ">", got "M"',
  ],
  [
    "truncated gzip",
    long.subarray(0, long.length - 500),
    "IN: expected a readable sequence file, got gzip data that is cut off",
  ],
];

describe("a bad input ends the command before anything is computed", () => {
  test.each(inputs)("embed: %s", async (_what, data, reason) => {
    const input = join(folder, "in.fasta");
    writeFileSync(input, data);
    const out = join(folder, "out.npz");
    const { code, stdout, stderr } = await unirep([
      ...["embed", input, "-o", out],
      ...random,
    ]);
    expect({ code, stdout, said: said(stderr) }).toEqual({
      code: 1,
      stdout: "",
      said: `error: ${reason.replace("IN", input)}\n`,
    });
    expect(readdirSync(folder)).toEqual(["in.fasta"]);
  });

  test.each(inputs.slice(0, 1))(
    "score from standard input: %s",
    async (_what, data, reason) => {
      const { code, stdout, stderr } = await unirep(
        ["score", "-", "--json", ...random],
        { stdin: data },
      );
      expect({ code, stdout, said: said(stderr) }).toEqual({
        code: 1,
        stdout: "",
        said: `error: ${reason.replace("IN", "standard input")}\n`,
      });
    },
  );
});

test("records that were all refused leave no file, even with --on-error skip", async () => {
  const input = join(folder, "in.fasta");
  writeFileSync(input, ">a\n1\n>b\n2\n");
  const { code, stderr } = await unirep([
    ...["embed", input, "-o", join(folder, "out.npz"), "--on-error", "skip"],
    ...random,
  ]);
  expect(code).toBe(1);
  expect(said(stderr).trimEnd().split("\n")).toEqual([
    `skipped: ${input}, line 2, column 1, record 1 (a): expected amino-acid letters, got "1"`,
    `skipped: ${input}, line 4, column 1, record 2 (b): expected amino-acid letters, got "2"`,
    "error: expected at least one valid record, got 2 that were all refused",
  ]);
  expect(readdirSync(folder)).toEqual(["in.fasta"]);
});

describe("places", () => {
  const good = () => {
    const input = join(folder, "in.fasta");
    writeFileSync(input, ">a\nMKLV\n");
    return input;
  };

  test("a missing input is named before anything else is read", async () => {
    const missing = join(folder, "none.fa");
    const { code, stderr } = await unirep([
      ...["embed", good(), missing, "-o", join(folder, "out.npz")],
      ...random,
    ]);
    expect({ code, said: said(stderr) }).toEqual({
      code: 1,
      said: `error: ${missing}: expected a readable sequence file, got no such file\n`,
    });
    expect(readdirSync(folder)).toEqual(["in.fasta"]);
  });

  test("an output that exists stays as it is", async () => {
    const out = join(folder, "out.npz");
    const input = good();
    writeFileSync(out, "precious");
    const { code, stderr } = await unirep([
      ...["embed", input, "-o", out],
      ...random,
    ]);
    expect({ code, said: said(stderr) }).toEqual({
      code: 1,
      said: `error: ${out} exists: delete it or choose another output\n`,
    });
    expect(readFileSync(out, "utf8")).toBe("precious");
  });

  test.each([
    ["a folder that does not exist", "none", "its folder does not exist"],
    ["a file in place of a folder", "in.fasta", "its folder is not a folder"],
  ])("%s is no place for the output", async (_what, name, reason) => {
    const out = join(folder, name, "out.npz");
    const { code, stderr } = await unirep([
      ...["embed", good(), "-o", out],
      ...random,
    ]);
    expect(code).toBe(1);
    expect(said(stderr)).toContain(`error: cannot write ${out}: ${reason} (`);
  });

  test("weights that are not there say how to get them", async () => {
    const { code, stderr } = await unirep(["score", good(), "--model", "64"], {
      env: { UNIREP_CACHE: folder },
    });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `error: weights: unirep-64 is not in the cache ${folder}: run "unirep weights pull unirep-64" (0.6 MB, CC BY-NC 4.0), or give --weights unirep-ts-64 or --weights PATH or --weights random\n`,
    });
  });
});

// A file-size limit stands in for a full disk, which a test cannot make.
describe.runIf(process.platform === "linux")("a full disk", () => {
  test.each([
    // Of 1 KiB each: the spool of the input fits into none of 4, the table not into 400.
    ["while reading", 4, false],
    ["while writing the table", 400, true],
  ])(
    "%s is one sentence, and --resume completes",
    async (_when, limit, kept) => {
      const input = join(folder, "in.fasta");
      writeFileSync(input, fasta(proteins(900, { from: 20, to: 60 })));
      const out = join(folder, "out.csv");
      const line = ["embed", input, "-o", out, ...random];
      const { code, stdout, stderr } = await unirep(line, {
        before: `ulimit -f ${limit}`,
      });
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(
        /error: cannot write .*: the file would exceed the size limit of the disk or the process \(EFBIG\)\n$/,
      );
      expect(existsSync(out)).toBe(false);
      expect(existsSync(`${out}.partial`)).toBe(kept);
      expect((await unirep([...line, "--resume"])).code).toBe(0);
      expect(readFileSync(out, "utf8").trimEnd().split("\n")).toHaveLength(902);
      expect(readdirSync(folder).sort()).toEqual(["in.fasta", "out.csv"]);
    },
  );
});

describe("wrong usage exits with 2", () => {
  test.each([
    ["no command", [], "Usage: unirep"],
    ["an unknown command", ["embedd"], "unknown command 'embedd'"],
    ["no input", ["embed", "-o", "x.npz"], "missing required argument"],
    ["no output", ["embed", "x.fa"], "required option '-o, --output <file>'"],
    [
      "an unknown extension",
      ["embed", "x.fa", "-o", "x.txt"],
      "Expected one of the extensions .npz, .npy, .h5, .parquet, .csv, .jsonl.",
    ],
    [
      "an unknown layer",
      ["embed", "x.fa", "-o", "x.npz", "--layer", "h_avg,h_avg"],
      "Expected different ones of h_avg, h_final, c_final, separated by commas.",
    ],
    [
      "columns that the format cannot hold",
      "embed x.fa -o x.csv --per-residue --layer h_avg".split(" "),
      "error: .csv cannot hold the per-residue column per_residue beside other columns",
    ],
    [
      "scores in .npy",
      ["score", "x.fa", "-o", "x.npy"],
      "error: .npy holds vector columns or one ragged column",
    ],
    [
      "8 bits on the reference",
      "embed x.fa -o x.npz --device js --precision int8".split(" "),
      "error: --precision int8 needs --device cpu",
    ],
    [
      "8 bits on a GPU",
      "embed x.fa -o x.npz --device cuda --precision int8".split(" "),
      "error: --precision int8 needs --device cpu",
    ],
    [
      "a device the engine does not run on",
      "embed x.fa -o x.npz --device webgpu".split(" "),
      "error: option '--device <name>' argument 'webgpu' is invalid. Allowed choices are cpu, cuda, js.",
    ],
    [
      "no threads",
      ["embed", "x.fa", "-o", "x.npz", "--threads", "0"],
      "Expected a positive integer.",
    ],
    [
      "nothing to resume into",
      ["score", "x.fa", "--resume"],
      "error: --resume needs -o",
    ],
  ])("%s", async (_what, args, message) => {
    const { code, stdout, stderr } = await unirep(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});

test("a folder named as weights that holds none is refused before the output is begun", async () => {
  const weights = join(folder, "weights");
  mkdirSync(weights);
  const input = join(folder, "in.fasta");
  writeFileSync(input, ">a\nMKLV\n");
  const { code, stderr } = await unirep([
    ...["embed", input, "-o", join(folder, "out.npz"), "--weights", weights],
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: [^\n]+\n$/);
  expect(readdirSync(folder).sort()).toEqual(["in.fasta", "weights"]);
});

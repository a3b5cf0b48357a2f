/** @file `unirep embed` end to end: every format, option and summary against `rep`. */
import { createHash } from "node:crypto";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rep, type Representation } from "../../src/unirep/index.ts";
import {
  parseCsvLine,
  parseNpy,
  readH5,
  readJsonl,
  readNpz,
  readParquet,
} from "../unirep/tables/readers.ts";
import { fasta, proteins, unirep } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-embed-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

// A copy, a rare letter, lower case and a terminal stop among ordinary proteins.
const records = [
  ...proteins(6),
  { id: "copy", sequence: proteins(6)[2].sequence },
  { id: "rare", sequence: "MKUXXLV" },
];
const input = at("in.fasta");
const text = `${fasta(records)}>low\nmklv*\n`;
writeFileSync(input, text);
const ids = [...records.map(({ id }) => id), "low"];
const sequences = [...records.map(({ sequence }) => sequence), "MKLV"];
const random = ["--model", "64", "--weights", "random"];
const embed = (name: string, ...args: string[]) =>
  unirep(["embed", input, "-o", at(name), ...random, ...args]);

let expected: Representation[];
beforeAll(async () => {
  expected = await rep(sequences, {
    model: "64",
    weights: "random",
    perResidue: true,
  });
});
const hAvg = () => expected.map((r) => [...r.hAvg]);

describe("formats", () => {
  const readers: Record<
    string,
    (path: string) => Promise<{ ids: string[]; values: number[][] }>
  > = {
    ".npz": (path) => {
      const { ids, columns } = readNpz(path);
      return Promise.resolve({ ids, values: columns.h_avg });
    },
    ".npy": (path) => {
      const { shape, values } = parseNpy(readFileSync(path));
      const rows = Array.from({ length: shape[0] }, (_, k) =>
        values.slice(k * shape[1], (k + 1) * shape[1]),
      );
      const sidecar = readFileSync(path.replace(/npy$/, "ids.json"), "utf8");
      const { ids } = JSON.parse(sidecar) as { ids: string[] };
      return Promise.resolve({ ids, values: rows as number[][] });
    },
    ".h5": async (path) => {
      const { ids, columns } = await readH5(path);
      return { ids, values: columns.h_avg };
    },
    ".parquet": async (path) => {
      const { ids, columns } = await readParquet(path, ["h_avg"]);
      return { ids, values: columns.h_avg };
    },
    ".csv": (path) => {
      const [, , ...lines] = readFileSync(path, "utf8").trimEnd().split("\n");
      const cells = lines.map(parseCsvLine);
      return Promise.resolve({
        ids: cells.map(([id]) => id),
        values: cells.map((row) =>
          row.slice(2).map((x) => Math.fround(Number(x))),
        ),
      });
    },
    ".jsonl": (path) => {
      const { ids, columns } = readJsonl(path, ["h_avg"]);
      return Promise.resolve({
        ids,
        values: columns.h_avg.map((row) => row.map(Math.fround)),
      });
    },
  };

  test.each(Object.keys(readers))(
    "%s holds exactly what rep gives, in input order",
    async (extension) => {
      const name = `out${extension}`;
      const { code, stdout, stderr } = await embed(name);
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr:
          "warning: random-64-seed0 are random weights: the numbers carry no biological meaning\n" +
          "warning: 1 record with letters that the published 1900-unit weights were never trained on: U 1, X 2\n",
      });
      expect(stdout).toContain(`written: ${at(name)}\n`);
      expect(await readers[extension](at(name))).toEqual({
        ids,
        values: hAvg(),
      });
      expect(readdirSync(folder).filter((f) => /partial|tmp/.test(f))).toEqual(
        [],
      );
    },
  );
});

test("--layer with --per-residue writes all of them, and the file says how it was made", async () => {
  const name = "all.npz";
  const { code } = await embed(
    name,
    "--per-residue",
    "--layer",
    "c_final,h_final",
  );
  expect(code).toBe(0);
  const { columns, meta, lengths } = readNpz(at(name));
  expect(lengths).toEqual(sequences.map((s) => s.length));
  expect(columns).toEqual({
    c_final: expected.map((r) => [...r.cFinal]),
    h_final: expected.map((r) => [...r.hFinal]),
    per_residue: expected.map((r) => [...(r.perResidue as Float32Array)]),
  });
  expect(meta).toMatchObject({
    software: "unirep-ts",
    model: { name: "64", units: 64, layers: 4 },
    weights: { id: "random-64-seed0", licence: "none: random numbers" },
    device: "cpu",
    precision: "f32",
    gaps: "refuse",
    recordsLeftOut: 0,
    inputs: [
      {
        file: input,
        bytes: text.length,
        sha256: createHash("sha256").update(text).digest("hex"),
      },
    ],
  });
  expect(meta).toHaveProperty(
    "tokenPolicy",
    expect.stringContaining("h_avg over all L+1 states"),
  );
});

test("--per-residue alone writes states only, one line a position in .csv", async () => {
  await embed("states.csv", "--per-residue");
  const [, header, ...lines] = readFileSync(at("states.csv"), "utf8")
    .trimEnd()
    .split("\n");
  expect(header).toMatch(/^id,position,per_residue_0,/);
  expect(lines).toHaveLength(sequences.join("").length + sequences.length);
});

test("--json from standard input prints one object with every count, and skipping exits with 3", async () => {
  const bad = ">bad\nMK1\n>empty\n>gap\nM-K\n";
  const stdin = `${text}${bad}`;
  const { code, stdout, stderr } = await unirep(
    [
      ..."embed - --on-error skip --gaps remove --json -o".split(" "),
      at("stdin.npz"),
      ...random,
    ],
    { stdin },
  );
  expect(code).toBe(3);
  const summary = JSON.parse(stdout) as Record<string, unknown>;
  expect(stdout.trimEnd()).not.toContain("\n");
  expect(stderr).toContain(
    'skipped: standard input, line 20, column 3, record 10 (bad): expected amino-acid letters, got "1"\n',
  );
  expect(summary).toMatchObject({
    command: "embed",
    sequences: 10,
    residues: sequences.join("").length + 2,
    skipped: {
      records: 2,
      reasons: {
        'expected amino-acid letters, got "1"': 1,
        "expected at least one amino-acid letter, got an empty sequence": 1,
      },
    },
    duplicates: 1,
    rareLetters: { letters: { U: 1, X: 2 }, records: 1 },
    gapsRemoved: 1,
    model: "64",
    weights: { id: "random-64-seed0", licence: "none: random numbers" },
    precision: "f32",
    device: "cpu",
    inputs: [
      {
        file: "-",
        bytes: stdin.length,
        sha256: createHash("sha256").update(stdin).digest("hex"),
      },
    ],
    output: [at("stdin.npz")],
    resumedFrom: null,
  });
  expect(readNpz(at("stdin.npz")).ids).toEqual([...ids, "gap"]);
});

test("--device js gives the reference's numbers to 1e-5", async () => {
  await embed("js.npz", "--device", "js", "--threads", "1");
  const flat = readNpz(at("js.npz")).columns.h_avg.flat();
  const difference = hAvg()
    .flat()
    .map((x, i) => Math.abs(x - flat[i]));
  expect(Math.max(...difference)).toBeLessThan(1e-5);
});

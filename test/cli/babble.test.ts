/** @file `unirep babble` in a process of its own. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readSequences } from "../../src/unirep/index.ts";
import { babble } from "../../src/training/index.ts";
import { unirep } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-babble-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));
const base = ["babble", "--model", "64", "--weights", "random", "-n", "5", "--max-length", "12", "--seed", "2"]; // prettier-ignore

describe("babble", () => {
  test("writes what the library draws, as FASTA and CSV, and one JSON object", async () => {
    const drawn = await babble({ model: "64", weights: "random", count: 5, maxLength: 12, seed: 2 }); // prettier-ignore
    const sequences = drawn.map(({ sequence }) => sequence);
    const [stream, fasta, csv, json] = await Promise.all([
      unirep(base),
      unirep([...base, "-o", at("b.fasta"), "--json"]),
      unirep([...base, "-o", at("b.csv")]),
      unirep([...base, "--json"]),
    ]);
    expect([stream, fasta, csv, json].map(({ code }) => code)).toEqual([0, 0, 0, 0]); // prettier-ignore
    expect(stream.stdout).toBe(readFileSync(at("b.fasta"), "utf8"));
    const read: string[] = [];
    for await (const { sequence } of readSequences([at("b.fasta")])) read.push(sequence); // prettier-ignore
    expect(read).toEqual(sequences);
    const [head, ...rows] = readFileSync(at("b.csv"), "utf8").trimEnd().split("\n"); // prettier-ignore
    expect(head).toBe("id,sequence,length,end,log_prob,perplexity");
    expect(rows.map((row) => row.split(",")[1])).toEqual(sequences);
    expect(csv.stdout).toMatch(/^5 sequences, \d+ residues, \d ended by stop\nmodel 64, weights random-64-seed0 .* seed 2\n.* residues\/s\nwritten: .*b\.csv\n$/); // prettier-ignore
    expect(JSON.parse(fasta.stdout)).toMatchObject({ command: "babble", sequences: 5, seed: 2, output: [at("b.fasta")] }); // prettier-ignore
    const said = JSON.parse(json.stdout) as { drawn: { sequence: string }[] };
    expect(said.drawn.map(({ sequence }) => sequence)).toEqual(sequences);
  });

  test.each([
    ["an extension that is none", ["-o", "x.txt"], 2, "Expected one of the extensions"],
    ["a share above 1", ["--top-p", "2"], 1, "expected topP to be above 0 and at most 1, got 2"],
    ["a prefix that is no protein", ["--prefix", "M1"], 1, 'babble: prefix: expected amino-acid letters, got "1"'],
  ] as const)("refuses %s", async (_, args, code, message) => {
    const done = await unirep([...base, ...args]);
    expect(done).toMatchObject({ code, stdout: "" });
    expect(done.stderr).toContain(message);
  }); // prettier-ignore
});

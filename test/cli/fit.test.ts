/** @file `unirep fit` end to end: weights that other commands read, an interruption, and what it refuses. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { customModel, initParams, writeSafetensorsFile } from "../../src/unirep/index.ts"; // prettier-ignore
import { testWeights } from "../unirep/test-model.ts";
import { fasta, proteins, unirep } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-fit-cli-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));
const input = at("in.fasta");
const start = at("start.safetensors");
const small = ["--weights", start, "--lanes", "4", "--window", "32"];

beforeAll(async () => {
  writeFileSync(input, fasta(proteins(40)));
  const config = customModel({ units: 8, layers: 1 });
  await writeSafetensorsFile(start, testWeights(config, initParams(config, { seed: 3, style: "original" }))); // prettier-ignore
});

interface Summary {
  readonly steps: number;
  readonly epochs: number;
  readonly sequences: number;
  readonly best: { readonly id: string; readonly sha256: string };
  readonly initial: { readonly sha256: string };
  readonly validation: { readonly perplexity: number; readonly tokens: number };
  readonly output: readonly string[];
  readonly perplexity: number;
}

test("trains; score and embed read what it wrote, and --json tells it all", async () => {
  const out = at("tuned");
  const held = at("held-out.fasta");
  writeFileSync(held, fasta(proteins(8, { from: 30, to: 40 })));
  const { code, stdout, stderr } = await unirep(["fit", input, "-o", out, ...small, "--epochs", "3", "--lr", "0.02", "--validation", held, "--json"]); // prettier-ignore
  expect({ code, lines: stdout.trimEnd().split("\n").length }).toEqual({ code: 0, lines: 1 }); // prettier-ignore
  const told = JSON.parse(stdout) as Summary;
  expect(told).toMatchObject({ command: "fit", sequences: 40, epochs: 3, end: "epochs" }); // prettier-ignore
  expect(told.best.sha256).not.toBe(told.initial.sha256);
  for (const file of told.output) expect(existsSync(file)).toBe(true);
  expect(stderr.match(/^fit: epoch \d, validation: .*$/gm)).toHaveLength(3);

  const weights = join(out, "best.safetensors");
  const scored = await unirep(["score", held, "--weights", weights, "--json"]);
  const score = JSON.parse(scored.stdout) as Summary;
  // The same model on the same proteins, through another program.
  expect(score.perplexity).toBeCloseTo(told.validation.perplexity, 4);
  const before = JSON.parse((await unirep(["score", held, "--weights", start, "--json"])).stdout) as Summary; // prettier-ignore
  expect(score.perplexity).toBeLessThan(0.9 * before.perplexity);
  const table = at("tuned.jsonl");
  expect((await unirep(["embed", held, "--weights", weights, "-o", table])).code).toBe(0); // prettier-ignore
  expect(readFileSync(table, "utf8")).toContain(told.best.sha256);
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s keeps a checkpoint, says how to go on, and --resume ends with the same bytes",
  async (signal) => {
    const line = (out: string) => ["fit", input, "-o", at(out), ...small, "--epochs", "25", "--validation", "0.2", "--seed", "5"]; // prettier-ignore
    const out = `stopped-${signal}`;
    const stopped = await unirep(line(out), {
      onStart: (child) =>
        child.stderr?.on("data", (text: Buffer) => {
          // Two epochs in, most of them to come.
          if (String(text).includes("epoch 2,")) child.kill(signal);
        }),
    });
    expect(stopped.code).toBe(signal === "SIGINT" ? 130 : 143);
    expect(stopped.stdout).toBe("");
    expect(stopped.stderr).toMatch(
      /^interrupted: the run up to step \d+ is kept in .*; run the same command with --resume to go on$/m,
    );
    const again = await unirep(line(out));
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/^error: .*resume it, or choose another folder$/m); // prettier-ignore
    const resumed = await unirep([...line(out), "--resume"]);
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toMatch(/^fit: resumed at step \d+$/m);
    if (!existsSync(at("whole"))) expect((await unirep(line("whole"))).code).toBe(0); // prettier-ignore
    for (const name of ["best.safetensors", "final.safetensors"])
      expect(readFileSync(join(at(out), name)).equals(readFileSync(join(at("whole"), name)))).toBe(true); // prettier-ignore
  },
  120_000,
);

describe("wrong usage exits with 2", () => {
  test.each([
    ["no folder", ["fit", "x.fa"], "required option '-o, --output <folder>'"],
    ["no input", ["fit", "-o", "x"], "missing required argument"],
    ["half an epoch", ["fit", "x.fa", "-o", "x", "--epochs", "0.5"], "Expected a positive integer."],
    ["a rate of zero", ["fit", "x.fa", "-o", "x", "--lr", "0"], "Expected a positive number."],
    ["a rate that is no number", ["fit", "x.fa", "-o", "x", "--lr", "fast"], "Expected a number from 0."],
    ["an unknown group", ["fit", "x.fa", "-o", "x", "--freeze", "heads"], "Expected embedding, head, layer0, layer1, ..., or several with commas."],
    ["all held out", ["fit", "x.fa", "-o", "x", "--validation", "1"], "Expected a file, or a share from 0 to below 1."],
    ["patience without validation", ["fit", "x.fa", "-o", "x", "--patience", "2"], "--patience needs --validation"],
    ["an unknown schedule", ["fit", "x.fa", "-o", "x", "--schedule", "linear"], "Allowed choices are constant, cosine."],
  ])("%s", async (_what, args, reason) => {
    const { code, stdout, stderr } = await unirep(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(reason);
  }); // prettier-ignore
});

describe("one sentence ends it with 1, and nothing is made", () => {
  test.each([
    ["a digit in a sequence", ">a\nMKLV\n>b\nM1\n", [], 'expected amino-acid letters, got "1"'],
    ["an empty file", "", [], "expected a sequence file, got an empty file"],
    ["weights that are not there", ">a\nMKLV\n", ["--weights", "nowhere.safetensors"], 'no file, folder or imported id "nowhere.safetensors"'],
    ["published weights not in the cache", ">a\nMKLV\n", ["--model", "64"], 'run "unirep weights pull unirep-64"'],
    ["a layer the model lacks", ">a\nMKLV\n", ["--weights", "START", "--freeze", "layer7"], "expected frozen groups among"],
    ["a missing validation file", ">a\nMKLV\n", ["--weights", "START", "--validation", "none.fasta"], "none.fasta: expected a readable sequence file, got no such file"],
  ])("%s", async (_what, text, args, reason) => {
    const file = at("case.fasta");
    writeFileSync(file, text);
    const out = at("case");
    const { code, stdout, stderr } = await unirep(["fit", file, "-o", out, ...args.map((x) => (x === "START" ? start : x))]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(reason);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(existsSync(out)).toBe(false);
  }); // prettier-ignore
});

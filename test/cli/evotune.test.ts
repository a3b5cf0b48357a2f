/** @file `unirep evotune` end to end: tuned weights and report, kills at random moments, an interruption, refusals. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { customModel, initParams, writeSafetensorsFile } from "../../src/unirep/index.ts"; // prettier-ignore
import { testWeights } from "../unirep/test-model.ts";
import { fasta, proteins, unirep } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-evotune-cli-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));
const input = at("in.fasta");
const start = at("start.safetensors");

const line = (out: string, ...more: readonly string[]) =>
  `evotune ${input} -o ${at(out)} --weights ${start} --lanes 4 --window 32 --folds 2 --trials 4 --epochs-max 3 --lr 1e-3..1e-1 --checkpoint-steps 3`
    .split(" ")
    .concat(more);
/** Everything that must not depend on what happened on the way. */
const results = (out: string) =>
  ["best.safetensors", "final.safetensors", "study.jsonl", "report.md", "report.html"]
    .map((name) => readFileSync(join(at(out), name)).toString("base64")); // prettier-ignore

beforeAll(async () => {
  writeFileSync(input, fasta(proteins(30)));
  const config = customModel({ units: 8, layers: 1 });
  await writeSafetensorsFile(start, testWeights(config, initParams(config, { seed: 3, style: "original" }))); // prettier-ignore
});

interface Summary {
  readonly chosen: { readonly trial: number; readonly epochs: number };
  readonly perplexityBefore: number;
  readonly crossValidation: { readonly perplexity: number };
  readonly trials: Record<string, number>;
  readonly output: readonly string[];
  readonly best: { readonly sha256: string };
  readonly perplexity: number;
}

test("tunes and reports; score and embed read the weights, and --json tells it all", async () => {
  const { code, stdout, stderr } = await unirep(line("whole", "--json"));
  expect({ code, lines: stdout.trimEnd().split("\n").length }).toEqual({ code: 0, lines: 1 }); // prettier-ignore
  const told = JSON.parse(stdout) as Summary;
  expect(told).toMatchObject({ command: "evotune", sequences: 30 });
  expect(Object.values(told.trials).reduce((a, b) => a + b)).toBe(4);
  expect(told.crossValidation.perplexity).toBeLessThan(told.perplexityBefore);
  expect(told.output.map((x) => existsSync(x))).toEqual(Array(5).fill(true));
  expect(stderr).toContain(`evotune: chosen: trial ${told.chosen.trial}, learningRate`); // prettier-ignore

  const weights = join(at("whole"), "best.safetensors");
  const perplexity = async (of: string) => {
    const scored = await unirep(["score", input, "--weights", of, "--json"]);
    return (JSON.parse(scored.stdout) as Summary).perplexity;
  };
  expect(await perplexity(start)).toBeCloseTo(told.perplexityBefore, 4);
  expect(await perplexity(weights)).toBeLessThan(0.9 * told.perplexityBefore);
  const table = at("tuned.jsonl");
  expect((await unirep(["embed", input, "--weights", weights, "-o", table])).code).toBe(0); // prettier-ignore
  expect(readFileSync(table, "utf8")).toContain(told.best.sha256);
});

test("killed ten times at random moments and resumed, it ends with the same bytes", async () => {
  // Moments after the work has begun, spread over what a session takes; the same in every run of the test.
  let state = 1;
  const random = () => (state = (Math.imul(state, 48271) >>> 0) % 2147483647) / 2147483647; // prettier-ignore
  const finished: string[] = [];
  let [kills, folders] = [0, 0];
  while (kills < 10 || finished.length === 0) {
    const out = `killed-${folders}`;
    const delay = 1200 * random();
    const { code, signal, stderr } = await unirep(line(out, "--resume"), {
      onStart: (child) => {
        if (kills >= 10) return;
        const before = lockOf(out);
        void (async () => {
          while (child.exitCode === null && lockOf(out) === before)
            await sleep(5);
          await sleep(delay);
          child.kill("SIGKILL");
        })();
      },
    });
    if (signal === "SIGKILL") kills++;
    else {
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" }); // prettier-ignore
      finished.push(out);
      folders++;
    }
  }
  for (const out of finished) expect(results(out)).toEqual(results("whole"));
}, 240_000);

/** The locks of a study: another number when a session takes over from one that was killed. */
function lockOf(out: string): string {
  const work = join(at(out), "work", "0");
  if (!existsSync(work)) return "";
  return readdirSync(work)
    .filter((x) => x.startsWith("lock."))
    .join();
}

test("SIGINT with two processes stops both, says how to go on, and --resume ends alike", async () => {
  const stopped = await unirep(line("two", "--parallel", "2"), {
    onStart: (child) =>
      child.stderr?.on("data", (text: Buffer) => {
        if (String(text).includes("trial 3 of 4")) child.kill("SIGINT");
      }),
  });
  expect(stopped).toMatchObject({ code: 130, stdout: "" });
  expect(stopped.stderr).toMatch(
    /^interrupted: the study is kept in .*two; run the same command with --resume to go on$/m,
  );
  expect(stopped.stderr).not.toContain("error:");
  // No process holds the folder any more: their locks went with them.
  for (const worker of ["0", "1"])
    expect(readdirSync(join(at("two"), "work", worker)).filter((x) => x.startsWith("lock"))).toEqual([]); // prettier-ignore
  expect((await unirep(line("two"))).stderr).toMatch(/error: .*study\.jsonl; resume it, or choose another folder$/m); // prettier-ignore
  const resumed = await unirep(line("two", "--parallel", "2", "--resume", "--json")); // prettier-ignore
  const unstopped = await unirep(
    line("two-whole", "--parallel", "2", "--json"),
  );
  expect([resumed.code, unstopped.code]).toEqual([0, 0]);
  // Lines of two processes may come in another order; each is the same.
  const lines = (out: string) => readFileSync(join(at(out), "study.jsonl"), "utf8").split("\n").sort(); // prettier-ignore
  expect(lines("two")).toEqual(lines("two-whole"));
  expect(results("two").slice(0, 2)).toEqual(results("two-whole").slice(0, 2));
}, 120_000);

describe("wrong usage exits with 2", () => {
  test.each([
    ["no folder", ["evotune", "x.fa"], "required option '-o, --output <folder>'"],
    ["a range that falls", ["evotune", "x.fa", "-o", "x", "--lr", "1e-2..1e-3"], "Expected LOW..HIGH with LOW above 0 and not above HIGH."],
    ["a range from nothing", ["evotune", "x.fa", "-o", "x", "--lr", "..1"], "Expected a number from 0."],
    ["an empty choice", ["evotune", "x.fa", "-o", "x", "--weight-decay", "0/"], "Expected a number from 0."],
    ["an unknown group", ["evotune", "x.fa", "-o", "x", "--freeze", "none/heads"], "Expected embedding, head, layer0, layer1, ..., or several with commas."],
    ["one fold", ["evotune", "x.fa", "-o", "x", "--folds", "1"], "expected --folds to be at least 2, got 1"],
    ["fewest epochs above most", ["evotune", "x.fa", "-o", "x", "--epochs-min", "4", "--epochs-max", "2"], "expected --epochs-min not above --epochs-max, got 4 and 2"],
    ["a pipe for several processes", ["evotune", "-", "-o", "x", "--parallel", "2"], "--parallel needs files"],
  ])("%s", async (_what, args, reason) => {
    const { code, stdout, stderr } = await unirep(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(reason);
  }); // prettier-ignore
});

describe("one sentence ends it with 1, and nothing is made", () => {
  test.each([
    ["a digit in a sequence", ">a\nMKLV\n>b\nM1\n", [], 'expected amino-acid letters, got "1"'],
    ["too few sequences for the folds", ">a\nMKLV\n>b\nMKLV\n", [], "expected at least as many different sequences as folds (2), got 1"],
    ["a layer the model lacks", ">a\nMKLV\n>b\nMK\n", ["--freeze", "layer7"], "expected frozen groups among"],
  ])("%s", async (_what, text, more, reason) => {
    const file = at("case.fasta");
    writeFileSync(file, text);
    const { code, stdout, stderr } = await unirep(["evotune", file, "-o", at("case"), "--weights", start, "--folds", "2", ...more]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toContain(reason);
    expect(existsSync(at("case"))).toBe(false);
  }); // prettier-ignore
});

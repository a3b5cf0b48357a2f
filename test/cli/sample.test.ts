/** @file `unirep sample` in a process of its own: its files, going on after a kill, and what it refuses. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { fitTopModel, predict, saveTopModel } from "../../src/training/index.ts"; // prettier-ignore
import { score } from "../../src/unirep/index.ts";
import { fasta, proteins, unirep } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-sample-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));
const records = proteins(2, { from: 12, to: 20 });
const input = at("start.fasta");
writeFileSync(input, fasta(records));
const random = ["--model", "64", "--weights", "random"];

interface Row {
  readonly id: string;
  readonly sequence: string;
  readonly score: number;
  readonly mutations: string;
}

function readRows(file: string): Row[] {
  const [head, ...lines] = readFileSync(file, "utf8").trimEnd().split("\n");
  expect(head).toBe("id,sequence,score,step,mutations");
  return lines.map((line) => {
    const [id, sequence, score, , mutations] = line.split(",");
    return { id, sequence, score: Number(score), mutations };
  });
}

describe("sample", () => {
  test("writes the best of each chain with its score, and every proposal", async () => {
    const out = at("s.csv");
    const { code, stdout } = await unirep(["sample", input, "-o", out, "--steps", "30", "--chains", "3", "--positions", "2-6,9", "--trust-radius", "3", "--json", ...random]); // prettier-ignore
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ command: "sample", chains: 6, steps: 30, resumedFrom: 0, output: [out, `${out}.proposals.jsonl`] }); // prettier-ignore
    const rows = readRows(out);
    expect(rows.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5].map((k) => `p${Math.floor(k / 3)}-chain${k}`)); // prettier-ignore
    const scores = await score(rows.map(({ sequence }) => sequence), { model: "64", weights: "random" }); // prettier-ignore
    rows.forEach((row, k) => {
      const start = [...records[Math.floor(k / 3)].sequence];
      const changed = start.flatMap((x, i) => (x === row.sequence[i] ? [] : [`${x}${i + 1}${row.sequence[i]}`])); // prettier-ignore
      expect(changed.join("/") || "none").toBe(row.mutations);
      expect(changed.length).toBeLessThanOrEqual(3);
      for (const x of changed) expect([2, 3, 4, 5, 6, 9]).toContain(Number(x.slice(1, -1))); // prettier-ignore
      expect(row.score).toBeCloseTo(scores[k].logProbs.reduce((a, b) => a + b), 4); // prettier-ignore
    });
    expect(readFileSync(`${out}.proposals.jsonl`, "utf8").trimEnd().split("\n")).toHaveLength(1 + 6 * 31); // prettier-ignore
  });

  test("killed at any moment goes on to the very same files", async () => {
    const args = ["--steps", "300", "--chains", "2", "--seed", "3", ...random];
    const whole = at("whole.csv");
    expect((await unirep(["sample", input, "-o", whole, ...args])).code).toBe(0); // prettier-ignore
    const out = at("killed.csv");
    const log = `${out}.proposals.jsonl`;
    const killed = await unirep(["sample", input, "-o", out, ...args], {
      onStart: (child) => void killOnce(log, () => child.kill("SIGKILL")),
    });
    expect(killed.signal).toBe("SIGKILL");
    const resumed = await unirep(["sample", input, "-o", out, "--resume", "--json", ...args]); // prettier-ignore
    expect(resumed.code).toBe(0);
    expect((JSON.parse(resumed.stdout) as { resumedFrom: number }).resumedFrom).toBeGreaterThan(0); // prettier-ignore
    for (const suffix of ["", ".proposals.jsonl"])
      expect(readFileSync(out + suffix).equals(readFileSync(whole + suffix))).toBe(true); // prettier-ignore
  });

  test("aims at a top model, with the values of predict", async () => {
    const trained = proteins(12, { from: 10, to: 15 });
    const { model } = await fitTopModel(trained, trained.map(({ sequence }) => [...sequence].filter((x) => x === "W").length), { model: "64", weights: "random", folds: null }); // prettier-ignore
    const top = at("top.safetensors");
    await saveTopModel(top, model);
    const out = at("top.csv");
    const { code, stderr } = await unirep(["sample", input, "-o", out, "--top-model", top, "--weights", "random", "--temperature", "0.01", "--cool-to", "0.001", "--steps", "5", "--proposal", "gradient"]); // prettier-ignore
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const rows = readRows(out);
    const values = await predict(model, rows.map(({ sequence }) => sequence), { weights: "random" }); // prettier-ignore
    rows.forEach((row, k) => expect(Math.abs(row.score - (values[k] as { value: number }).value)).toBeLessThan(1e-4)); // prettier-ignore
  });

  test.each([
    ["no output", [], "required option '-o, --output <file>' not specified"],
    ["positions that are none", ["-o", "x.csv", "--positions", "a-b"], "Expected residue numbers and ranges"],
    ["a label without a top model", ["-o", "x.csv", "--label", "a"], "--label needs --top-model"],
    ["a top model without a temperature", ["-o", "x.csv", "--top-model", "t"], "--top-model needs --temperature"],
    ["several mutations by gradient", ["-o", "x.csv", "--proposal", "gradient", "--mutations", "2"], "--mutations goes with --proposal uniform"],
  ] as const)("refuses %s as wrong usage", async (_, args, message) => {
    const { code, stderr } = await unirep(["sample", input, ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  }); // prettier-ignore
});

/** Kills once some steps are in the file. */
async function killOnce(log: string, kill: () => void): Promise<void> {
  for (;;) {
    await sleep(20);
    const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
    if (size > 10_000) return kill();
  }
}

/** @file The report of a search: what it says, that it needs nothing beside itself, and that no name becomes markup. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sparkline, writeReport } from "../../src/training/index.ts";
import type { Line } from "../../src/training/search/study-lines.ts";
import { writeSafetensorsFile } from "../../src/unirep/index.ts";
import { testWeights, tiny, tinyParams } from "../unirep/test-model.ts";

/** What these tests ask of a page: the compiler here knows no DOM. */
interface Node {
  readonly textContent: string;
  getAttribute(name: string): string | null;
  querySelector(selector: string): Node | null;
  querySelectorAll(selector: string): Iterable<Node> & { length: number };
}
const parse = (text: string) => (parseHTML(text) as unknown as { document: Node }).document; // prettier-ignore

const folder = mkdtempSync(join(tmpdir(), "unirep-report-"));
afterAll(() => rmSync(folder, { recursive: true }));

const id = `<script>alert("1")</script> & a|b`;
const epoch = (trial: number, fold: number, epoch: number, crossEntropy: number): Line =>
  ({ type: "epoch", trial, fold, epoch, crossEntropy, perplexity: Math.exp(crossEntropy), accuracy: 0.1, tokens: 50 }); // prettier-ignore
const setting = (learningRate: number) => ({ learningRate, frozen: ["head"] });
const lines: Line[] = [
  { type: "study", format: 1, model: "2x8", weights: { id, sha256: "ab12" }, sequences: 7, residues: 300, data: "cd34", seed: 4, trials: 3, folds: 2, parallel: 1, epochs: { low: 1, high: 2 }, search: { learningRate: { low: 1e-5, high: 1e-2, log: true }, frozen: [[], ["head"]] }, fixed: { window: 32, compat: null } },
  { type: "baseline", crossEntropy: 3, perplexity: Math.exp(3), accuracy: 0.05, tokens: 100 },
  { type: "trial", trial: 1, setting: setting(1e-3) },
  epoch(1, 1, 1, 2.8), epoch(1, 1, 2, 2.6), epoch(1, 2, 1, 2.7), epoch(1, 2, 2, 2.4),
  { type: "finished", trial: 1, value: 2.5, epochs: 2 },
  { type: "trial", trial: 2, setting: setting(1e-5) },
  epoch(2, 1, 1, 2.95),
  { type: "pruned", trial: 2, resource: 1, value: 2.95 },
  { type: "trial", trial: 3, setting: setting(1e-2) },
  { type: "failed", trial: 3, fold: 1, reason: "loss or gradient not finite at step 3" },
  { type: "chosen", trial: 1, setting: setting(1e-3), value: 2.5, epochs: 2 },
  { type: "done", best: { id, sha256: "ef56" }, final: { id, sha256: "ef56" } },
]; // prettier-ignore
const jsonLines = (list: readonly object[]) => list.map((x) => `${JSON.stringify(x)}\n`).join(""); // prettier-ignore
const steps = [2.9, 2.7, 2.55].map((loss, i) => ({ type: "step", step: i + 1, epoch: i, loss })); // prettier-ignore

let markdown = "";
let html = "";
beforeAll(async () => {
  writeFileSync(join(folder, "study.jsonl"), jsonLines(lines));
  writeFileSync(join(folder, "history.jsonl"), jsonLines(steps));
  const weights = testWeights(tiny, tinyParams);
  await writeSafetensorsFile(join(folder, "best.safetensors"), { ...weights, info: { ...weights.info, id } }); // prettier-ignore
  const inputs = [{ file: "/somewhere/else/family.fasta", bytes: 12, sha256: "77aa" }]; // prettier-ignore
  const files = await writeReport(folder, { inputs });
  expect(files).toEqual(["report.md", "report.html"].map((x) => join(folder, x))); // prettier-ignore
  [markdown, html] = files.map((file) => readFileSync(file, "utf8"));
});

describe("both forms", () => {
  test.each([
    ["perplexity before and after", "20.086 before, 12.182 after"],
    ["the chosen setting and its range", "from 0.00001 to 0.01, logarithmic"],
    ["lists that were searched", "one of none / head"],
    ["what was fixed", "window"],
    ["what became of the trials", "pruned after 1 of 4 epochs"],
    ["why one failed", "failed: loss or gradient not finite at step 3"],
    ["the hash of the data", "cd34"],
    ["the inputs by name", "family.fasta, 12 bytes, SHA-256 77aa"],
    ["how to use the weights", "unirep score proteins.fasta --weights best.safetensors"],
  ])("state %s", (_what, text) => {
    expect(markdown).toContain(text);
    expect(parse(html).querySelector("body")?.textContent).toContain(text); // prettier-ignore
  }); // prettier-ignore

  test("name no folder of this machine, and say nothing of what is not set", () => {
    for (const text of [markdown, html]) {
      expect(text).not.toContain("somewhere");
      expect(text).not.toContain(folder);
      expect(text).not.toContain("compat");
    }
  });
});

describe("the HTML page", () => {
  test("loads nothing: no script, no address but that of the SVG format", () => {
    const page = parse(html);
    expect(page.querySelectorAll("script, link, img, iframe, object, [src], [href]")).toHaveLength(0); // prettier-ignore
    expect(html.match(/https?:[^"]*/g)).toEqual(
      Array(2).fill("http://www.w3.org/2000/svg"),
    );
    expect(html).not.toMatch(/url\(|@import/);
  });

  test("shows names as text", () => {
    const page = parse(html);
    expect(page.querySelector("h1")?.textContent).toBe(`Evotuning of ${id}`); // prettier-ignore
    expect(page.querySelector("title")?.textContent).toBe(`Evotuning of ${id}`);
  });

  test("draws every trial that has a curve, falling where the loss falls", () => {
    const page = parse(html);
    const [trials, final] = page.querySelectorAll("svg");
    const names = (svg: Node) => [...svg.querySelectorAll("path > title")].map((x) => x.textContent); // prettier-ignore
    expect(names(trials)).toEqual(["trial 2", "trial 1"]);
    expect(names(final)).toEqual(["final fit"]);
    const path = final.querySelector("path:has(title)")?.getAttribute("d") ?? "";
    const points = path.slice(1).split("L").map((x) => x.split(" ").map(Number));
    expect(points).toHaveLength(3);
    // Linear: the middle one is as far along as its step and its loss say.
    const share = (k: number) => (points[1][k] - points[0][k]) / (points[2][k] - points[0][k]);
    expect(share(0)).toBeCloseTo(0.5, 2);
    expect(share(1)).toBeCloseTo(0.2 / 0.35, 2);
    expect(points[2][1]).toBeGreaterThan(points[0][1]);
  }); // prettier-ignore
});

test("a table of the Markdown has as many cells in every row, whatever is in them", () => {
  const tables = markdown.split("\n\n").filter((x) => x.startsWith("|"));
  expect(tables).toHaveLength(5);
  for (const table of tables) {
    const widths = table.trim().split("\n").map((row) => row.replaceAll("\\|", "").split("|").length); // prettier-ignore
    expect(new Set(widths).size).toBe(1);
  }
  expect(markdown).not.toContain("<script>");
});

test("a study that is under way has no report", async () => {
  const place = mkdtempSync(join(folder, "open-"));
  writeFileSync(join(place, "study.jsonl"), jsonLines(lines.slice(0, 4)));
  await expect(writeReport(place)).rejects.toThrow(
    "got one that is under way; finish it with evotune",
  );
});

test.each([
  [[1, 2, 3], 10, "▁▅█"],
  [[5, 5], 10, "▁▁"],
  [[0, 2, 6, 8], 2, "▁█"],
  [[1, NaN, 2], 10, "▁ █"],
  [[], 10, ""],
])("the sparkline of %j in %i bars is %s", (values, width, bars) => {
  expect(sparkline(values, width)).toBe(bars);
});

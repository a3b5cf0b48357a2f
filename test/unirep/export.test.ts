/** @file Exported models, loaded without our code, give what `rep` and `score` give at any batch and length. */
import { spawnSync } from "node:child_process";
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
import { array, numpy as np } from "../../src/ad/index.ts";
import {
  exportModel,
  exportModelFile,
  loadWeights,
  rep,
  score,
  type ExportTask,
  type Weights,
} from "../../src/unirep/index.ts";
import { readModel } from "../ad/onnx-file.cases.ts";
import { proteins } from "../cli/run-cli.ts";
import {
  loadExported,
  row,
  tokenRows,
  type ExportedModel,
} from "./exported-model.cases.ts";
import { error, testWeights, tiny, tinyParams } from "./test-model.ts";

const weights = testWeights(tiny, tinyParams);
const letters = proteins(12, { from: 1, to: 60 }).map((p) => p.sequence);
/** Batches of other sizes and lengths than the export was traced at, equal lengths and very unequal ones. */
const batches: Readonly<Record<string, readonly string[]>> = {
  "one residue": ["M"],
  "a rare letter and a shared token": ["MUXBZJO"],
  "two of one length": ["MKLV", "GGGG"],
  "twelve of twelve lengths": letters,
  "a short one beside a long one": ["M", "ACDEFGHIKLMNPQRSTVWY".repeat(20)],
};

async function expectRepresentations(
  exported: ExportedModel,
  sequences: readonly string[],
  model: Weights,
): Promise<void> {
  const out = await exported.run(tokenRows(sequences));
  const want = await rep(sequences, { weights: model });
  const dims = [sequences.length, model.config.units];
  expect(Object.keys(out).sort()).toEqual(["c_final", "h_avg", "h_final"]);
  for (const [i, r] of want.entries()) {
    for (const [name, vector] of [
      ["h_avg", r.hAvg],
      ["h_final", r.hFinal],
      ["c_final", r.cFinal],
    ] as const) {
      expect(out[name].dims).toEqual(dims);
      expect(error(row(out[name], i), vector)).toBeLessThan(1e-5);
    }
  }
}

async function expectScores(
  exported: ExportedModel,
  sequences: readonly string[],
  model: Weights,
): Promise<void> {
  const tokens = tokenRows(sequences);
  const [batch, steps] = tokens.dims;
  const out = await exported.run(tokens);
  expect(out.cross_entropy.dims).toEqual([batch]);
  expect(out.log_probs.dims).toEqual([batch, steps, 25]);
  const want = await score(sequences, { weights: model });
  for (const [i, { length, crossEntropy, logProbs }] of want.entries()) {
    expect(error([out.cross_entropy.data[i]], [crossEntropy])).toBeLessThan(
      1e-5,
    );
    const all = row(out.log_probs, i);
    const targets = [...tokens.data.subarray(i * steps + 1, i * steps + 1 + length), 25n]; // prettier-ignore
    const chosen = targets.map((t, k) => all[k * 25 + Number(t) - 1]);
    expect(error(chosen, logProbs)).toBeLessThan(1e-5);
    for (let k = 0; k <= length; k++) {
      const classes = all.subarray(k * 25, (k + 1) * 25);
      const sum = classes.reduce((p, x) => p + Math.exp(x), 0);
      expect(sum).toBeCloseTo(1, 5);
    }
    expect(all.subarray((length + 1) * 25).every((x) => x === 0)).toBe(true);
  }
}

describe("values", () => {
  let representation: ExportedModel;
  let languageModel: ExportedModel;
  beforeAll(async () => {
    representation = await loadExported(await exportModel(weights));
    languageModel = await loadExported(
      await exportModel(weights, { task: "language-model" }),
    );
  });
  afterAll(async () => {
    await representation.release();
    await languageModel.release();
  });

  test.each(Object.entries(batches))(
    "%s: the file gives what rep and score give",
    async (_, sequences) => {
      await expectRepresentations(representation, sequences, weights);
      await expectScores(languageModel, sequences, weights);
    },
  );

  test("padding changes nothing, wherever it is, and a row of padding is 0", async () => {
    const residues = [24n, 1n, 4n, 21n];
    const data = BigInt64Array.of(
      ...[...residues, 0n, 0n, 0n],
      ...[0n, 0n, 0n, ...residues],
      ...[24n, 0n, 1n, 0n, 4n, 0n, 21n],
      ...residues.map(() => 0n), 0n, 0n, 0n,
    ); // prettier-ignore
    const out = await representation.run({ dims: [4, 7], data });
    for (const x of Object.values(out)) {
      expect(row(x, 1)).toEqual(row(x, 0));
      expect(row(x, 2)).toEqual(row(x, 0));
      expect(row(x, 0).some((v) => v !== 0)).toBe(true);
      expect(row(x, 3).every((v) => v === 0)).toBe(true);
    }
  });
});

describe("the file", () => {
  const tasks: Record<ExportTask, { dims: Record<string, unknown[]> }> = {
    representation: {
      dims: {
        c_final: ["batch", 8],
        h_avg: ["batch", 8],
        h_final: ["batch", 8],
      },
    },
    "language-model": {
      dims: { cross_entropy: ["batch"], log_probs: ["batch", "steps", 25] },
    },
  };
  test.each(Object.entries(tasks) as [ExportTask, (typeof tasks)[ExportTask]][])(
    "of the %s has its names, axes and standard operators",
    async (task, { dims }) => {
      const model = readModel(await exportModel(weights, { task }));
      expect(model.inputs).toEqual([
        { name: "tokens", element: 7, dims: ["batch", "steps"] },
      ]);
      expect(
        Object.fromEntries(model.outputs.map((o) => [o.name, o.dims])),
      ).toEqual(dims);
      expect(model.outputs.map((o) => o.element)).toEqual(
        model.outputs.map(() => 1),
      );
      expect(model.opsets).toEqual([{ domain: "", version: 20 }]);
      expect(model.domains).toEqual([""]);
      expect(model.locations).toEqual([]);
    },
  ); // prettier-ignore

  test("says what the weights are, what the tokens and classes mean, and what is added", async () => {
    const { metadata, docString } = readModel(
      await exportModel(weights, {
        task: "language-model",
        metadata: { made_for: "a test", provenance: "replaced" },
      }),
    );
    expect(metadata).toMatchObject({
      format: "unirep-ts",
      task: "language-model",
      model: "2x8",
      units: "8",
      layers: "2",
      embedding: "10",
      id: "test-2x8",
      params_sha256: weights.info.sha256,
      licence: "none",
      provenance: "replaced",
      made_for: "a test",
    });
    expect(docString).toContain("model 2x8");
    const alphabet = JSON.parse(metadata.letters) as Record<string, number>;
    const tokens = tokenRows(["ACDEFGHIKLMNPQRSTVWYUOXBZJ"]).data.subarray(1);
    [..."ACDEFGHIKLMNPQRSTVWYUOXBZJ"].forEach((letter, i) =>
      expect(alphabet[letter]).toBe(Number(tokens[i])),
    );
    expect(Object.keys(alphabet).length).toBe(26);
    expect(JSON.parse(metadata.tokens)).toEqual({ pad: 0, unknown: 23, start: 24, stop: 25 }); // prettier-ignore
    const classes = JSON.parse(metadata.classes) as string[];
    expect(classes.length).toBe(25);
    [..."MLXU"].forEach((letter) =>
      expect(classes[alphabet[letter] - 1]).toBe(letter),
    );
    expect(classes.slice(23)).toEqual(["start", "stop"]);
  });
});

test("a head computes named results from the representation", async () => {
  const w = Array.from({ length: 16 }, (_, i) => Math.cos(3 * i));
  const dense = array(w, { shape: [8, 2] });
  const bytes = await exportModel(weights, {
    head: {
      compute: ({ h_avg, c_final }) => ({
        h_avg,
        scores: np.add(np.matmul(h_avg, dense), 0.5),
        largest: np.max(c_final),
      }),
      outputs: "scores (batch, 2): two invented ones; largest (batch); h_avg",
    },
  });
  const { metadata, outputs } = readModel(bytes);
  expect(metadata.outputs).toMatch(/^scores/);
  expect(outputs.map(({ name, dims }) => [name, dims])).toEqual([
    ["h_avg", ["batch", 8]],
    ["largest", ["batch"]],
    ["scores", ["batch", 2]],
  ]);
  const exported = await loadExported(bytes);
  const out = await exported.run(tokenRows(letters));
  const want = await rep(letters, { weights });
  want.forEach(({ hAvg, cFinal }, i) => {
    expect(error(row(out.h_avg, i), hAvg)).toBeLessThan(1e-5);
    const scores = [0, 1].map((k) =>
      hAvg.reduce((sum, x, j) => sum + x * w[2 * j + k], 0.5),
    );
    expect(error(row(out.scores, i), scores)).toBeLessThan(1e-5);
    expect(error(row(out.largest, i), [Math.max(...cFinal)])).toBeLessThan(1e-5); // prettier-ignore
  });
  await exported.release();
});

test("a task that is none, and a head beside scores, are refused", async () => {
  await expect(exportModel(weights, { task: "scores" as "representation" })).rejects.toThrow(
    "exportModel: expected a task, one of representation, language-model, got scores",
  ); // prettier-ignore
  const head = { compute: () => ({}), outputs: "" };
  await expect(exportModel(weights, { task: "language-model", head })).rejects.toThrow(
    "exportModel: expected a head with task representation, which it reads, got one with task language-model",
  ); // prettier-ignore
});

describe("on disk", () => {
  const folder = mkdtempSync(join(tmpdir(), "unirep-export-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("the file holds the same bytes, and one that exists is not replaced", async () => {
    const file = join(folder, "m.onnx");
    const { bytes } = await exportModelFile(file, weights);
    const stored = readFileSync(file);
    expect(stored.equals(await exportModel(weights))).toBe(true);
    expect(bytes).toBe(stored.length);
    await expect(
      exportModelFile(file, weights, { task: "language-model" }),
    ).rejects.toThrow(`${file} exists: delete it or choose another output`);
    expect(readFileSync(file).equals(stored)).toBe(true);
    expect(readdirSync(folder)).toEqual(["m.onnx"]);
  });

  test("Python's onnxruntime gives the same numbers, and onnx finds no fault", async (context) => {
    const python = process.env.UNIREP_TEST_PYTHON ?? "python3";
    const has = (module: string) =>
      spawnSync(python, ["-c", `import ${module}`]).status === 0;
    context.skip(
      !has("onnxruntime"),
      `${python} cannot import onnxruntime; UNIREP_TEST_PYTHON names one that can`,
    );
    const sequences = batches["twelve of twelve lengths"];
    const { dims, data } = tokenRows(sequences);
    for (const task of ["representation", "language-model"] as const) {
      const file = join(folder, `${task}.onnx`);
      await exportModelFile(file, weights, { task });
      writeFileSync(join(folder, "tokens.json"), JSON.stringify({ dims, data: Array.from(data, Number) })); // prettier-ignore
      const program = `
import json, sys
import numpy as np, onnxruntime as ort
given = json.load(open("tokens.json"))
tokens = np.array(given["data"], np.int64).reshape(given["dims"])
session = ort.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
names = [o.name for o in session.get_outputs()]
out = dict(zip(names, session.run(None, {"tokens": tokens})))
meta = session.get_modelmeta().custom_metadata_map
if ${has("onnx") ? "True" : "False"}:
    import onnx
    onnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True)
print(json.dumps({"out": {k: v.ravel().tolist() for k, v in out.items()}, "id": meta["id"]}))
`;
      const { status, stdout, stderr } = spawnSync(
        python,
        ["-c", program, file],
        { cwd: folder, encoding: "utf8" },
      );
      expect(status, stderr).toBe(0);
      const { out, id } = JSON.parse(stdout) as {
        out: Record<string, number[]>;
        id: string;
      };
      expect(id).toBe("test-2x8");
      const exported = await loadExported(readFileSync(file));
      const want = await exported.run({ dims, data });
      await exported.release();
      expect(Object.keys(out).sort()).toEqual(Object.keys(want).sort());
      for (const [name, numbers] of Object.entries(out))
        expect(error(numbers, want[name].data)).toBeLessThan(1e-5);
    }
  });
});

describe("published weights", () => {
  const cache = process.env.UNIREP_TEST_WEIGHTS ?? "";
  test.for(["64", "256", "1900"] as const)(
    "%s: both files give what rep and score give",
    async (name, context) => {
      context.skip(
        cache === "",
        "UNIREP_TEST_WEIGHTS names no folder with the published weights, which are not part of this repository",
      );
      const model = await loadWeights({ model: name }, { cache });
      const sequences = batches["twelve of twelve lengths"];
      const representation = await exportModel(model);
      expect(readModel(representation).metadata).toMatchObject({
        id: `unirep-${name}`,
        licence: "CC BY-NC 4.0",
        licence_url: "https://creativecommons.org/licenses/by-nc/4.0/",
      });
      const first = await loadExported(representation);
      await expectRepresentations(first, sequences, model);
      await first.release();
      const second = await loadExported(
        await exportModel(model, { task: "language-model" }),
      );
      await expectScores(second, sequences, model);
      await second.release();
    },
  );
});

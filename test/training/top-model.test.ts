/** @file Top models against refits, hand-made optima and scikit-learn; saved, loaded, applied and exported. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { linalg } from "../../src/ad/index.ts";
import {
  exportTopModel,
  fitTopModel,
  loadTopModel,
  predict,
  saveTopModel,
  type ClassMetrics,
  type TopModelFit,
  type ValueMetrics,
} from "../../src/training/index.ts";
import { eigh } from "../../src/training/top-model/eigh.ts";
import { drawFolds } from "../../src/training/top-model/folds.ts";
import {
  asArray,
  timesTransposed,
} from "../../src/training/top-model/matrix.ts";
import { metricsOf } from "../../src/training/top-model/metrics.ts";
import { rep } from "../../src/unirep/index.ts";
import { proteins } from "../cli/run-cli.ts";
import { readModel } from "../ad/onnx-file.cases.ts";
import { loadExported, tokenRows } from "../unirep/exported-model.cases.ts";
import { error, testWeights, tiny, tinyParams } from "../unirep/test-model.ts";

interface Golden {
  readonly x: number[][];
  readonly penalty: number;
  readonly coefficients: number[] & number[][];
}
const goldens = JSON.parse(
  readFileSync(join(import.meta.dirname, "goldens/top-model.json"), "utf8"),
) as {
  ridge: (Golden & { y: number[]; intercept: number; leaveOneOut: number[]; r2: number; spearman: number })[];
  logistic: (Golden & { y: string[]; intercepts: number[]; probabilities: number[][]; logLoss: number; auroc: number; accuracy: number })[];
}; // prettier-ignore

const noise = (i: number) => ((Math.sin(i * 12.9898) * 43758.5453) % 1) / 2;
const matrix = (rows: number, columns: number, from = 1) =>
  Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => noise(from + i * columns + j)),
  );
const flat = (x: readonly (readonly number[])[]) => ({
  rows: x.length,
  columns: x[0].length,
  data: Float64Array.from(x.flat()),
});

describe("ridge", () => {
  test.each(goldens.ridge)("is scikit-learn's, leave-one-out too (penalty $penalty)", async (golden) => {
    const { model, leaveOneOut } = await fitTopModel(golden.x, golden.y, { penalties: [golden.penalty], folds: null });
    const [{ w, b }] = model.params.layers;
    expect(error(w.data, golden.coefficients)).toBeLessThan(2e-7);
    expect(error(b.data, [golden.intercept])).toBeLessThan(2e-7);
    const { predictions, metrics } = leaveOneOut as NonNullable<typeof leaveOneOut>;
    expect(error(predictions.data, golden.leaveOneOut)).toBeLessThan(1e-10);
    const { r2, spearman } = metrics as ValueMetrics;
    expect(r2).toBeCloseTo(golden.r2, 10);
    expect(spearman).toBeCloseTo(golden.spearman, 10);
  }); // prettier-ignore

  test.each([
    ["more samples than features", 14, 5],
    ["more features than samples", 8, 20],
    ["as many", 7, 7],
  ])("%s: leave-one-out is what fitting again without each gives, for every penalty", async (_, n, d) => {
    // Columns of mean 0 and variance 1, so that the scale of all samples is that of the refits.
    const raw = matrix(n, d);
    const column = (j: number) => raw.map((row) => row[j]);
    const scaled = raw.map((row) => row.map((x, j) => {
      const mean = column(j).reduce((a, b) => a + b) / n;
      const sd = Math.sqrt(column(j).reduce((s, v) => s + (v - mean) ** 2, 0) / n);
      return (x - mean) / sd;
    }));
    const y = scaled.map((row, i) => 3 + 2 * row[0] - row[d - 1] + noise(1000 + i));
    const penalties = [0.03, 1, 40];
    const { leaveOneOut, model } = await fitTopModel(scaled, y, { penalties, folds: null });
    const errors = penalties.map((penalty) => {
      const left = y.map((_, out) => {
        const rows = scaled.flatMap((row, i) => (i === out ? [] : [[1, ...row]]));
        const values = y.filter((_, i) => i !== out);
        // Normal equations with an intercept that is not penalised.
        const a = Array.from({ length: d + 1 }, (_, p) => Array.from({ length: d + 1 }, (_, q) =>
          rows.reduce((s, row) => s + row[p] * row[q], 0) + (p === q && p > 0 ? penalty : 0)));
        const b = Array.from({ length: d + 1 }, (_, p) => rows.reduce((s, row, i) => s + row[p] * values[i], 0));
        const w = linalg.solve(asArray(flat(a)), asArray(flat(b.map((v) => [v])))).tolist() as number[][];
        return [1, ...scaled[out]].reduce((s, v, p) => s + v * w[p][0], 0);
      });
      if (penalty === model.training.penalty)
        expect(error((leaveOneOut as { predictions: { data: Float64Array } }).predictions.data, left)).toBeLessThan(1e-9);
      return Math.sqrt(left.reduce((s, v, i) => s + (v - y[i]) ** 2, 0) / n);
    });
    expect(leaveOneOut?.curve.map((c) => c.penalty)).toEqual(penalties);
    expect(error(leaveOneOut?.curve.map((c) => c.rmse) ?? [], errors)).toBeLessThan(1e-9);
    expect(model.training.penalty).toBe(penalties[errors.indexOf(Math.min(...errors))]);
  }); // prettier-ignore
});

test.each([1, 2, 3, 17, 40])("eigh of %i rows is the core's, also of a matrix without full rank", async (n) => {
  for (const k of [n + 3, Math.ceil(n / 2)]) {
    const gram = await timesTransposed(flat(matrix(n, k)), flat(matrix(n, k)));
    const { values, vectors } = eigh(gram);
    const want = linalg.eigvalsh(asArray(gram)).tolist() as number[];
    expect(error(values.slice().sort(), want)).toBeLessThan(1e-12);
    const back = await timesTransposed(gram, vectors);
    for (let i = 0; i < n; i++)
      for (let v = 0; v < n; v++)
        expect(back.data[i * n + v]).toBeCloseTo(values[v] * vectors.data[v * n + i], 11);
  }
}); // prettier-ignore

describe("logistic", () => {
  test.each(goldens.logistic)("is scikit-learn's, of $coefficients.0.length columns", async (golden) => {
    const { model } = await fitTopModel(golden.x, golden.y, { penalties: [golden.penalty], folds: null });
    const [{ w, b }] = model.params.layers;
    expect(error(w.data, golden.coefficients.flat())).toBeLessThan(1e-6);
    expect(error(b.data, golden.intercepts)).toBeLessThan(1e-6);
    const out = await predict(model, golden.x);
    const probabilities = out.map((p) => ("label" in p ? p.probabilities : []));
    expect(error(probabilities.flatMap((p) => [...p]), golden.probabilities.flat())).toBeLessThan(1e-6);
    const labels = Int32Array.from(golden.y, (label) => (model.classes ?? []).indexOf(label));
    const targets = { type: "classes", classes: model.classes ?? [], labels } as const;
    const metrics = metricsOf(targets, flat(probabilities.map((p) => [...p]))) as ClassMetrics;
    expect(metrics.logLoss).toBeCloseTo(golden.logLoss, 6);
    expect(metrics.auroc).toBeCloseTo(golden.auroc, 9);
    expect(metrics.accuracy).toBe(golden.accuracy);
  }); // prettier-ignore

  test("one balanced feature: the optimum satisfies p - y + penalty w = 0 by hand", async () => {
    // Three of four samples at +1 are "b", one of four at -1: by symmetry the intercept is 0 and
    // 8 (sigmoid(w) - 3/4) + penalty w = 0.
    const x = [1, 1, 1, 1, -1, -1, -1, -1].map((v) => [v]);
    const y = ["b", "b", "b", "a", "b", "a", "a", "a"];
    const { model } = await fitTopModel(x, y, { penalties: [0.5], folds: null }); // prettier-ignore
    const [{ w, b }] = model.params.layers;
    const [slope] = w.data;
    expect(8 * (1 / (1 + Math.exp(-slope)) - 0.75) + 0.5 * slope).toBeCloseTo(0, 6); // prettier-ignore
    expect(b.data[0]).toBeCloseTo(0, 6);
  });

  test("the penalty is the one of the lowest held-out log loss: large for noise, small for signal", async () => {
    const x = matrix(60, 3, 500);
    const signal = x.map(([v]) => (v > 0 ? "p" : "n"));
    const random = x.map((_, i) => (noise(7000 + i) > 0 ? "p" : "n"));
    const [a, b] = await Promise.all([signal, random].map((y) => fitTopModel(x, y, { penalties: [0.1, 1000], folds: null }))); // prettier-ignore
    expect([a, b].map(({ model }) => model.training.penalty)).toEqual([0.1, 1000]); // prettier-ignore
  });
});

describe("mlp", () => {
  const x = matrix(160, 2, 40).map((row) => row.map((v) => 4 * v));
  const xor = x.map(([a, b]) => a * b);
  const options = { kind: "mlp", mlp: { hidden: [16], learningRate: 0.01, maxSteps: 600 }, folds: 4 } as const; // prettier-ignore

  test("learns a product of features, which ridge cannot", async () => {
    const y = xor.map((v) => 100 + 10 * v);
    const [deep, flat] = await Promise.all([fitTopModel(x, y, options), fitTopModel(x, y)]); // prettier-ignore
    const [a, b] = [deep, flat].map(({ crossValidation }) => (crossValidation?.metrics as ValueMetrics).r2); // prettier-ignore
    expect(a).toBeGreaterThan(0.8);
    expect(b).toBeLessThan(0.2);
    expect(deep.model.params.layers.map(({ w }) => w.shape)).toEqual([[2, 16], [16, 1]]); // prettier-ignore
  });

  test("learns classes, and the same ones for the same seed", async () => {
    const y = xor.map((v) => (v > 0 ? "same" : "different"));
    const [a, b] = [await fitTopModel(x, y, options), await fitTopModel(x, y, options)]; // prettier-ignore
    expect((a.crossValidation?.metrics as ClassMetrics).auroc).toBeGreaterThan(0.9); // prettier-ignore
    expect(b.model).toEqual(a.model);
  });
});

describe("cross-validation", () => {
  test("predictions of a fold come from a model of the other folds, scale included", async () => {
    const x = matrix(20, 3, 90);
    const y = x.map(([a], i) => a + noise(i));
    const { crossValidation } = await fitTopModel(x, y, { folds: 4, seed: 3 });
    const { folds, predictions } = crossValidation as NonNullable<TopModelFit["crossValidation"]>; // prettier-ignore
    expect(Array.from({ length: 4 }, (_, f) => folds.filter((v) => v === f).length)).toEqual([5, 5, 5, 5]); // prettier-ignore
    const others = (list: readonly unknown[]) => list.filter((_, i) => folds[i] !== 2); // prettier-ignore
    const { model } = await fitTopModel(others(x) as number[][], others(y) as number[], { folds: null }); // prettier-ignore
    const held = x.flatMap((row, i) => (folds[i] === 2 ? [{ row, i }] : []));
    const out = await predict(model, held.map(({ row }) => row)); // prettier-ignore
    expect(out.map((p) => "value" in p && p.value)).toEqual(held.map(({ i }) => predictions.data[i])); // prettier-ignore
  });

  test("equal samples share a fold, and classes are spread evenly", () => {
    const groups = Array.from({ length: 40 }, (_, i) => `g${i % 20}`);
    const labels = Int32Array.from({ length: 40 }, (_, i) => Number(i % 20 < 5)); // prettier-ignore
    const targets = { type: "classes", classes: ["a", "b"], labels } as const;
    const folds = drawFolds("test", groups, targets, { folds: 5, seed: 1 });
    groups.forEach((_, i) => expect(folds[i]).toBe(folds[i % 20]));
    for (let f = 0; f < 5; f++)
      expect(labels.filter((l, i) => l === 1 && folds[i] === f).length).toBe(2);
  });
});

describe("metrics", () => {
  const values = (y: number[], p: number[]) =>
    metricsOf({ type: "values", values: Float64Array.from(y) }, flat(p.map((v) => [v]))) as ValueMetrics; // prettier-ignore
  test("of values, by hand: a monotone but bent relation has rank correlation 1", () => {
    const { r2, rmse, pearson, spearman } = values([1, 2, 3, 4], [1, 2, 3, 8]);
    expect([r2, rmse, spearman]).toEqual([1 - 16 / 5, 2, 1]);
    expect(pearson).toBeCloseTo(11 / Math.sqrt(5 * 29), 12);
  });
  test("ties share their rank", () =>
    expect(values([1, 1, 2], [1, 3, 5]).spearman).toBeCloseTo(Math.sqrt(3) / 2, 12)); // prettier-ignore
  test("of classes, by hand: one pair of six is ranked wrongly, one is a tie", () => {
    const p = [0.1, 0.4, 0.35, 0.4, 0.8];
    const targets = { type: "classes", classes: ["n", "y"], labels: Int32Array.of(0, 0, 1, 1, 1) } as const; // prettier-ignore
    const out = metricsOf(targets, flat(p.map((v) => [1 - v, v]))) as ClassMetrics; // prettier-ignore
    expect(out.auroc).toBeCloseTo(4.5 / 6, 12);
    expect(out.accuracy).toBe(3 / 5);
    expect(out.logLoss).toBeCloseTo(-(Math.log(0.9) + Math.log(0.6) + Math.log(0.35) + Math.log(0.4) + Math.log(0.8)) / 5, 12); // prettier-ignore
  });
});

describe("of sequences", () => {
  const folder = mkdtempSync(join(tmpdir(), "unirep-top-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const weights = testWeights(tiny, tinyParams);
  const sequences = proteins(30).map((p) => p.sequence);
  const share = sequences.map((s) => (100 * s.split("L").length) / s.length);
  const y = { value: share, class: share.map((v) => (v > 8 ? "rich" : v > 5 ? "some" : "poor")) }; // prettier-ignore

  test.each([
    ["ridge", "value", "h_avg"],
    ["ridge", "value", "fusion"],
    ["logistic", "class", "h_final"],
    ["mlp", "value", "c_final"],
    ["mlp", "class", "fusion"],
  ] as const)("%s of a %s from %s: predict is the file's, and plain ONNX Runtime's", async (kind, target, features) => {
    const { model } = await fitTopModel(sequences, y[target], { kind, features, weights, folds: null });
    expect(model.params.mean.shape).toEqual([features === "fusion" ? 24 : 8]);
    const file = join(folder, `${kind}-${target}-${features}.safetensors`);
    await saveTopModel(file, model);
    const loaded = await loadTopModel(file);
    expect(loaded).toEqual(model);
    await expect(saveTopModel(file, model)).rejects.toThrow("exists: delete it or choose another output");
    const fresh = ["MKLVPRG", "A", ...sequences.slice(0, 4)];
    const want = await predict(model, fresh, { weights });
    expect(await predict(loaded, fresh, { weights })).toEqual(want);
    // The same features by hand.
    const rows = (await rep(fresh, { weights })).map(({ hAvg, hFinal, cFinal }) =>
      ({ h_avg: hAvg, h_final: hFinal, c_final: cFinal, fusion: [...hAvg, ...hFinal, ...cFinal] })[features]);
    expect(await predict(model, rows)).toEqual(want);
    const bytes = await exportTopModel(model, weights);
    const exported = await loadExported(bytes);
    const out = await exported.run(tokenRows(fresh));
    await exported.release();
    const name = target === "value" ? "prediction" : "probabilities";
    expect(Object.keys(out)).toEqual([name]);
    const numbers = want.flatMap((p) => ("value" in p ? [p.value] : [...p.probabilities]));
    expect(out[name].dims).toEqual(target === "value" ? [6] : [6, 3]);
    expect(error(out[name].data, numbers)).toBeLessThan(2e-5);
    const { metadata } = readModel(bytes);
    expect(metadata).toMatchObject({ top_kind: kind, top_features: features, params_sha256: weights.info.sha256 });
    if (target === "class") expect(JSON.parse(metadata.top_classes)).toEqual(["poor", "rich", "some"]);
  }); // prettier-ignore

  test("weights other than those it was made with, and files that are no top model, are refused", async () => {
    const { model } = await fitTopModel(sequences, share, { weights, folds: null }); // prettier-ignore
    await expect(predict(model, ["MK"], { weights: "random" })).rejects.toThrow(/predict: expected the weights the top model was made with, test-2x8 .* got random-64-seed0/); // prettier-ignore
    await expect(predict(model, ["MK"])).rejects.toThrow(/predict: the top model reads representations of test-2x8, which cannot be loaded by that name: give its weights/); // prettier-ignore
    const other = join(folder, "other.safetensors");
    writeFileSync(other, Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d]));
    await expect(loadTopModel(other)).rejects.toThrow(`${other}: expected a top model`); // prettier-ignore
    const given = await fitTopModel(matrix(6, 2), [1, 2, 3, 4, 5, 7], { folds: null }); // prettier-ignore
    await expect(predict(given.model, ["MK"])).rejects.toThrow("predict: expected rows of features, which this top model was made of, got sequences"); // prettier-ignore
    await expect(predict(given.model, [[1, 2, 3]])).rejects.toThrow("predict: expected 2 features a sample, got 3"); // prettier-ignore
  });
});

test.each([
  ["a target too few", [[1], [2], [3]], [1, 2], {}, "expected one target a sample, 3, got 2"],
  ["numbers beside labels", [[1], [2]], [1, "a"], {}, "expected targets that are all numbers or all labels, got number and string"],
  ["a target that is not finite", [[1], [2]], [1, NaN], {}, "expected finite targets, got NaN for sample 2"],
  ["one class", [[1], [2]], ["a", "a"], {}, 'expected labels of at least 2 classes, got only "a"'],
  ["a class of one", [[1], [2], [3]], ["a", "a", "b"], {}, 'expected at least 2 distinct samples of each class, got 1 of "b"'],
  ["labels for ridge", [[1], [2], [3], [4]], ["a", "a", "b", "b"], { kind: "ridge", folds: null }, "expected numbers as the targets of ridge, got labels"],
  ["numbers for logistic", [[1], [2]], [0, 1], { kind: "logistic", folds: null }, "expected labels (strings) as the targets of logistic, got numbers"],
  ["rows of several lengths", [[1, 2], [2]], [1, 2], {}, "expected as many features, at least one, for every sample, got 1 for sample 2 and 2 for the first"],
  ["a feature that is not finite", [[1], [Infinity]], [1, 2], {}, "expected finite features, got Infinity as feature 1 of sample 2"],
  ["more folds than samples", [[1], [2], [3]], [1, 2, 3], {}, "expected folds from 2 to the number of distinct samples, 3, got 5"],
  ["a penalty of 0", [[1], [2]], [1, 2], { penalties: [0] }, "expected penalties that are positive numbers, at least one, got [0]"],
] as const)("%s is refused in one sentence", async (_, x, y, options, message) => {
  await expect(fitTopModel(x as never, y as never, options)).rejects.toThrow(`fitTopModel: ${message}`);
}); // prettier-ignore

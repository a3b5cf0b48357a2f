/** @file Numbers of the published equations, computed in float64 by NumPy, from this project's two backends. */
import { readFileSync } from "node:fs";
import path from "node:path";
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  test,
  vi,
  type TestContext,
} from "vitest";
import { readSequences } from "../../src/unirep/formats/index.ts";
import { loadModel, type UniRep } from "../../src/unirep/load-model.ts";
import { customModel } from "../../src/unirep/model.ts";
import { inferConfig, type UniRepParams } from "../../src/unirep/params.ts";
import { rep } from "../../src/unirep/represent.ts";
import { score } from "../../src/unirep/score.ts";
import { loadWeights } from "../../src/unirep/weights/index.ts";
import { error, runFloat64, testWeights } from "./test-model.ts";
import { closedFormParams } from "./weights/closed-form.ts";

const golden = <T>(name: string) =>
  JSON.parse(
    readFileSync(new URL(`../goldens/${name}.json`, import.meta.url), "utf8"),
  ) as T;

/** Of a row of numbers: the first eight, and two sums over all. */
interface Digest {
  readonly first: readonly number[];
  readonly length: number;
  readonly sum: number;
  readonly sumOfSquares: number;
}
interface Case {
  readonly sequence: string;
  readonly h_avg: Digest;
  readonly h_final: Digest;
  readonly c_final: Digest;
  readonly log_probs: Digest;
  readonly crossEntropy: number;
}
interface RandomWeights {
  readonly models: readonly {
    readonly units: number;
    readonly layers: number;
    readonly cases: readonly Case[];
  }[];
}
interface Published {
  readonly models: readonly {
    readonly model: "64" | "256" | "1900";
    readonly cases: readonly Case[];
  }[];
}
interface Unirep64 {
  readonly cases: readonly {
    readonly sequence: string;
    readonly h_avg: readonly number[];
    readonly h_final: readonly number[];
    readonly c_final: readonly number[];
    readonly mean_cross_entropy: number;
  }[];
}

type Floats = Float32Array | Float64Array;
interface Outputs {
  readonly hAvg: Floats;
  readonly hFinal: Floats;
  readonly cFinal: Floats;
  readonly logProbs: Floats;
  readonly crossEntropy: number;
}

const total = (x: Floats, f: (v: number) => number) =>
  Array.from(x).reduce((sum, v) => sum + f(v), 0);

/** Sums may be off by the bound at every element. */
function expectDigest(actual: Floats, expected: Digest, bound: number): void {
  expect(actual.length).toBe(expected.length);
  expect(error(actual.slice(0, 8), expected.first)).toBeLessThan(bound);
  const slack = bound * (actual.length + total(actual, Math.abs));
  const squareSlack = 2 * bound * (actual.length + expected.sumOfSquares);
  expect(Math.abs(total(actual, (v) => v) - expected.sum)).toBeLessThan(slack);
  expect(
    Math.abs(total(actual, (v) => v * v) - expected.sumOfSquares),
  ).toBeLessThan(squareSlack);
}

function expectCase(outputs: Outputs, expected: Case, bound: number): void {
  expectDigest(outputs.hAvg, expected.h_avg, bound);
  expectDigest(outputs.hFinal, expected.h_final, bound);
  expectDigest(outputs.cFinal, expected.c_final, bound);
  expectDigest(outputs.logProbs, expected.log_probs, bound);
  expect(error([outputs.crossEntropy], [expected.crossEntropy])).toBeLessThan(
    bound,
  );
}

async function compiled(
  model: UniRep,
  cases: readonly { readonly sequence: string }[],
): Promise<Outputs[]> {
  const sequences = cases.map(({ sequence }) => sequence);
  const scores = await score(sequences, { model });
  const reps = await rep(sequences, { model });
  return reps.map((r, i) => ({ ...r, ...scores[i] }));
}

async function inFloat64(
  params: UniRepParams,
  cases: readonly { readonly sequence: string }[],
): Promise<Outputs[]> {
  const config = inferConfig(params);
  const sequences = cases.map(({ sequence }) => sequence);
  const scored = await runFloat64(config, params, "score", sequences);
  return scored.map(({ sum, h, c, logProbs }, i) => {
    const scores = logProbs ?? new Float64Array();
    return {
      hAvg: sum.map((x) => x / (sequences[i].length + 1)),
      hFinal: h,
      cFinal: c,
      logProbs: scores,
      crossEntropy: -total(scores, (x) => x) / scores.length,
    };
  });
}

// One of the sequences has every rare letter.
beforeAll(() => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => {});
});
afterAll(() => vi.restoreAllMocks());

describe.each(golden<RandomWeights>("random-weights").models)(
  "weights of a closed form, $layers layers of $units units",
  ({ units, layers, cases }) => {
    const params = closedFormParams(customModel({ units, layers }));
    const config = inferConfig(params);

    test("compiled: within 1e-5", async () => {
      const model = await loadModel({ weights: testWeights(config, params) });
      const outputs = await compiled(model, cases);
      cases.forEach((row, i) => expectCase(outputs[i], row, 1e-5));
      await model.dispose();
    });

    test("by the reference in float64: within 1e-9", async () => {
      const outputs = await inFloat64(params, cases);
      cases.forEach((row, i) => expectCase(outputs[i], row, 1e-9));
    });
  },
);

const weightsFolder = process.env.UNIREP_TEST_WEIGHTS ?? "";
const dataFolder = process.env.UNIREP_TEST_DATA ?? "";
const needWeights = ({ skip }: TestContext) =>
  skip(
    weightsFolder === "",
    "UNIREP_TEST_WEIGHTS names no folder with the published weights, which are not part of this repository",
  );

describe("published weights", () => {
  const weights = (model: "64" | "256" | "1900") =>
    loadWeights({ model }, { cache: weightsFolder });

  test.for(golden<Published>("published").models)(
    "$model: compiled: within 1e-5",
    async ({ model: name, cases }, context) => {
      needWeights(context);
      const model = await loadModel({ weights: await weights(name) });
      const outputs = await compiled(model, cases);
      cases.forEach((row, i) => expectCase(outputs[i], row, 1e-5));
      await model.dispose();
    },
  );

  const rows = golden<Unirep64>("unirep64").cases;
  const expectRow = (
    actual: Outputs,
    row: (typeof rows)[number],
    bound: number,
  ) => {
    expect(error(actual.hAvg, row.h_avg)).toBeLessThan(bound);
    expect(error(actual.hFinal, row.h_final)).toBeLessThan(bound);
    expect(error(actual.cFinal, row.c_final)).toBeLessThan(bound);
    expect(error([actual.crossEntropy], [row.mean_cross_entropy])).toBeLessThan(
      bound,
    );
  };
  test("64: every number of eleven sequences, compiled: within 1e-5", async (context) => {
    needWeights(context);
    const model = await loadModel({ weights: await weights("64") });
    const outputs = await compiled(model, rows);
    rows.forEach((row, i) => expectRow(outputs[i], row, 1e-5));
    await model.dispose();
  });
  test("64: three sequences by the reference in float64: to the nine digits the table has", async (context) => {
    needWeights(context);
    const few = rows.slice(0, 3);
    const outputs = await inFloat64((await weights("64")).params, few);
    few.forEach((row, i) => expectRow(outputs[i], row, 5e-9));
  });

  test("64: on 294 enzymes: perplexity 15.203, accuracy 0.1678", async (context) => {
    needWeights(context);
    context.skip(
      dataFolder === "",
      "UNIREP_TEST_DATA names no folder with enzymes.fasta, which is not part of this repository",
    );
    const model = await loadModel({ weights: await weights("64") });
    const sum = { nats: 0, hits: 0, targets: 0, sequences: 0, means: 0 };
    const records = readSequences([path.join(dataFolder, "enzymes.fasta")]);
    for await (const { crossEntropy, accuracy, length } of score(records, {
      model,
    })) {
      sum.nats += crossEntropy * (length + 1);
      sum.hits += accuracy * (length + 1);
      sum.targets += length + 1;
      sum.sequences++;
      sum.means += crossEntropy;
    }
    await model.dispose();
    expect(sum.sequences).toBe(294);
    expect(Math.abs(Math.exp(sum.nats / sum.targets) - 15.203)).toBeLessThan(
      0.001,
    );
    expect(Math.abs(sum.hits / sum.targets - 0.1678)).toBeLessThan(1e-4);
    expect(Math.abs(sum.means / sum.sequences - 2.71939)).toBeLessThan(1e-5);
  });
});

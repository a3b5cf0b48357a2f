/** @file `fit` from outside: its events, what it leaves on the disk, early stopping, aborts, guards and refusals. */
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readFitData } from "../../src/training/fit-data.ts";
import { fit } from "../../src/training/fit.ts";
import type { FitOptions } from "../../src/training/fit-options.ts";
import { readHistory } from "../../src/training/history.ts";
import {
  encode,
  loadModel,
  loadWeights,
  readSafetensors,
  score,
  type Weights,
} from "../../src/unirep/index.ts";
import {
  hostNumbers,
  proteins,
  runToEnd,
  smallWeights,
  stepsOf,
  texts,
} from "./training-model.ts";

const root = mkdtempSync(join(tmpdir(), "unirep-fit-"));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const fresh = () => join(root, String(folders++));

const weights = smallWeights(4, 1);
const sequences = texts(proteins([5, 17, 3, 30, 8, 11, 2, 9, 21, 4]));
const heldOut = texts(proteins([14, 6, 25], 9));
const base: FitOptions = { weights, lanes: 2, window: 8, learningRate: 0.02 };

/** Cross-entropy a token under `score`. */
async function scoredBy(weights: Weights, of: readonly string[]) {
  const model = await loadModel({ weights });
  const scores = await score(of, { model });
  await model.dispose();
  const tokens = scores.reduce((sum, { length }) => sum + length + 1, 0);
  return scores.reduce((sum, x) => sum + x.crossEntropy * (x.length + 1), 0) / tokens; // prettier-ignore
}

describe("fit", () => {
  const folder = fresh();
  const ran = runToEnd(fit(sequences, { ...base, epochs: 3, validation: heldOut, folder, checkpointSteps: 5 })); // prettier-ignore

  test("tells where it begins, every step, every validation and every checkpoint", async () => {
    const { events, result } = await ran;
    const residues = sequences.reduce((sum, x) => sum + x.length, 0);
    expect(events[0]).toMatchObject({ type: "start", step: 0, sequences: 10, residues, validationSequences: 3 }); // prettier-ignore
    const steps = stepsOf(events);
    expect(steps.map(({ step }) => step)).toEqual(steps.map((_, i) => i + 1));
    expect(steps.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(3 * (residues + 10)); // prettier-ignore
    expect(steps[steps.length - 1].epoch).toBe(3);
    expect(result).toMatchObject({ end: "epochs", epochs: 3, steps: steps.length }); // prettier-ignore
    const validations = events.filter((event) => event.type === "validation");
    expect(validations.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    const saved = events.flatMap((event) => (event.type === "checkpoint" ? [event.step] : [])); // prettier-ignore
    const due = [...new Set([...steps.map(({ step }) => step).filter((step) => step % 5 === 0), ...validations.map(({ step }) => step)])]; // prettier-ignore
    expect(saved).toEqual(due.sort((a, b) => a - b));
  });

  test("learns: the loss of the last epoch is below that of the first", async () => {
    const steps = stepsOf((await ran).events);
    const mean = (some: typeof steps) =>
      some.reduce((sum, { loss }) => sum + loss, 0) / some.length;
    expect(mean(steps.slice(-4))).toBeLessThan(mean(steps.slice(0, 4)));
  });

  test("validates to what score() says of the weights it keeps", async () => {
    const { events, result } = await ran;
    const validations = events.filter((event) => event.type === "validation");
    const last = validations[validations.length - 1];
    expect(Math.abs((await scoredBy(result.final, heldOut)) - last.crossEntropy)).toBeLessThan(1e-5); // prettier-ignore
    const lowest = Math.min(...validations.map((x) => x.crossEntropy));
    expect(result.bestValidation?.crossEntropy).toBe(lowest);
    expect(Math.abs((await scoredBy(result.best, heldOut)) - lowest)).toBeLessThan(1e-5); // prettier-ignore
  });

  test("leaves best and final weights, a checkpoint and its history in the folder", async () => {
    const { events, result } = await ran;
    expect(readdirSync(folder).sort()).toEqual(["best.safetensors", "checkpoint.safetensors", "final.safetensors", "history.jsonl"]); // prettier-ignore
    for (const name of ["best", "final"] as const) {
      const read = await loadWeights({ weights: join(folder, `${name}.safetensors`) }); // prettier-ignore
      expect(read.info).toEqual(result[name].info);
      expect(hostNumbers(read.params)).toEqual(hostNumbers(result[name].params)); // prettier-ignore
    }
    expect(await readHistory(join(folder, "history.jsonl"))).toEqual(
      events.filter(({ type }) => type === "step" || type === "validation"),
    );
    expect(result.final.info.provenance).toBe(`made by a test; trained for ${result.steps} steps on 10 sequences with unirep-ts`); // prettier-ignore
  });

  test("gives the same numbers without a folder, and others for another seed", async () => {
    const again = async (seed: number) =>
      (await runToEnd(fit(sequences, { ...base, epochs: 3, validation: heldOut, seed }))).result.final.info.sha256; // prettier-ignore
    expect(await again(0)).toBe((await ran).result.final.info.sha256);
    expect(await again(1)).not.toBe((await ran).result.final.info.sha256);
  });

  test("ends after `patience` epochs without a better validation, and keeps the best", async () => {
    // What is learned of one letter makes proteins without it ever less probable.
    const { events, result } = await runToEnd(
      fit(["A".repeat(60)], { ...base, lanes: 1, epochs: 40, learningRate: 0.05, validation: ["WYWYWYWYCC"], patience: 2 }),
    ); // prettier-ignore
    const validations = events.filter((event) => event.type === "validation");
    const best = validations.findLast(({ best }) => best);
    expect(result.end).toBe("early stop");
    expect(result.epochs).toBe(validations.length);
    expect(validations.length).toBe((best?.epoch ?? 0) + 2);
    expect(Math.abs((await scoredBy(result.best, ["WYWYWYWYCC"])) - (best?.crossEntropy ?? 0))).toBeLessThan(1e-5); // prettier-ignore
  });
});

describe("a loss that is not finite", () => {
  test("stops the run, with the state before the step and the batch saved", async () => {
    const folder = fresh();
    const events: string[] = [];
    const read = async (resume: boolean) => {
      const options = { ...base, learningRate: 1e30, folder, resume };
      for await (const { type } of fit(sequences, options)) events.push(type);
    };
    const sentence = /^fit: step 2: expected a finite loss, gradient and result, got loss \S+ and gradient norm \S+; the step was not taken, its batch is in .*batch-2\.json; a smaller learningRate or clipNorm may help$/; // prettier-ignore
    await expect(read(false)).rejects.toThrow(sentence);
    expect(events).toEqual(["start", "step"]);
    const batch = JSON.parse(readFileSync(join(folder, "batch-2.json"), "utf8")) as { tokens: number[] }[]; // prettier-ignore
    expect(batch[0].tokens).toHaveLength(16);
    const file = join(folder, "checkpoint.safetensors");
    const { metadata, tensors } = readSafetensors(readFileSync(file));
    expect(JSON.parse(metadata.progress)).toMatchObject({ step: 1 });
    for (const { data } of tensors.values())
      expect(data.every(Number.isFinite)).toBe(true);
    expect(await readHistory(join(folder, "history.jsonl"))).toHaveLength(1);
    await expect(read(true)).rejects.toThrow(sentence);
  });
});

describe("an abort", () => {
  test("before the first step throws the signal's reason and touches nothing", async () => {
    const folder = fresh();
    const signal = AbortSignal.abort(new Error("not today"));
    await expect(runToEnd(fit(sequences, { ...base, folder, signal }))).rejects.toThrow("not today"); // prettier-ignore
    expect(existsSync(folder)).toBe(false);
  });

  test.each(["step", "validation"] as const)("at a %s throws the reason after a checkpoint of all that was done", async (at) => {
    const folder = fresh();
    const abort = new AbortController();
    const types: string[] = [];
    const read = async () => {
      for await (const { type } of fit(sequences, { ...base, validation: heldOut, epochs: 2, folder, signal: abort.signal })) {
        types.push(type);
        if (type === at) abort.abort(new Error("enough"));
      }
    };
    await expect(read()).rejects.toThrow("enough");
    expect(types[types.length - 1]).toBe("checkpoint");
    const { metadata } = readSafetensors(readFileSync(join(folder, "checkpoint.safetensors")));
    const steps = types.filter((type) => type === "step").length;
    expect(JSON.parse(metadata.progress)).toMatchObject({ step: steps });
  }); // prettier-ignore
});

test("a folder that a run is using is refused to another, and free when the run ends or is left", async () => {
  const folder = fresh();
  const options = { ...base, folder, resume: true };
  for await (const { type } of fit(sequences, options)) {
    if (type !== "step") continue;
    await expect(runToEnd(fit(sequences, options))).rejects.toThrow("is held by running process");
    break;
  }
  await expect(runToEnd(fit(sequences, options))).resolves.toBeDefined();
  await expect(runToEnd(fit(sequences, { ...options, resume: false }))).rejects.toThrow("expected a folder without a run");
  await expect(runToEnd(fit(sequences, options))).resolves.toBeDefined();
}); // prettier-ignore

describe("what is held out", () => {
  const repeated = [...sequences, ...sequences];
  test("is about the share asked for, the same for a seed, and shares no sequence with the rest", async () => {
    const read = (seed: number) => readFitData(repeated, 0.3, seed);
    const { training, validation } = await read(1);
    expect(validation).toHaveLength(6);
    expect(training).toHaveLength(14);
    const names = (list: readonly Uint8Array[]) => list.map((x) => x.join());
    const held = new Set(names(validation));
    expect(names(training).some((name) => held.has(name))).toBe(false);
    expect((await read(1)).sha256).toBe((await read(1)).sha256);
    expect((await read(2)).sha256).not.toBe((await read(1)).sha256);
    expect(names(training).concat(names(validation)).sort()).toEqual(repeated.map((x) => encode(x).join()).sort()); // prettier-ignore
  });
});

describe("fit refuses", () => {
  test.each<[string, readonly string[], FitOptions, string]>([
    ["no sequences", [], {}, "expected at least one sequence to train on, got none"],
    ["a letter that is no amino acid", ["MKLV", "MK1V"], {}, 'got "1" at position 3'],
    ["epochs of 0", sequences, { epochs: 0 }, "expected epochs to be a positive integer, got 0"],
    ["half a lane", sequences, { lanes: 2.5 }, "expected lanes to be a positive integer, got 2.5"],
    ["a window of 0", sequences, { window: 0 }, "expected window to be a positive integer, got 0"],
    ["a negative step size", sequences, { learningRate: -1 }, "expected learningRate to be a positive number, got -1"],
    ["no step size", sequences, { learningRate: NaN }, "expected learningRate to be a positive number, got NaN"],
    ["half a patience", sequences, { patience: 0.5 }, "expected patience to be a positive integer, got 0.5"],
    ["a seed below 0", sequences, { seed: -1 }, "expected seed to be an integer from 0 to 2^53 - 1, got -1"],
    ["checkpoints every 0 steps", sequences, { checkpointSteps: 0 }, "expected checkpointSteps to be a positive integer, got 0"],
    ["another optimizer", sequences, { optimizer: "sgd" as "adam" }, "expected optimizer to be adam or adamW, got sgd"],
    ["another schedule", sequences, { schedule: "linear" as "cosine" }, "expected schedule to be constant or cosine, got linear"],
    ["a share of 1", sequences, { validation: 1 }, "expected validation to be a share from 0 to below 1, got 1"],
    ["a share that is no sequence", sequences, { validation: 0.01 }, "expected at least one sequence to validate on, got a share of 0.01 of 10 sequences"],
    ["nothing to validate on", sequences, { validation: [] }, "expected at least one sequence to validate on, got none"],
    ["patience without validation", sequences, { patience: 2 }, "expected validation beside patience, got none"],
    ["a group that is not there", sequences, { frozen: ["layer3"] }, "expected frozen groups among embedding, layer0, head, got layer3"],
    ["everything frozen", sequences, { frozen: ["embedding", "layer0", "head"] }, "all groups are frozen, nothing is left to train"],
    ["weights of another model", sequences, { model: "64" }, "expected weights of model 64, got test-1x4 of model 1x4"],
  ])("%s", async (_, data, options, sentence) => {
    await expect(runToEnd(fit(data, { weights, ...options }))).rejects.toThrow(sentence);
  }); // prettier-ignore
});

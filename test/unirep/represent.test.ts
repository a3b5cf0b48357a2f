/** @file `rep`: what it accepts, what it gives, and how it refuses. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  test,
  vi,
} from "vitest";
import { LetterError } from "../../src/unirep/alphabet.ts";
import { readSequences } from "../../src/unirep/formats/index.ts";
import type { SequenceInput } from "../../src/unirep/inputs.ts";
import type { UniRep } from "../../src/unirep/load-model.ts";
import { customModel } from "../../src/unirep/model.ts";
import { rep } from "../../src/unirep/represent.ts";
import { plainRun } from "./plain-model.ts";
import { error, testWeights, tinyModel, tinyParams } from "./test-model.ts";

let model: UniRep;
beforeAll(async () => {
  model = await tinyModel();
});
afterAll(() => model.dispose());
afterEach(() => {
  vi.restoreAllMocks();
});

async function* stream<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await turn();
    yield item;
  }
}

describe("rep accepts", () => {
  const texts = ["MKLV", "SEQWENCE", "ACDEFGHIKLMNPQRSTVWY"];
  test.each<
    [
      string,
      () => Iterable<SequenceInput> | AsyncIterable<SequenceInput>,
      ids: string[],
    ]
  >([
    ["an array", () => texts, ["1", "2", "3"]],
    ["any iterable", () => new Set(texts), ["1", "2", "3"]],
    ["an asynchronous stream", () => stream(texts), ["1", "2", "3"]],
    [
      "objects with ids",
      () => texts.map((sequence, i) => ({ id: `p${i}`, sequence })),
      ["p0", "p1", "p2"],
    ],
    [
      "objects without ids",
      () => texts.map((sequence) => ({ sequence })),
      ["1", "2", "3"],
    ],
    [
      "strings among objects",
      () => [texts[0], { id: "x", sequence: texts[1] }, texts[2]],
      ["1", "x", "3"],
    ],
    [
      "lower case, layout and a terminal stop",
      () => ["mklv", "SEQ WENCE\n", `${texts[2]}*`],
      ["1", "2", "3"],
    ],
  ])("%s", async (_, input, ids) => {
    const results = await rep(input(), { model });
    expect(results.map(({ id }) => id)).toEqual(ids);
    results.forEach((result, i) => {
      const plain = plainRun(tinyParams, texts[i]);
      expect(result.length).toBe(texts[i].length);
      expect(error(result.hAvg, plain.hAvg)).toBeLessThan(1e-5);
      expect(error(result.hFinal, plain.hFinal)).toBeLessThan(1e-5);
      expect(error(result.cFinal, plain.cFinal)).toBeLessThan(1e-5);
      expect(result).not.toHaveProperty("perResidue");
    });
  });

  test("one string, and gives one representation", async () => {
    const [first] = await rep(["MKLV"], { model });
    expect(await rep("MKLV", { model })).toEqual(first);
  });

  test("no sequences at all, and gives none", async () => {
    expect(await rep([], { model })).toEqual([]);
  });

  test("records of a file, named as in the file", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "unirep-rep-"));
    const file = path.join(folder, "two.fasta");
    await writeFile(file, ">first of two\nMKLV\n>second\nSEQWENCE\n");
    const ids: string[] = [];
    for await (const { id, length } of rep(readSequences([file]), { model }))
      ids.push(`${id} ${length}`);
    expect(ids).toEqual(["first 4", "second 8"]);
    await rm(folder, { recursive: true });
  });
});

describe("rep refuses", () => {
  test.each<[string, SequenceInput, string, letter: string, column: number]>([
    [
      "an empty sequence",
      "",
      "sequence 2: expected at least one amino-acid letter, got an empty sequence",
      "",
      1,
    ],
    [
      "a sequence of nothing but layout",
      " \n",
      "sequence 2: expected at least one amino-acid letter, got an empty sequence",
      "",
      1,
    ],
    [
      "a letter that is none",
      "MK1V",
      'sequence 2: expected amino-acid letters, got "1" at position 3',
      "1",
      3,
    ],
    [
      "an alignment gap",
      "M-KV",
      'sequence 2: expected amino-acid letters, got the alignment gap "-" (gaps are removed when asked for: gaps: "remove", --gaps remove) at position 2',
      "-",
      2,
    ],
    [
      "a stop within",
      { id: "P1", sequence: "MK*V" },
      'sequence 2 (P1): expected amino-acid letters, got "*" before the end of the sequence at position 3',
      "*",
      3,
    ],
    [
      "a letter of two code units",
      "MK🧬",
      'sequence 2: expected amino-acid letters, got "🧬" at position 3',
      "🧬",
      3,
    ],
  ])("%s, naming place and column", async (_, bad, message, letter, column) => {
    const refusal = rep(["MKLV", bad], { model });
    await expect(refusal).rejects.toThrow(LetterError);
    await expect(refusal).rejects.toMatchObject({ message, letter, column });
  });

  test.each([
    [
      null,
      "sequence 1: expected a string or an object with a sequence, got object",
    ],
    [
      7,
      "sequence 1: expected a string or an object with a sequence, got number",
    ],
    [
      { id: "x" },
      "sequence 1: expected a string or an object with a sequence, got object",
    ],
  ])("%j, which is no sequence", async (bad, message) => {
    await expect(rep([bad as unknown as string], { model })).rejects.toThrow(
      new TypeError(message),
    );
  });

  test("a whole array before anything is computed", async () => {
    const engine = vi.spyOn(model, "engine");
    const good = Array.from({ length: 100 }, () => "MKLV");
    const results = rep([...good, "MK?"], { model });
    await expect(results[Symbol.asyncIterator]().next()).rejects.toThrow(
      'sequence 101: expected amino-acid letters, got "?" at position 3',
    );
    expect(engine).not.toHaveBeenCalled();
  });

  test("one sequence of a stream where it stands, after the results before it", async () => {
    const ids: string[] = [];
    const run = async () => {
      const input = stream(["MK", "LV", "M?", "GG"]);
      for await (const { id } of rep(input, { model })) ids.push(id);
    };
    await expect(run()).rejects.toThrow(
      'sequence 3: expected amino-acid letters, got "?" at position 2',
    );
    expect(ids).toEqual(["1", "2"]);
  });

  test("weights it does not know, in one sentence", async () => {
    await expect(rep("MK", { weights: "no-such-weights" })).rejects.toThrow(
      /^weights: no file, folder or imported id "no-such-weights"[^.]*$/,
    );
  });

  test("options that a loaded model can no longer follow", async () => {
    await expect(rep("MK", { model, precision: "int8" })).rejects.toThrow(
      "model: expected precision to be given to loadModel, got it beside a model already loaded",
    );
  });

  test("weights of another model than the one named", async () => {
    const weights = testWeights(
      customModel({ units: 8, layers: 2 }),
      tinyParams,
    );
    await expect(rep("MK", { model: "64", weights })).rejects.toThrow(
      "loadModel: expected weights of model 64, got test-2x8 of model 2x8",
    );
  });
});

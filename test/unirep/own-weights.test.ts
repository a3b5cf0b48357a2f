/** @file The weights that come with the package: found from anywhere, whole, described truly, and as good as their card says. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import {
  loadModel,
  models,
  readSequences,
  type ModelOptions,
} from "../../src/unirep/index.ts";
import { readSplit } from "../../bench/own-weights/data.ts";
import { perplexityOf } from "../../bench/own-weights/perplexity.ts";
import { builtIn, builtInFile, builtInIds } from "../../src/unirep/weights/built-in.ts"; // prettier-ignore
import { hashFile } from "../../src/unirep/weights/download.ts";
import { hashParams } from "../../src/unirep/weights/hash.ts";
import { loadWeights } from "../../src/unirep/weights/load.ts";

// The real one, unless a test says otherwise.
vi.mock("../../src/unirep/weights/built-in.ts", async (original) => {
  const real = await original<{ builtInFile: typeof builtInFile }>();
  return { ...real, builtInFile: vi.fn(real.builtInFile) };
});

const root = path.resolve(import.meta.dirname, "../..");
const scratch = await mkdtemp(path.join(tmpdir(), "unirep-own-"));
afterAll(() => rm(scratch, { recursive: true }));
const card = readFileSync(path.join(root, "weights/MODEL_CARD.md"), "utf8");

describe.each(builtInIds)("%s", (id) => {
  const file = builtInFile(id);

  test("loads without a cache, with its own licence and history", async () => {
    const { config, params, info } = await loadWeights(
      { weights: id },
      { cache: scratch },
    );
    expect(config).toEqual(models[builtIn[id]]);
    expect(info).toMatchObject({
      id,
      sha256: hashParams(params),
      licence: "Apache-2.0",
    });
    expect(info.provenance).toMatch(
      /^trained by unirep-ts from random numbers/,
    );
  });

  test("has a card that names its file and parameters by their hashes", async () => {
    expect(card).toContain(await hashFile(file));
    expect(card).toContain((await loadWeights({ weights: id })).info.sha256);
  });

  test("finds proteins likelier than the same residues in another order", async () => {
    const proteins: string[] = [];
    for await (const { sequence } of readSequences([
      path.join(root, "examples/proteins.fasta"),
    ]))
      // prettier-ignore
      proteins.push(sequence);
    // Every 7th residue, and so on: as good as shuffled, and the same in every run.
    const mixed = proteins.map((sequence) =>
      Array.from({ length: 7 }, (_, k) =>
        [...sequence].filter((_, i) => i % 7 === k).join(""),
      ).join(""),
    );
    const model = await loadModel({ weights: id });
    const [natural, other] = [
      await perplexityOf(proteins, model),
      await perplexityOf(mixed, model),
    ];
    await model.dispose();
    expect(natural.tokens).toBe(other.tokens);
    expect(natural.perplexity).toBeLessThan(0.97 * other.perplexity);
  });

  test("works from the build, in another folder", () => {
    const library = path.join(root, "dist/index.js");
    const out = execFileSync(
      process.execPath,
      [
        "--input-type=module",
        "-e",
        `import { loadWeights } from ${JSON.stringify(library)};
         console.log((await loadWeights({ weights: "${id}" })).info.id);`,
      ],
      { cwd: scratch, encoding: "utf8" },
    );
    expect(out.trim()).toBe(id);
  });

  test("is refused if its parameters have changed", async () => {
    const changed = path.join(scratch, `${id}.safetensors`);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] ^= 1;
    await writeFile(changed, bytes);
    vi.mocked(builtInFile).mockReturnValueOnce(changed);
    await expect(loadWeights({ weights: id })).rejects.toThrow(
      `expected the parameters of ${id}, got others`,
    );
  });
});

test("on the held-out families unirep-ts-64 has at most 1.02 times the perplexity of the published weights, which were trained on them", async ({
  skip,
}) => {
  const { UNIREP_TEST_DATA: data, UNIREP_TEST_WEIGHTS: cache } = process.env;
  if (!data || !cache)
    return skip("UNIREP_TEST_DATA and UNIREP_TEST_WEIGHTS do not name folders with uniprot-sample.fasta.gz and the published weights, which are not part of this repository"); // prettier-ignore
  const { heldOut } = await readSplit(path.join(data, "uniprot-sample.fasta.gz")); // prettier-ignore
  const perplexity = async (spec: ModelOptions) => {
    const model = await loadModel(spec);
    const { perplexity: value } = await perplexityOf(heldOut, model);
    await model.dispose();
    return value;
  };
  const published = await loadWeights({ weights: "unirep-64" }, { cache });
  const [own, theirs] = [
    await perplexity({ weights: "unirep-ts-64" }),
    await perplexity({ weights: published }),
  ];
  expect(own / theirs).toBeLessThanOrEqual(1.02);
});

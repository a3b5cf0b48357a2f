/** @file Weight files round-trip, and the content hash is that of the content. */
import { mkdtemp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { customModel, models } from "../../../src/unirep/model.ts";
import { namedParams, type UniRepParams } from "../../../src/unirep/params.ts";
import {
  readWeightsFile,
  writeNpyFolder,
  writeSafetensorsFile,
} from "../../../src/unirep/weights/files.ts";
import { hashParams } from "../../../src/unirep/weights/hash.ts";
import { writeNpy } from "../../../src/unirep/weights/npy.ts";
import { writeSafetensors } from "../../../src/unirep/weights/safetensors.ts";
import { closedFormParams } from "./closed-form.ts";

const single = closedFormParams(customModel({ units: 6 }));
const stack = closedFormParams(
  customModel({ units: 4, layers: 3, embedding: 5 }),
);
const hash = hashParams(stack);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "unirep-files-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("files", () => {
  const info = {
    id: "x",
    sha256: hash,
    licence: "none",
    provenance: "closed form",
  };
  const weights = {
    config: customModel({ units: 4, layers: 3, embedding: 5 }),
    params: stack,
    info,
  };
  test("safetensors round-trips the model and says what it is", async () => {
    const file = path.join(folder, "deep", "x.safetensors");
    await writeSafetensorsFile(file, weights);
    const read = await readWeightsFile(file);
    expect(hashParams(read.params)).toBe(hash);
    expect(read).toMatchObject({
      format: "safetensors",
      metadata: { id: "x", licence: "none", params_sha256: hash },
    });
    expect(await readdir(path.dirname(file))).toEqual(["x.safetensors"]);
  });
  test.each([":0", "_0"])(
    "a folder with names ending in %s round-trips the model",
    async (suffix) => {
      for (const params of [single, stack]) {
        const out = path.join(
          folder,
          `npy${suffix === ":0"}${params.layers.length}`,
        );
        await writeNpyFolder(out, params, suffix);
        expect(hashParams((await readWeightsFile(out)).params)).toBe(
          hashParams(params),
        );
        await expect(writeNpyFolder(out, params, suffix)).rejects.toThrow(
          /expected a folder without \.npy files/,
        );
      }
    },
  );
  test("a file whose name says another format is read by its content", async () => {
    const file = path.join(folder, "model.pkl");
    await writeFile(file, writeSafetensors(namedParams(stack)));
    expect((await readWeightsFile(file)).format).toBe("safetensors");
  });
  test.each<[string, Buffer | undefined, RegExp]>([
    ["an empty file", Buffer.alloc(0), /got an empty file/],
    [
      "text",
      Buffer.from("hello world"),
      /beginning with bytes 68656c6c6f20776f/,
    ],
    [
      "one .npy file",
      writeNpy(stack.embedding),
      /expected a folder of \.npy files/,
    ],
    [
      "an empty folder",
      undefined,
      /expected a folder of \.npy files, found none/,
    ],
  ])("%s is refused", async (name, bytes, message) => {
    const file = path.join(folder, name);
    await (bytes ? writeFile(file, bytes) : mkdir(file));
    await expect(readWeightsFile(file)).rejects.toThrow(message);
  });
});

describe("the hash", () => {
  test("changes with any bit, and not with the order of keys", () => {
    const copy = structuredClone(stack);
    copy.layers[2].gmh.data[3] += 2 ** -20;
    expect(hashParams(copy)).not.toBe(hash);
    const reversed = stack.layers.map((layer) =>
      Object.fromEntries(Object.entries(layer).reverse()),
    );
    expect(
      hashParams({
        ...stack,
        layers: reversed as unknown as UniRepParams["layers"],
      }),
    ).toBe(hash);
  });
  test.each([NaN, Infinity, -Infinity])(
    "of weights that hold %s is refused with the parameter's name",
    (bad) => {
      const copy = structuredClone(stack);
      copy.layers[1].wh.data[7] = bad;
      expect(() => hashParams(copy)).toThrow(
        `weights: parameter layers.1.wh must be finite, got ${bad} at element 7`,
      );
    },
  );
});

describe("closed-form weights", () => {
  interface Digest {
    first: number[];
    sum: number;
    sumOfSquares: number;
  }
  const { models: rows } = JSON.parse(
    readFileSync(
      new URL("../../goldens/random-weights.json", import.meta.url),
      "utf8",
    ),
  ) as {
    models: {
      units: number;
      layers: number;
      weights: Record<string, Digest>;
    }[];
  };
  test.each(rows)(
    "of $layers x $units units are those the Python goldens used",
    ({ units, layers, weights }) => {
      const params = closedFormParams({ ...models["64"], units, layers });
      const last = params.layers[layers - 1];
      const found = {
        embedding: params.embedding,
        lastGx: last.gx,
        lastWmh: last.wmh,
        headB: params.head.b,
      };
      for (const [name, { data }] of Object.entries(found)) {
        const { first, sum, sumOfSquares } = weights[name];
        first.forEach((value, i) => expect(data[i]).toBeCloseTo(value, 8));
        expect(data.reduce((a, b) => a + b, 0)).toBeCloseTo(sum, 4);
        expect(data.reduce((a, b) => a + b * b, 0) / sumOfSquares).toBeCloseTo(
          1,
          9,
        );
      }
    },
  );
});

/** @file Loading a model: once for equal options, in f32 or int8. */
import { describe, expect, test } from "vitest";
import {
  loadModel,
  sharedModel,
  type EngineDevice,
} from "../../src/unirep/load-model.ts";
import { customModel } from "../../src/unirep/model.ts";
import { rep } from "../../src/unirep/represent.ts";
import { testWeights, tinyModel } from "./test-model.ts";
import { closedFormParams } from "./weights/closed-form.ts";

describe("a model", () => {
  test("is loaded once for equal options, said or left to their defaults", async () => {
    const spec = { model: "64", weights: "random:3" } as const;
    const loaded = sharedModel(spec);
    const again = sharedModel({
      ...spec,
      device: "cpu",
      precision: "f32",
      threads: 0,
    });
    expect(await again).toBe(await loaded);
    expect(await sharedModel({ ...spec, weights: "random:4" })).not.toBe(
      await loaded,
    );
    const [a, b] = await Promise.all([
      rep("MKLV", spec),
      rep("MKLV", { model: await loaded }),
    ]);
    expect(a).toEqual(b);
    expect((await loaded).info.id).toBe("random-64-seed3");
  });

  test("in int8 gives nearly the directions of f32, and is not the same", async () => {
    const config = customModel({ units: 96, layers: 2 });
    const weights = testWeights(config, closedFormParams(config));
    const texts = [
      "MKLVSEQWENCE",
      "SEQWENCE",
      "ACDEFGHIKLMNPQRSTVWY".repeat(4),
    ];
    const [exact, int8] = await Promise.all(
      (["f32", "int8"] as const).map(async (precision) => {
        const loaded = await loadModel({ weights, precision });
        expect(loaded.precision).toBe(precision);
        const results = await rep(texts, { model: loaded });
        await loaded.dispose();
        return results;
      }),
    );
    exact.forEach((r, i) => {
      const dot = (a: Float32Array, b: Float32Array) =>
        a.reduce((sum, x, j) => sum + x * b[j], 0);
      const [a, b] = [r.hAvg, int8[i].hAvg];
      const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
      expect(cosine).toBeGreaterThan(0.99);
      expect(int8[i].hAvg).not.toEqual(r.hAvg);
    });
  });

  test("is refused on a device that compiles each size for itself", async () => {
    await expect(
      loadModel({ weights: "random", device: "webgpu" as EngineDevice }),
    ).rejects.toThrow(
      "loadModel: expected a device, one of cpu, cuda, js, got webgpu; other devices compile a program for each size, and the engine's sizes follow the work",
    );
  });

  test("in int8 is refused by the reference backend", async () => {
    const loaded = await tinyModel({ device: "js", precision: "int8" });
    await expect(rep("MK", { model: loaded })).rejects.toThrow(
      "jit: precision int8 needs device cpu, got js",
    );
  });
});

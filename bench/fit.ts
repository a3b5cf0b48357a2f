/** @file Residues a second of `fit` on real proteins against the machine's matrix-product peak, and against jax-unirep's fit.
 *
 *     npm run --silent bench -- fit [--model 64] [--input FASTA] [--records N] [--max-length L] [--lanes L] [--window W] [--steps S] [--threads T] [--python PYTHON] [--batch B] [--json]
 *
 * Both train from random weights on the same sequences. The peak is measured before and after, jax-unirep (see
 * bench/jax/fit.py for what PYTHON needs) between two halves of the steps. The first two steps, which compile and lay out
 * memory, are not counted.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs, promisify } from "node:util";
import { fit, type FitOptions } from "../src/training/index.ts";
import {
  models,
  readSequences,
  type ModelConfig,
  type ModelName,
} from "../src/unirep/index.ts";
import { gemmPeak } from "./lib/gemm-peak.ts";
import { median } from "./lib/stats.ts";

const warmUpSteps = 2;

/** Operations of all matrix products of a token: forward, and twice as many backward. The bottom layer reads a table. */
const productFlops = ({ units: n, layers }: ModelConfig): number =>
  3 * 2 * ((2 * layers - 1) * 5 * n * n + 25 * n);

/** Tokens a second of every step after the first ones, whatever the host does between them included. */
async function stepRates(
  sequences: readonly string[],
  options: FitOptions,
  steps: number,
): Promise<number[]> {
  const rates: number[] = [];
  let begun = performance.now();
  for await (const event of fit(sequences, options)) {
    if (event.type !== "step") continue;
    const now = performance.now();
    if (event.step > warmUpSteps)
      rates.push((1000 * event.tokens) / (now - begun));
    begun = now;
    if (rates.length === steps) break;
  }
  return rates;
}

interface JaxUnirep {
  readonly jaxUnirep: string;
  readonly jax: string;
  readonly residuesPerSecond: number;
  /** Of one epoch, tracing and compiling included. */
  readonly firstCallSeconds: number;
}

async function runJaxUnirep(
  python: string,
  sequences: readonly string[],
  { model, batch }: { model: string; batch: string },
): Promise<JaxUnirep> {
  const folder = await mkdtemp(path.join(tmpdir(), "unirep-bench-"));
  try {
    const file = path.join(folder, "sequences.txt");
    await writeFile(file, sequences.join("\n"));
    const script = path.join(import.meta.dirname, "jax/fit.py");
    const { stdout } = await promisify(execFile)(
      python,
      [script, "--model", model, "--batch", batch, file],
      { cwd: folder, env: { ...process.env, JAX_PLATFORMS: "cpu" } },
    );
    return JSON.parse(stdout.trim().split("\n").pop() ?? "") as JaxUnirep;
  } finally {
    await rm(folder, { recursive: true });
  }
}

export async function run(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      model: { type: "string", default: "64" },
      input: {
        type: "string",
        default: "../shared/data/uniprot-sample.fasta.gz",
      },
      records: { type: "string", default: "500" },
      "max-length": { type: "string", default: "500" },
      lanes: { type: "string" },
      window: { type: "string" },
      steps: { type: "string", default: "8" },
      threads: { type: "string", default: "0" },
      python: { type: "string" },
      batch: { type: "string", default: "25" },
      json: { type: "boolean", default: false },
    },
  });
  const config = models[values.model as ModelName];
  const threads = Number(values.threads);
  const sequences: string[] = [];
  for await (const { sequence } of readSequences([values.input])) {
    if (sequence.length <= Number(values["max-length"]))
      sequences.push(sequence);
    if (sequences.length === Number(values.records)) break;
  }
  const residues = sequences.reduce((sum, x) => sum + x.length, 0);
  const options: FitOptions = {
    model: config.name,
    weights: "random",
    epochs: 1_000_000,
    lanes: values.lanes === undefined ? undefined : Number(values.lanes),
    window: values.window === undefined ? undefined : Number(values.window),
    threads,
  };
  const half = Math.ceil(Number(values.steps) / 2);

  const peak = await gemmPeak(config.units, threads);
  const peaks = [await peak(), await peak(), await peak()];
  const rates = await stepRates(sequences, options, half);
  const theirs =
    values.python === undefined
      ? null
      : await runJaxUnirep(values.python, sequences, values);
  rates.push(...(await stepRates(sequences, options, half)));
  peaks.push(await peak(), await peak(), await peak());

  const tokensPerSecond = median(rates);
  const flopsPerSecond = median(peaks);
  const residuesPerSecond =
    (tokensPerSecond * residues) / (residues + sequences.length);
  const result = {
    model: config.name,
    sequences: sequences.length,
    residues,
    residuesPerSecond,
    fractionOfPeak: (tokensPerSecond * productFlops(config)) / flopsPerSecond,
    peakGflops: flopsPerSecond / 1e9,
    ...(theirs && {
      speedupOverJaxUnirep: residuesPerSecond / theirs.residuesPerSecond,
      jaxUnirep: theirs,
    }),
  };
  if (values.json) {
    console.log(JSON.stringify(result));
    return;
  }
  for (const [key, value] of Object.entries(result))
    console.log(
      `${key.padEnd(22)} ${typeof value === "number" ? Number(value.toPrecision(4)) : typeof value === "string" ? value : JSON.stringify(value)}`,
    );
}

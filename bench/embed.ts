/** @file Representations a second on real proteins against the machine's matrix-product limit, and what int8 gains.
 *
 *     npm run --silent bench -- embed [--input FASTA] [--records N] [--model 1900] [--weights W] [--threads T] [--json]
 *
 * The limit is measured in the same run, before, between and after: a step can be no faster than its two products.
 */
import { parseArgs } from "node:util";
import {
  loadModel,
  readSequences,
  rep,
  score,
  type ModelName,
  type Representation,
  type UniRep,
} from "../src/unirep/index.ts";
import { GemmMeter } from "./lib/gemm.ts";
import { median } from "./lib/stats.ts";

const defaultInput = "../shared/data/uniprot-sample.fasta.gz";

export async function run(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      input: { type: "string", default: defaultInput },
      records: { type: "string", default: "2000" },
      model: { type: "string", default: "1900" },
      weights: { type: "string", default: "random" },
      threads: { type: "string", default: "0" },
      repeats: { type: "string", default: "1" },
      int8: { type: "boolean", default: true },
      json: { type: "boolean", default: false },
    },
    allowNegative: true,
  });
  const threads = Number(values.threads);
  const records: { id: string; sequence: string }[] = [];
  for await (const record of readSequences([values.input])) {
    records.push(record);
    if (records.length === Number(values.records)) break;
  }
  const residues = records.reduce((n, { sequence }) => n + sequence.length, 0);
  const load = (precision: "f32" | "int8") =>
    loadModel({
      model: values.model as ModelName,
      weights: values.weights,
      precision,
      threads,
    });
  const model = await load("f32");
  await rep("M", { model });
  const meter = new GemmMeter(model.config, [64, 96, 128, 192, 256], threads);
  await meter.measure(5);

  const rates: number[] = [];
  let representations: Representation[] = [];
  for (let i = 0; i < Number(values.repeats); i++) {
    const start = performance.now();
    representations = await rep(records, { model });
    rates.push((residues / (performance.now() - start)) * 1000);
    await meter.measure(5);
  }
  const limit = meter.limit();
  await meter.dispose();
  const residuesPerSecond = median(rates);
  const result: Record<string, unknown> = {
    model: model.config.name,
    weights: model.info.id,
    records: records.length,
    residues,
    longest: Math.max(...records.map(({ sequence }) => sequence.length)),
    residuesPerSecond,
    limitResiduesPerSecond: limit.tokensPerSecond,
    limitLanes: limit.lanes,
    ratioToLimit: residuesPerSecond / limit.tokensPerSecond,
  };
  if (values.int8)
    Object.assign(
      result,
      await compareInt8(
        model,
        await load("int8"),
        records,
        residues,
        representations,
        residuesPerSecond,
      ),
    );
  if (values.json) console.log(JSON.stringify(result));
  else
    for (const [key, value] of Object.entries(result))
      console.log(`${key.padEnd(24)} ${String(value)}`);
}

async function compareInt8(
  f32: UniRep,
  int8: UniRep,
  records: readonly { id: string; sequence: string }[],
  residues: number,
  exact: readonly Representation[],
  exactRate: number,
): Promise<Record<string, number>> {
  await rep("M", { model: int8 });
  const start = performance.now();
  const rounded = await rep(records, { model: int8 });
  const rate = (residues / (performance.now() - start)) * 1000;
  const cosines = exact.map(({ hAvg }, i) => cosine(hAvg, rounded[i].hAvg));
  // Perplexity needs the head at every step; a part of the records shows the change.
  const sample = records.slice(0, 100);
  const [before, after] = [
    await perplexity(sample, f32),
    await perplexity(sample, int8),
  ];
  return {
    int8ResiduesPerSecond: rate,
    int8Speedup: rate / exactRate,
    int8Cosine: median(cosines),
    int8CosineLowest: Math.min(...cosines),
    perplexity: before,
    int8Perplexity: after,
  };
}

async function perplexity(
  records: readonly { sequence: string }[],
  model: UniRep,
): Promise<number> {
  let [sum, tokens] = [0, 0];
  for await (const { crossEntropy, length } of score(records, { model })) {
    sum += crossEntropy * (length + 1);
    tokens += length + 1;
  }
  return Math.exp(sum / tokens);
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / Math.sqrt(aa * bb);
}

/** @file Representations a second on real proteins against the machine's matrix-product limit, and what int8 gains.
 *
 *     npm run --silent bench -- embed [--input FASTA] [--records N] [--model 1900] [--weights W] [--threads T] [--repeats R] [--no-int8] [--json]
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
      repeats: { type: "string" },
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
  const int8 = values.int8 ? await load("int8") : null;
  await rep("M", { model });
  if (int8) await rep("M", { model: int8 });
  const meter = new GemmMeter(model.config, [48, 96, 192, 256, 384], threads);
  await meter.measure(5);

  // A short run is repeated: the machine's speed drifts, and one run may meet a bad moment.
  const repeats = Number(values.repeats ?? (residues < 300_000 ? 3 : 1));
  const timed = async (through: UniRep) => {
    const start = performance.now();
    const representations = await rep(records, { model: through });
    const rate = (residues / (performance.now() - start)) * 1000;
    return { representations, rate };
  };
  const exact: Timed[] = [];
  const rounded: Timed[] = [];
  for (let i = 0; i < repeats; i++) {
    exact.push(await timed(model));
    await meter.measure(5);
    if (int8) rounded.push(await timed(int8));
  }
  const limit = meter.limit();
  await meter.dispose();
  const residuesPerSecond = median(exact.map(({ rate }) => rate));
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
  if (int8) {
    const rate = median(rounded.map(({ rate }) => rate));
    Object.assign(result, {
      int8ResiduesPerSecond: rate,
      int8Speedup: rate / residuesPerSecond,
      ...(await compare(exact[0], rounded[0], records, model, int8)),
    });
  }
  if (values.json) console.log(JSON.stringify(result));
  else
    for (const [key, value] of Object.entries(result))
      console.log(`${key.padEnd(24)} ${String(value)}`);
}

interface Timed {
  readonly representations: readonly Representation[];
  readonly rate: number;
}

/** How far int8 results are from the exact ones. */
async function compare(
  exact: Timed,
  rounded: Timed,
  records: readonly { sequence: string }[],
  f32: UniRep,
  int8: UniRep,
): Promise<Record<string, number>> {
  const cosines = exact.representations.map(({ hAvg }, i) =>
    cosine(hAvg, rounded.representations[i].hAvg),
  );
  // Perplexity needs the head at every step; a part of the records shows the change.
  const sample = records.slice(0, 100);
  return {
    int8Cosine: median(cosines),
    int8CosineLowest: Math.min(...cosines),
    perplexity: await perplexity(sample, f32),
    int8Perplexity: await perplexity(sample, int8),
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

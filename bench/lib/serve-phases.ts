/** @file What the benchmark of the service measures, one figure after another. */
import { rep, type UniRep } from "../../src/unirep/index.ts";
import type { Clients } from "./serve-load.ts";
import type { BenchService } from "./serve-process.ts";
import { median } from "./stats.ts";

export interface SyncOptions {
  readonly model: string;
  readonly sequences: readonly string[];
  readonly rounds: number;
}

const path = "/v1/embeddings";

/**
 * Residues a second of requests answered at once, and of `rep()` in this process on the same sequences, in turn. The two
 * never compute at the same time, but clients and server share the processors with the service's engine.
 */
export async function throughput(
  service: BenchService,
  clients: Clients,
  bare: UniRep,
  { model, sequences, rounds }: SyncOptions,
) {
  const residues = sequences.reduce((n, { length }) => n + length, 0);
  const bodies = requestBodies(model, sequences);
  // Either engine compiles a program and packs weights at first.
  await clients.postAll(path, bodies.slice(0, 2));
  await rep(sequences.slice(0, 32), { model: bare });
  const served: number[] = [];
  const alone: number[] = [];
  const delays: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await service.eventLoopP99();
    served.push(residues / (await clients.postAll(path, bodies)));
    delays.push(await service.eventLoopP99());
    const began = performance.now();
    await rep([...sequences], { model: bare });
    alone.push((residues / (performance.now() - began)) * 1000);
  }
  return {
    requests: bodies.length,
    residues,
    residuesPerSecond: median(served),
    engineResiduesPerSecond: median(alone),
    ratioToEngine: median(served.map((rate, i) => rate / alone[i])),
    eventLoopP99Ms: median(delays),
  };
}

/** Requests of 2 to 32 sequences, the same in every run, and of no more residues than a request may have. */
function requestBodies(model: string, sequences: readonly string[]): string[] {
  const bodies: string[] = [];
  const most = 90_000;
  let input: string[] = [];
  let residues = 0;
  let count = 2;
  const end = () => {
    if (input.length > 0)
      bodies.push(JSON.stringify({ model, input, encoding_format: "base64" }));
    [input, residues, count] = [[], 0, 2 + ((count * 17 + 5) % 31)];
  };
  for (const sequence of sequences) {
    if (residues + sequence.length > most) end();
    input.push(sequence);
    residues += sequence.length;
    if (input.length === count) end();
  }
  end();
  return bodies;
}

/**
 * Milliseconds that a request of one sequence takes beyond its computation, p50, while nothing else is asked. What the
 * computation takes is the p50 of `rep()` of the same sequence in this process, in turn with the requests.
 */
export async function overhead(
  clients: Clients,
  bare: UniRep,
  { model, sequence, times }: { readonly model: string; readonly sequence: string; readonly times: number },
) {
  const body = JSON.stringify({ model, input: sequence, encoding_format: "base64" });
  const requests: number[] = [];
  const computations: number[] = [];
  for (let i = 0; i < times; i++) {
    requests.push((await clients.post(path, body)).milliseconds);
    const began = performance.now();
    await rep(sequence, { model: bare });
    computations.push(performance.now() - began);
  }
  // The first ones compile.
  const p50 = (all: readonly number[]) => median(all.slice(Math.ceil(times / 10)));
  return {
    requestP50Ms: p50(requests),
    computeP50Ms: p50(computations),
    overheadP50Ms: p50(requests) - p50(computations),
  };
} // prettier-ignore

/** Jobs of one protein each, queued over HTTP while nobody works on them, and what that leaves in the server's memory. */
export async function queueing(
  service: BenchService,
  clients: Clients,
  jobs: number,
) {
  const body = (n: number) => JSON.stringify({ name: `job ${n}`, sequences: [`M${"ACDEFGHIKL".repeat(10)}`] }); // prettier-ignore
  const add = (from: number, to: number) =>
    clients.postAll("/v1/embedding-jobs", Array.from({ length: to - from }, (_, i) => body(from + i))); // prettier-ignore
  // Programs are compiled and pools filled before memory is compared.
  const first = Math.ceil(jobs / 10);
  await add(0, first);
  await service.eventLoopP99();
  const before = service.resident();
  const seconds = await add(first, jobs + first);
  return {
    jobs,
    jobsAddedPerSecond: jobs / seconds,
    residentBeforeMB: before,
    residentAfterMB: service.resident(),
    queueingEventLoopP99Ms: await service.eventLoopP99(),
  };
}

/** Milliseconds from the creation of a job to its start, p95, in an idle queue with workers waiting. */
export async function pickup(clients: Clients, times: number) {
  const waits: number[] = [];
  for (let n = 0; n < times; n++) {
    const { text } = await clients.post("/v1/embedding-jobs", JSON.stringify({ sequences: ["MKTAYIAKQR"] })); // prettier-ignore
    const { id } = JSON.parse(text) as { readonly id: string };
    waits.push(await waitOf(clients, id));
  }
  const sorted = waits.sort((a, b) => a - b);
  return {
    pickupP50Ms: median(sorted),
    pickupP95Ms: sorted[Math.ceil(times * 0.95) - 1],
  };
}

/** Once the job has ended, so that the queue is idle again. */
async function waitOf(clients: Clients, id: string): Promise<number> {
  for (;;) {
    const { text } = await clients.get(`/v1/jobs/${id}`);
    const job = JSON.parse(text) as Readonly<Record<"state" | "created_at" | "started_at" | "ended_at", string>>; // prettier-ignore
    if (job.ended_at !== null) {
      if (job.state !== "succeeded")
        throw new Error(`bench: expected a job that succeeded, got ${text}`);
      return Date.parse(job.started_at) - Date.parse(job.created_at);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

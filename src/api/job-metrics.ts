/** @file Figures of the whole service for Prometheus, the same from each of its servers: its queues, and what became of jobs. */
import { Counter, Gauge, type Registry } from "prom-client";
import { readFigures, waitBuckets, type JobFigures, type Jobs, type Store } from "../workers/index.ts"; // prettier-ignore

export interface JobSources {
  readonly jobs: Pick<Jobs, "depth">;
  readonly store: Pick<Store, "count">;
}

/** Registers them and gives what writes the one that Prometheus' library cannot take from elsewhere: the histogram of waits. */
export function jobMetrics(
  { jobs, store }: JobSources,
  registers: Registry[],
): () => Promise<string> {
  // A scrape must still give the other figures while the backend is away; readiness tells of that.
  const figures = () => readFigures(store).catch(() => []);
  new Gauge({
    name: "unirep_queue_jobs",
    help: "Pieces of work in a queue of the service; none while the backend is away",
    labelNames: ["queue", "state"] as const,
    registers,
    async collect() {
      this.reset();
      const depth = await jobs.depth().catch(() => null);
      for (const [queue, { waiting, active }] of Object.entries(depth ?? {})) {
        this.set({ queue, state: "waiting" }, waiting);
        this.set({ queue, state: "active" }, active);
      }
    },
  });
  new Counter({
    name: "unirep_jobs_total",
    help: "Jobs of the service that came to a state; none while the backend is away",
    labelNames: ["kind", "state"] as const,
    registers,
    async collect() {
      this.reset();
      for (const { kind, states } of await figures())
        for (const [state, n] of Object.entries(states))
          this.inc({ kind, state }, n);
    },
  });
  return async () => waitsText(await figures());
}

const waits = "unirep_job_wait_seconds";

function waitsText(all: readonly JobFigures[]): string {
  const lines = all.flatMap((figures) => {
    const kind = `kind="${figures.kind}"`;
    let sum = 0;
    const buckets = figures.waits.map((n, i) => {
      sum += n;
      return `${waits}_bucket{le="${waitBuckets[i] ?? "+Inf"}",${kind}} ${sum}`;
    });
    return [...buckets, `${waits}_sum{${kind}} ${figures.waitedSeconds}`, `${waits}_count{${kind}} ${sum}`]; // prettier-ignore
  });
  return [
    `# HELP ${waits} Time from the submission of a job of the service to its first activation`,
    `# TYPE ${waits} histogram`,
    ...lines,
    "",
  ].join("\n");
}

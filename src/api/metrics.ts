/** @file Figures for Prometheus: requests, queues, jobs and compute processes. */
import {
  Counter,
  Gauge,
  Histogram,
  Registry,
  collectDefaultMetrics,
} from "prom-client";
import type {
  ComputeFacts,
  JobKind,
  JobState,
  Jobs,
} from "../workers/index.ts";

export interface Metrics {
  /** The answer to a scrape, and its Content-Type. */
  readonly contentType: string;
  text(): Promise<string>;
  request(
    labels: { readonly method: string; readonly route: string; readonly status: number },
    seconds: number,
  ): void;
  /** A job has come to a state. */
  job(kind: JobKind, state: JobState): void;
  /** A job waited so long before its first activation. */
  waited(kind: JobKind, seconds: number): void;
  /** Residues of requests answered at once. */
  answered(residues: number): void;
} // prettier-ignore

/** Figures of this process; `jobs` and `facts` are asked at each scrape. */
export function createMetrics(sources: {
  readonly jobs: Pick<Jobs, "depth">;
  readonly facts: () => readonly ComputeFacts[];
}): Metrics {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const requests = new Histogram({
    name: "unirep_http_request_seconds",
    help: "Time to answer a request, by route template",
    labelNames: ["method", "route", "status"] as const,
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60], // prettier-ignore
    registers,
  });
  const states = new Counter({
    name: "unirep_jobs_total",
    help: "Jobs that came to a state",
    labelNames: ["kind", "state"] as const,
    registers,
  });
  const waits = new Histogram({
    name: "unirep_job_wait_seconds",
    help: "Time from the submission of a job to its first activation",
    labelNames: ["kind"] as const,
    buckets: [0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200],
    registers,
  });
  const answered = new Counter({
    name: "unirep_answered_residues_total",
    help: "Residues of requests answered at once",
    registers,
  });
  queueDepth(sources.jobs, registers);
  computeFacts(sources.facts, registers);
  return {
    contentType: register.contentType,
    text: () => register.metrics(),
    request: (labels, seconds) => requests.observe(labels, seconds),
    job: (kind, state) => states.inc({ kind, state }),
    waited: (kind, seconds) => waits.observe({ kind }, seconds),
    answered: (residues) => answered.inc(residues),
  };
}

function queueDepth(jobs: Pick<Jobs, "depth">, registers: Registry[]): void {
  new Gauge({
    name: "unirep_queue_jobs",
    help: "Pieces of work in a queue; none while the backend is away",
    labelNames: ["queue", "state"] as const,
    registers,
    async collect() {
      this.reset();
      // A scrape must still give the other figures while the backend is away; readiness tells of that.
      const depth = await jobs.depth().catch(() => null);
      for (const [queue, { waiting, active }] of Object.entries(depth ?? {})) {
        this.set({ queue, state: "waiting" }, waiting);
        this.set({ queue, state: "active" }, active);
      }
    },
  });
}

function computeFacts(
  facts: () => readonly ComputeFacts[],
  registers: Registry[],
): void {
  const gauge = (name: string, help: string, of: (f: ComputeFacts) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ["pid"] as const,
      registers,
      collect() {
        this.reset();
        for (const f of facts()) this.set({ pid: String(f.pid) }, of(f));
      },
    });
  gauge("unirep_compute_rss_bytes", "Resident memory of a compute process", (f) => f.rssBytes); // prettier-ignore
  gauge("unirep_compute_residues", "Residues computed since the process began", (f) => f.residues); // prettier-ignore
  gauge("unirep_compute_lane_steps_busy", "Lane-steps that held a residue", (f) => f.lanesBusy); // prettier-ignore
  gauge("unirep_compute_lane_steps", "All lane-steps", (f) => f.lanesAll);
  gauge("unirep_compute_lane_occupancy", "Share of lane-steps that held a residue", (f) => (f.lanesAll === 0 ? 0 : f.lanesBusy / f.lanesAll)); // prettier-ignore
  gauge("unirep_compute_cache_hits", "Sequences answered from the result cache", (f) => f.cacheHits); // prettier-ignore
  gauge("unirep_compute_cache_misses", "Sequences not found in the result cache", (f) => f.cacheMisses); // prettier-ignore
  gauge("unirep_compute_models", "Models kept loaded", (f) => f.models.length);
}

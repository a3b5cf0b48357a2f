/** @file Figures for Prometheus: requests and compute processes of this process, queues and jobs of the whole service. */
import {
  Counter,
  Gauge,
  Histogram,
  Registry,
  collectDefaultMetrics,
} from "prom-client";
import type { ComputeFacts, ComputeTotals } from "../workers/index.ts";
import { jobMetrics, type JobSources } from "./job-metrics.ts";

export interface Metrics {
  /** The answer to a scrape, and its Content-Type. */
  readonly contentType: string;
  text(): Promise<string>;
  request(
    labels: { readonly method: string; readonly route: string; readonly status: number },
    seconds: number,
  ): void;
  /** Residues of requests answered at once. */
  answered(residues: number): void;
} // prettier-ignore

/** What compute processes of this process tell; asked at each scrape. */
export interface ComputeSources {
  readonly facts: () => readonly ComputeFacts[];
  readonly totals: () => ComputeTotals;
}

/** `service`: where the figures of the whole service are from, or null where another process tells them. */
export function createMetrics(
  compute: ComputeSources,
  service: JobSources | null,
): Metrics {
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
  const answered = new Counter({
    name: "unirep_answered_residues_total",
    help: "Residues of requests answered at once",
    registers,
  });
  computeMetrics(compute, registers);
  const waits = service && jobMetrics(service, registers);
  return {
    contentType: register.contentType,
    text: async () => (await register.metrics()) + ((await waits?.()) ?? ""),
    request: (labels, seconds) => requests.observe(labels, seconds),
    answered: (residues) => answered.inc(residues),
  };
}

function computeMetrics(
  { facts, totals }: ComputeSources,
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
  gauge("unirep_compute_models", "Models that a compute process keeps loaded", (f) => f.models.length); // prettier-ignore
  const counter = (
    name: string,
    help: string,
    of: (sums: ComputeTotals) => number,
  ) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(of(totals()));
      },
    });
  counter("unirep_compute_residues_total", "Residues computed", (t) => t.residues); // prettier-ignore
  counter("unirep_compute_lane_steps_busy_total", "Lane-steps that held a residue: their share of all is the lane occupancy", (t) => t.lanesBusy); // prettier-ignore
  counter("unirep_compute_lane_steps_total", "All lane-steps", (t) => t.lanesAll); // prettier-ignore
  counter("unirep_compute_cache_hits_total", "Sequences answered from the result cache", (t) => t.cacheHits); // prettier-ignore
  counter("unirep_compute_cache_misses_total", "Sequences not found in the result cache", (t) => t.cacheMisses); // prettier-ignore
}

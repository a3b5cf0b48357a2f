/** @file A service for tests of jobs: a real backend and storage, a compute that sleeps, and any number of workers. */
import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Backend } from "../../src/workers/backend/backend.ts";
import type { Compute, TaskParams } from "../../src/workers/compute/tasks.ts";
import { tableHandlers } from "../../src/workers/handlers/table-job.ts";
import type { Handlers } from "../../src/workers/handlers/work.ts";
import { openJobs } from "../../src/workers/jobs/open.ts";
import { openTables } from "../../src/workers/jobs/table.ts";
import {
  isEnded,
  type JobKind,
  type JobOptions,
  type JobRecord,
  type SequenceRange,
} from "../../src/workers/jobs/record.ts";
import type { Jobs } from "../../src/workers/jobs/jobs.ts";
import type {
  ModelCatalogue,
  ModelRecord,
} from "../../src/workers/models/catalogue.ts";
import type { ServiceConfig } from "../../src/workers/config.ts";
import { startWorkers, type Workers } from "../../src/workers/runtime/workers.ts"; // prettier-ignore
import type { Log, Service } from "../../src/workers/service.ts";
import { openDirectory } from "../../src/workers/storage/directory.ts";
import type { OpenedBackend } from "./backends.ts";

export const owner = "key-1";

export type RangeTask = (
  params: TaskParams<"range">,
  signal: AbortSignal | undefined,
) => Promise<void>;

export interface Rig {
  readonly service: Service;
  readonly jobs: Jobs;
  readonly warnings: string[];
  /** Workers like those of another process: `backend` is by default the rig's own. */
  start(options?: StartOptions): Promise<Workers>;
  submit<K extends JobKind>(
    kind: K,
    options: JobOptions[K],
    records: readonly (readonly string[])[],
    model?: ModelRecord,
  ): Promise<JobRecord<K>>;
  /** `jobs.table` with another compute. */
  tablesBy(compute: Compute): Jobs["table"];
  embed(
    records: readonly (readonly string[])[],
    units?: number,
  ): Promise<JobRecord<"embed">>;
  /** The record once it has ended, or satisfies `when`. */
  until(
    id: string,
    when?: (record: JobRecord) => boolean,
    seconds?: number,
  ): Promise<JobRecord>;
  readFile(key: string): Promise<string>;
  states(id: string): Promise<string[]>;
  close(): Promise<void>;
}

export interface StartOptions {
  readonly backend?: Backend;
  readonly config?: Partial<ServiceConfig>;
  /** What the task `range` does besides writing its part; by default nothing. */
  readonly range?: RangeTask;
  readonly compute?: Compute;
  readonly handlers?: Partial<{ [K in JobKind]: Handlers<K> }>;
}

const silent = { debug() {}, info() {}, error() {} };

export const embedOptions: JobOptions["embed"] = {
  precision: "f32",
  layers: ["h_avg"],
  perResidue: false,
  format: "csv",
};

const testModel: ModelRecord = {
  id: "test-model",
  source: "package",
  owner: null,
  name: "test",
  units: 1900,
  layers: 1,
  sha256: "0".repeat(64),
  licence: "none",
  provenance: "none",
  bytes: 1,
  createdAt: null,
  job: null,
  key: null,
};

export async function openRig(opened: OpenedBackend): Promise<Rig> {
  const { backend } = opened;
  const scratch = mkdtempSync(path.join(tmpdir(), "unirep-rig-"));
  const storage = await openDirectory(path.join(scratch, "files"));
  const warnings: string[] = [];
  const log: Log = { ...silent, warn: (fields, message) => void warnings.push(`${message} ${JSON.stringify(fields)}`) }; // prettier-ignore
  const models: Pick<ModelCatalogue, "open"> = {
    open: ({ id, sha256 }) => Promise.resolve({ id, sha256, weights: id }),
  };
  const serviceOn = (on: Backend, config: Partial<ServiceConfig> = {}) =>
    ({ config: { ...opened.config, ...config }, backend: on, storage, models, scratch, log }) as Service; // prettier-ignore
  const service = serviceOn(backend);
  const jobs = openJobs(service, fakeCompute());
  const started = new Set<Workers>();

  const rig: Rig = {
    service,
    jobs,
    warnings,
    async start({ backend: on = backend, config, range, compute = fakeCompute(range), handlers } = {}) {
      const workers = await startWorkers(serviceOn(on, config), compute, {
        ...allHandlers,
        ...handlers,
      });
      started.add(workers);
      return workers;
    },
    tablesBy: (compute) => openTables(service, compute),
    async submit(kind, options, records, model = testModel) {
      const id = randomUUID();
      const key = `jobs/${id}/input.fasta`;
      const { fasta, ranges } = fastaOf(records);
      const { sha256 } = await storage.write(key, Buffer.from(fasta));
      const sum = (of: (range: SequenceRange) => number) => ranges.reduce((total, range) => total + of(range), 0); // prettier-ignore
      const input = { key, sha256, ranges, warnings: [], sequences: sum((range) => range.sequences), residues: sum((range) => range.residues) }; // prettier-ignore
      return jobs.submit({ id, kind, owner, name: null, model, options, input }); // prettier-ignore
    },
    embed: (records, units = testModel.units) => rig.submit("embed", embedOptions, records, { ...testModel, units }), // prettier-ignore
    async until(id, when = ({ state }) => isEnded(state), seconds = 30) {
      const deadline = Date.now() + seconds * 1000;
      for (;;) {
        const record = await jobs.get(id, owner);
        if (record && when(record)) return record;
        if (Date.now() > deadline)
          throw new Error(`job ${id} is ${JSON.stringify({ ...record, input: null })} after ${seconds} s; ${warnings.join("\n")}`); // prettier-ignore
        await sleep(20);
      }
    },
    readFile: async (key) => text(await storage.read(key)),
    async states(id) {
      const events = await jobs.events(id, null, 5000);
      return events.flatMap(({ event }) => {
        const { type, state } = event as { type: string; state: string };
        return type === "state" ? [state] : [];
      });
    },
    async close() {
      await Promise.all([...started].map((workers) => workers.drain(5)));
      rmSync(scratch, { recursive: true, force: true });
    },
  }; // prettier-ignore
  return rig;
}

const unexpected = () => Promise.reject(new Error("no test asked for it"));
const allHandlers: { [K in JobKind]: Handlers<K> } = {
  embed: tableHandlers,
  score: tableHandlers,
  evotune: { main: unexpected, unit: unexpected },
  sample: { main: unexpected, unit: unexpected },
};

/** Parts hold a line for each sequence: its number in the job and a hash of it; tables are parts joined. */
export function fakeCompute(
  range: RangeTask = () => Promise.resolve(),
): Compute {
  const tasks = {
    async range(params: TaskParams<"range">, signal?: AbortSignal) {
      signal?.throwIfAborted();
      await range(params, signal);
      const records = readFileSync(params.file, "utf8").trimEnd().split("\n>"); // prettier-ignore
      const lines = records.map((record, n) => `${params.range.first + n} ${hashOf(record.slice(record.indexOf("\n") + 1).trim())}\n`); // prettier-ignore
      writeFileSync(params.out, lines.join(""));
      return { sequences: lines.length, residues: params.range.residues, seconds: 0.01 }; // prettier-ignore
    },
    assemble({ parts, format, out }: TaskParams<"assemble">) {
      const rows = parts.map((part) => readFileSync(part, "utf8")).join("");
      writeFileSync(out, `${format}\n${rows}`);
      return Promise.resolve({ files: [out] });
    },
  };
  return {
    run: (task, params, { signal } = {}) =>
      task === "range"
        ? tasks.range(params as TaskParams<"range">, signal)
        : tasks.assemble(params as TaskParams<"assemble">),
  };
}

const hashOf = (sequence: string) =>
  createHash("sha256").update(sequence).digest("hex").slice(0, 12);

/** The table that the fake compute must come to. */
export const tableOf = (records: readonly (readonly string[])[], format = "csv"): string =>
  `${format}\n${records.flat().map((sequence, n) => `${n} ${hashOf(sequence)}\n`).join("")}`; // prettier-ignore

/** Sleeps, unless aborted: a task that stops when it is asked to. */
export const napping =
  (ms: number): RangeTask =>
  async (_, signal) => {
    await sleep(ms, undefined, { signal }).catch(() => {
      throw signal?.reason as Error;
    });
  };

function fastaOf(groups: readonly (readonly string[])[]) {
  let fasta = "";
  let first = 0;
  const ranges = groups.map((sequences): SequenceRange => {
    const start = fasta.length;
    for (const [n, sequence] of sequences.entries())
      fasta += `>s${first + n}\n${sequence}\n`;
    const range = {
      start,
      end: fasta.length,
      first,
      sequences: sequences.length,
      residues: sequences.join("").length,
    };
    first += sequences.length;
    return range;
  });
  return { fasta, ranges };
}

/** Groups of sequences, each a range. */
export const groupsOf = (count: number, each = 2): string[][] =>
  Array.from({ length: count }, (_, n) => Array.from({ length: each }, (_, k) => "ACDEFGHIKL".repeat(1 + ((n + k) % 3)) + "M".repeat(n + 1))); // prettier-ignore

/** @file A service for tests of the API: everything in memory or a temporary folder, computing nothing. */
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Api, Scope } from "../../src/api/api.ts";
import { createKey } from "../../src/api/keys.ts";
import { startServer, type Server } from "../../src/api/server.ts";
import { runIngest } from "../../src/workers/compute/tasks/ingest.ts";
import {
  addTotals,
  readConfig,
  type Backend,
  type Compute,
  type Log,
  type Represented,
  type Service,
  type SettingName,
  type Store,
  type TaskName,
  type TaskParams,
  type TaskValue,
} from "../../src/workers/index.ts";
import {
  fakeCatalogue,
  fakeJobs,
  folderStorage,
  memoryStore,
  units,
  type FakeJobs,
} from "./fake-parts.ts";

export { units };

export interface Fake {
  readonly server: Server;
  readonly api: Api;
  readonly service: Service;
  readonly jobs: FakeJobs;
  /** Every line of the log, as an object with its level and message. */
  readonly lines: Readonly<Record<string, unknown>>[];
  /** What the tasks do; a test may put its own in. */
  readonly tasks: { -readonly [T in TaskName]?: RunFake<T> };
  /** A secret of a new key, and headers that carry it. */
  key(...scopes: Scope[]): Promise<string>;
  headers(...scopes: Scope[]): Promise<{ authorization: string }>;
  close(): Promise<void>;
}

type RunFake<T extends TaskName> = (
  params: TaskParams<T>,
  signal?: AbortSignal,
) => Promise<TaskValue<T>>;

/** A server on a free port with keys of its own; `settings` as the environment has them. */
export async function startFake(
  settings: Partial<Record<SettingName, string>> = {},
  parts: { readonly store?: Store; readonly redis?: Backend["redis"] } = {},
): Promise<Fake> {
  const dataDir = mkdtempSync(path.join(tmpdir(), "unirep-api-"));
  const lines: Record<string, unknown>[] = [];
  const config = readConfig({}, { dataDir, port: "0", ...settings });
  const store = parts.store ?? memoryStore();
  const scratch = path.join(dataDir, "scratch");
  await mkdir(scratch);
  const service: Service = {
    config,
    backend: {
      kind: "embedded",
      store,
      redis: parts.redis ?? null,
      warnings: [],
      queue: unused,
      flows: unused,
      worker: unused,
      close: () => Promise.resolve(),
    },
    storage: folderStorage(path.join(dataDir, "files")),
    models: fakeCatalogue(),
    scratch,
    log: logTo(lines),
  };
  const tasks: Fake["tasks"] = { represent, ingest };
  const compute = fakeCompute(tasks);
  const jobs = fakeJobs(store);
  const server = await startServer({
    service,
    jobs,
    engine: compute,
    files: compute,
    compute: { facts: () => [], totals: () => addTotals([]) },
  });
  const key = async (...scopes: Scope[]) =>
    (await createKey(store, { name: "test", scopes })).secret;
  return {
    server,
    api: server.api,
    service,
    jobs,
    lines,
    tasks,
    key,
    headers: async (...scopes) => ({
      authorization: `Bearer ${await key(...scopes)}`,
    }),
    async close() {
      await server.drain(0);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const unused = (): never => {
  throw new Error("fake: expected this not to be needed, got a call");
};

function logTo(lines: Record<string, unknown>[]): Log {
  const line = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, message, ...fields });
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") }; // prettier-ignore
}

function fakeCompute(tasks: Fake["tasks"]): Compute {
  return {
    async run(task, params, options) {
      const run = tasks[task];
      if (!run) throw new Error(`fake: no task ${task}`);
      options?.signal?.throwIfAborted();
      return run(params, options?.signal);
    },
  };
}

/** Numbers that tell sequences apart: each depends on the sequence, the layer and the place. */
const represent: RunFake<"represent"> = ({ sequences, perResidue }) =>
  Promise.resolve(
    sequences.map((text): Represented => {
      const of = (layer: number, n = units) =>
        Float32Array.from({ length: n }, (_, i) => text.length + layer / 4 + i / 64); // prettier-ignore
      return {
        hAvg: of(0),
        hFinal: of(1),
        cFinal: of(2),
        perResidue: perResidue ? of(3, (text.length + 1) * units) : undefined,
      };
    }),
  );

/** The real one, in this process. */
const ingest: RunFake<"ingest"> = (params, signal) =>
  runIngest(params, {
    signal: signal ?? new AbortController().signal,
    tell: unused,
    model: unused,
    cache: { get: unused, set: unused },
    threads: 1,
    computed: unused,
  });

/** @file The whole service inside the test's own process: every real part, and a log that the test reads. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Scope } from "../../src/api/api.ts";
import { createKey } from "../../src/api/keys.ts";
import { startServer, type Server } from "../../src/api/server.ts";
import { openCompute, openJobs, openService, readConfig, type Log, type SettingName } from "../../src/workers/index.ts"; // prettier-ignore

export interface WholeService {
  readonly server: Server;
  /** Lines of level error, with what was thrown. */
  readonly errors: readonly object[];
  key(...scopes: Scope[]): Promise<string>;
  close(): Promise<void>;
}

/** Without workers: jobs stay queued. */
export async function startWhole(
  settings: Partial<Record<SettingName, string>>,
): Promise<WholeService> {
  const dataDir = mkdtempSync(path.join(tmpdir(), "unirep-whole-"));
  const errors: object[] = [];
  const log: Log = { debug() {}, info() {}, warn() {}, error: (fields, message) => void errors.push({ message, ...fields }) }; // prettier-ignore
  const config = readConfig({}, { dataDir, port: "0", threads: "1", queues: "none", ...settings }); // prettier-ignore
  const service = await openService(config, log);
  const { threads, memoryLimit, warmModels, cacheSize } = config;
  const compute = openCompute({ threads, memoryLimit, warmModels, cacheSize, log, processes: 1, shared: true }); // prettier-ignore
  const server = await startServer({ service, engine: compute, files: compute, jobs: openJobs(service, compute), compute }); // prettier-ignore
  return {
    server,
    errors,
    key: async (...scopes) =>
      (await createKey(service.backend.store, { name: "test", scopes })).secret,
    async close() {
      await server.drain(0);
      await compute.close(0);
      await service.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

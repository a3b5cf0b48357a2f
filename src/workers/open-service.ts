/** @file Opens what every part of the service works with, and closes it in the order that loses nothing. */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { openBackend } from "./backend/open.ts";
import type { ServiceConfig } from "./config.ts";
import { openCatalogue } from "./models/open.ts";
import type { Log, Service } from "./service.ts";
import { openStorage } from "./storage/open.ts";

export interface OpenedService extends Service {
  /** Once nothing uses the service any more. */
  close(): Promise<void>;
}

/** Rejects, one sentence, where database, Redis, storage or folder cannot be used; what was opened is closed again. */
export async function openService(
  config: ServiceConfig,
  log: Log,
): Promise<OpenedService> {
  const scratch = makeScratch(path.join(config.dataDir, "scratch"));
  const removeScratch = () => rmSync(scratch, { recursive: true, force: true });
  try {
    const storage = await openStorage(config);
    const backend = await openBackend(config, log);
    const { store } = backend;
    return {
      config,
      log,
      storage,
      backend,
      scratch,
      models: openCatalogue({ config, store, storage }),
      async close() {
        await backend.close();
        removeScratch();
      },
    };
  } catch (error) {
    removeScratch();
    throw error;
  }
}

/** A folder for this process alone; those of processes of this machine that are gone are removed. */
function makeScratch(parent: string): string {
  mkdirSync(parent, { recursive: true });
  const prefix = `${hostname()}-`;
  for (const name of readdirSync(parent)) {
    const pid = Number(name.slice(prefix.length));
    if (name.startsWith(prefix) && !isAlive(pid))
      rmSync(path.join(parent, name), { recursive: true, force: true });
  }
  const own = path.join(parent, `${prefix}${process.pid}`);
  rmSync(own, { recursive: true, force: true });
  mkdirSync(own);
  return own;
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

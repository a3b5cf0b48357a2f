/** @file The matrix that every contract suite of the queue runs over: the embedded backend and a real Redis. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { openDatabase } from "../../src/workers/backend/database.ts";
import { openBackend } from "../../src/workers/backend/open.ts";
import type { Backend } from "../../src/workers/backend/backend.ts";
import { readConfig, type ServiceConfig } from "../../src/workers/config.ts";
import type { Log } from "../../src/workers/service.ts";
import { noRedisServer, startRedis, type RedisServer } from "./redis-server.ts";

export const silent: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};

export interface OpenedBackend {
  readonly backend: Backend;
  readonly config: ServiceConfig;
  /** The server of the Redis backend. */
  readonly server: RedisServer | null;
  /** Opens the same data again, for a second process' sake or after `close`. */
  readonly reopen: (env?: Readonly<Record<string, string>>) => Promise<Backend>;
  /** Closes every backend opened here, the server, and removes the folders. */
  readonly close: () => Promise<void>;
}

let template: string | undefined;
afterAll(() => {
  if (template !== undefined) rmSync(template, { recursive: true });
});

/** Copies an empty database to `folder`: making one takes seconds, and a file of tests opens many. */
async function copyEmptyDatabase(folder: string): Promise<void> {
  if (template === undefined) {
    const made = mkdtempSync(path.join(tmpdir(), "unirep-template-"));
    await (await openDatabase(path.join(made, "pglite"))).close();
    template = made;
  }
  cpSync(template, folder, { recursive: true });
}

/** A backend of this kind in temporary folders; `env` is more of the configuration. */
export async function openTestBackend(
  kind: Backend["kind"],
  env: Readonly<Record<string, string>> = {},
): Promise<OpenedBackend> {
  const folder = mkdtempSync(path.join(tmpdir(), "unirep-backend-"));
  const server = kind === "redis" ? await startRedis() : null;
  if (kind === "embedded") await copyEmptyDatabase(folder);
  const all = { LOCK_SECONDS: "5", ...env, DATA_DIR: folder, ...(server === null ? {} : { REDIS_URL: server.url }) }; // prettier-ignore
  const opened: Backend[] = [];
  const open = async (more: Readonly<Record<string, string>> = {}) => {
    const backend = await openBackend(readConfig({ ...all, ...more }), silent);
    opened.push(backend);
    return backend;
  };
  const close = async () => {
    await Promise.all(opened.map((backend) => backend.close()));
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return { backend: await open(), config: readConfig(all), server, reopen: open, close }; // prettier-ignore
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Runs a suite on both backends, each opened once for the suite. `opened()` may be called in tests and hooks only. A
 * machine without redis-server skips that half, and its title says why.
 */
export function onBackends(
  title: string,
  suite: (opened: () => OpenedBackend) => void,
  env: Readonly<Record<string, string>> = {},
): void {
  for (const kind of ["embedded", "redis"] as const) {
    const skipped = kind === "redis" ? noRedisServer : null;
    describe.skipIf(skipped !== null)(
      `${title} (${kind}${skipped === null ? "" : `; skipped: ${skipped}`})`,
      () => {
        let opened: OpenedBackend | undefined;
        beforeAll(async () => {
          opened = await openTestBackend(kind, env);
        }, 120_000);
        afterAll(() => opened?.close(), 60_000);
        suite(() => opened!);
      },
    );
  }
}

/** For `describe.each(backends)("%s", …)`, where a suite opens its own; without redis-server only the embedded one. */
export const backends: readonly Backend["kind"][] =
  noRedisServer === null ? ["embedded", "redis"] : ["embedded"];

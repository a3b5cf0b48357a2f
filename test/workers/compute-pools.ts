/** @file Pools for tests: real compute processes of the shipped small model, and proteins to give them. */
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { loadModel, type UniRep } from "../../src/unirep/index.ts";
import { openCompute, type ComputeOptions, type ComputePool } from "../../src/workers/compute/pool.ts"; // prettier-ignore
import type { ModelFile, Represented, TaskParams } from "../../src/workers/compute/tasks.ts"; // prettier-ignore
import type { Log } from "../../src/workers/service.ts";
import { error } from "../unirep/test-model.ts";

export const small = "unirep-ts-64";

/** The same model in this process, and how tasks name it. */
export async function smallModel(): Promise<{
  model: UniRep;
  file: ModelFile;
}> {
  const model = await loadModel({ weights: small, threads: 1 });
  const { sha256 } = model.info;
  return { model, file: { weights: small, id: small, sha256 } };
}

export interface LoggedPool {
  readonly pool: ComputePool;
  /** Messages and fields of what it logged, oldest first. */
  readonly logged: readonly { readonly message: string; readonly fields: object }[]; // prettier-ignore
}

const open = new Set<ComputePool>();

export function openPool(options: Partial<ComputeOptions> = {}): LoggedPool {
  const logged: { message: string; fields: object }[] = [];
  const add = (fields: object, message: string) =>
    void logged.push({ message, fields });
  const log: Log = { debug: add, info: add, warn: add, error: add };
  const pool = openCompute({
    processes: 1,
    threads: 1,
    memoryLimit: 8e9,
    warmModels: 2,
    cacheSize: 0,
    log,
    ...options,
  });
  open.add(pool);
  return { pool, logged };
}

export async function closePools(): Promise<void> {
  await Promise.all([...open].map((pool) => pool.close(2000)));
  open.clear();
}

export type Represent = TaskParams<"represent">;

export const request = (
  model: ModelFile,
  sequences: readonly string[],
  more: Partial<Represent> = {},
): Represent => ({
  model,
  precision: "f32",
  perResidue: false,
  ...more,
  sequences,
});

const letters = "ACDEFGHIKLMNPQRSTVWY";

/** Proteins of these lengths, none of them twice. */
export function proteins(lengths: readonly number[], seed = 1): string[] {
  let state = seed;
  const next = () => (state = (state * 48271) % 2147483647);
  return lengths.map((length) =>
    Array.from({ length }, () => letters[next() % letters.length]).join(""),
  );
}

/** Work of most of a minute: whatever a test does to it, it will not be done by then. */
export function minute(): string[] {
  const [one] = proteins([20_000]);
  // Turned by a letter each time: different sequences, made at once.
  return Array.from({ length: 400 }, (_, i) => one.slice(i) + one.slice(0, i));
}

export const pidOf = (pool: ComputePool): number => pool.facts()[0].pid;

/** Waits until `pool` has told of itself, as a process does every second and after each task. */
export async function firstPid(pool: ComputePool): Promise<number> {
  await until(() => pool.facts().length > 0);
  return pidOf(pool);
}

export async function until(
  holds: () => boolean,
  milliseconds = 20_000,
): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!holds()) {
    if (Date.now() > end)
      throw new Error(
        `until: not true within ${milliseconds} ms: ${String(holds)}`,
      );
    await sleep(20);
  }
}

/** False for a process that has ended, also where nobody has taken note of it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return existsSync("/proc") ? !isZombie(pid) : true;
}

function isZombie(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "utf8");
    return status.slice(status.lastIndexOf(")")).startsWith(") Z");
  } catch {
    return true;
  }
}

export const errorOf = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => {
      throw new Error("expected a rejection, got a value");
    },
    (error: Error) => error,
  );

/** Largest difference, relative where numbers are large. */
export function difference(a: Represented, b: Represented): number {
  const names = ["hAvg", "hFinal", "cFinal"] as const;
  return Math.max(...names.map((name) => error(a[name], b[name])));
}

/** @file The whole service as a process of its own, with its keys, its memory and its log, for suites of what strangers may try. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { buildCommand } from "../faults/build.ts";
import { startService } from "../faults/service-process.ts";

export interface Key {
  readonly id: string;
  readonly secret: string;
}

export interface Sent {
  readonly method?: string;
  readonly key?: Key | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a text as it is but called JSON. */
  readonly body?: object | string | Uint8Array | FormData | null;
}

export interface RealService {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly admin: Key;
  /** Every secret there was: none may be found anywhere later. */
  readonly secrets: ReadonlySet<string>;
  key(scopes: readonly string[], more?: object): Promise<Key>;
  call(path: string, sent?: Sent): Promise<Response>;
  /** Bytes written to the socket as they are; all that came back before the server closed it. */
  raw(text: string): Promise<string>;
  /** Bytes of resident memory of the service and of all that computes for it. */
  resident(): number;
  log(): string;
  /** Lines of the log that tell of a failure of the service; being asked for readiness too early is none. */
  faults(): readonly string[];
  close(): Promise<void>;
}

export async function startReal(
  settings: Readonly<Record<string, string>>,
): Promise<RealService> {
  const built = await buildCommand();
  const parent = mkdtempSync(path.join(tmpdir(), "unirep-security-"));
  const dataDir = path.join(parent, "data");
  const remove = () => {
    rmSync(parent, { recursive: true, force: true });
    built.remove();
  };
  const env = { DATA_DIR: dataDir, PORT: "0", LOG_LEVEL: "debug", THREADS: "1", ...settings }; // prettier-ignore
  const service = await startService({ file: built.file, args: ["serve"], env }, 180).catch((error: unknown) => {
    remove();
    throw error;
  }); // prettier-ignore
  const found = (pattern: RegExp) => pattern.exec(service.announced)?.[1];
  while (found(/admin key, .*: (ur_\w+)\n/) === undefined) await sleep(10);
  const url = found(/service at (\S+) /)!;
  const secret = found(/admin key, .*: (ur_\w+)\n/)!;
  const admin: Key = { id: secret.split("_")[1], secret };
  const secrets = new Set([secret]);
  const port = Number(new URL(url).port);

  const call: RealService["call"] = (at, { method, key = null, headers, body } = {}) => {
    const plain = body instanceof FormData || body instanceof Uint8Array;
    return fetch(url + at, {
      method: method ?? (body ? "POST" : "GET"),
      headers: {
        ...(body && !plain && { "content-type": "application/json" }),
        ...(key && { authorization: `Bearer ${key.secret}` }),
        ...headers,
      },
      ...(body && {
        body: plain || typeof body === "string" ? body : JSON.stringify(body),
      }),
    });
  }; // prettier-ignore

  while ((await call("/readyz")).status !== 200) await sleep(100);

  return {
    url,
    port,
    dataDir,
    admin,
    secrets,
    call,
    async key(scopes, more = {}) {
      const response = await call("/v1/keys", { key: admin, body: { name: "test", scopes, ...more } }); // prettier-ignore
      if (response.status !== 201) throw new Error(`expected a key, got ${await response.text()}`); // prettier-ignore
      const made = (await response.json()) as { id: string; key: string };
      secrets.add(made.key);
      return { id: made.id, secret: made.key };
    },
    async raw(request) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      socket.write(request);
      return text(socket);
    },
    resident: () =>
      [service.pid, ...service.computePids()].map(residentOf).reduce((a, b) => a + b, 0), // prettier-ignore
    log: () => service.log(),
    faults: () =>
      service
        .log()
        .split("\n")
        .filter((line) => /"level":(50|60)/.test(line) && !line.includes('"route":"/readyz"')), // prettier-ignore
    async close() {
      await service.kill();
      remove();
    },
  };
}

function residentOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmRSS:\s*(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0; // it has ended
  }
}

/** The problem of an answer, checked for what every problem must be. */
export async function problemOf(
  response: Response,
): Promise<Record<string, unknown> & { status: number; detail: string }> {
  const body = await response.text();
  if (!response.headers.get("content-type")?.startsWith("application/problem+json")) // prettier-ignore
    throw new Error(`expected a problem, got ${response.status} ${body.slice(0, 300)}`); // prettier-ignore
  if (leaks.test(body))
    throw new Error(`expected nothing of the inside, got ${body}`);
  return JSON.parse(body) as never;
}

/** Stacks, source files, folders and SQL. */
export const leaks = /\bat .{1,200}:\d+:\d+|node_modules|\/src\/|\/dist\/|\/tmp\/|ECONN|SELECT |unirep-security/; // prettier-ignore

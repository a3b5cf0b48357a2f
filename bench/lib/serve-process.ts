/** @file The built service as a process of its own, and what it tells of itself: its key, its memory, its event loop. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export interface BenchService {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Megabytes of resident memory of the process that answers, without those that compute for it. */
  resident(): number;
  /** Milliseconds: p99 of the event loop's delay since this was last asked, as /metrics has it. */
  eventLoopP99(): Promise<number>;
  stop(): Promise<void>;
}

const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** Starts `unirep serve` on a free port in a folder of its own; rejects with its output where it does not come up. */
export async function startService(
  settings: Readonly<Record<string, string>>,
): Promise<BenchService> {
  const folder = mkdtempSync(path.join(tmpdir(), "unirep-bench-serve-"));
  const child = spawn(process.execPath, [main, "serve"], {
    env: { ...process.env, DATA_DIR: folder, PORT: "0", LOG_LEVEL: "warn", ...settings }, // prettier-ignore
    stdio: ["ignore", "pipe", "inherit"],
  });
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  const announced = await announcement(child);
  const url = /service at (\S+) /.exec(announced)?.[1];
  const key = /admin key, .*: (ur_\w+)/.exec(announced)?.[1];
  if (url === undefined || key === undefined)
    throw new Error(`bench: expected an address and a key, got ${announced}`);
  const authorization = `Bearer ${key}`;
  return {
    url,
    headers: { authorization },
    resident() {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      return Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]) / 1024;
    },
    async eventLoopP99() {
      const response = await fetch(`${url}/metrics`, { headers: { authorization } }); // prettier-ignore
      const text = await response.text();
      return Number(/^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(text)?.[1]) * 1000; // prettier-ignore
    },
    async stop() {
      process.off("exit", end);
      child.kill("SIGTERM");
      if (child.exitCode === null)
        await new Promise((resolve) => child.once("exit", resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function announcement(child: ChildProcess): Promise<string> {
  let said = "";
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`bench: expected the service to start, got its end with ${code}: ${said}`))); // prettier-ignore
    child.stdout?.on("data", (text: Buffer) => {
      said += String(text);
      if (/^page with this key/m.test(said)) resolve(said);
    });
  });
}

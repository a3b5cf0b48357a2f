/** @file A real redis-server for tests: on a free port, in its own folder, to be killed and started again. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";

/** Why suites that need Redis skip, or null where redis-server is installed. */
export const noRedisServer: string | null =
  spawnSync("redis-server", ["--version"]).status === 0
    ? null
    : "redis-server is not installed";

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** SIGKILL, as a crash is; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port and folder, and waits until it answers. */
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/**
 * A server that answers. `options` are its settings, `{ appendonly: "yes" }`; by default every write is on disk before it
 * is acknowledged, so that a kill loses nothing.
 */
export async function startRedis(
  options: Readonly<Record<string, string>> = {},
): Promise<RedisServer> {
  const folder = mkdtempSync(path.join(tmpdir(), "unirep-redis-"));
  const port = await freePort();
  const settings = {
    port: String(port),
    bind: "127.0.0.1",
    dir: folder,
    save: "",
    appendonly: "yes",
    appendfsync: "always",
    ...options,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, ...value.split(" ")]); // prettier-ignore
  let child: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals) => {
    const running = child;
    if (running === undefined) return;
    child = undefined;
    const gone = new Promise((resolve) => running.once("exit", resolve));
    if (running.exitCode !== null || running.signalCode !== null) return;
    running.kill(signal);
    await gone;
  };
  // A test run that is cut short must not leave a server behind.
  const onExit = () => child?.kill("SIGKILL");
  process.once("exit", onExit);
  const server: RedisServer = {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return child?.pid ?? 0;
    },
    kill: () => end("SIGKILL"),
    async start() {
      const started = spawn("redis-server", args, { stdio: "ignore" });
      child = started;
      await answers(port, options["requirepass"], () => {
        if (started.exitCode !== null)
          throw new Error(`redis-server ended with ${started.exitCode}: ${args.join(" ")}`); // prettier-ignore
      });
    },
    async stop() {
      process.off("exit", onExit);
      await end("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

async function answers(
  port: number,
  password: string | undefined,
  throwIfEnded: () => void,
): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const redis = new Redis(port, "127.0.0.1", {
      lazyConnect: true,
      retryStrategy: () => null,
      ...(password === undefined ? {} : { password }),
    });
    redis.on("error", () => {});
    try {
      await redis.connect();
      await redis.ping();
      return;
    } catch (error) {
      throwIfEnded();
      if (Date.now() > deadline) throw error;
      await sleep(30);
    } finally {
      redis.disconnect();
    }
  }
}

/** A port that nothing listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

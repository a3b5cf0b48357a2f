/** @file A compute process as its parent holds it: tasks in, results out, and its end, wanted or not. */
import { fork } from "node:child_process";
import { createInterface } from "node:readline";
import type { Log } from "../service.ts";
import { ComputeError } from "./compute-error.ts";
import { processEntry } from "./entry.ts";
import { failureError, type FromProcess, type ProcessSettings, type ToProcess } from "./protocol.ts"; // prettier-ignore
import { followTask, type RunningTask } from "./running-task.ts";
import type { Compute, ComputeFacts } from "./tasks.ts";

export interface ComputeProcess extends Compute {
  /** Tasks that run in it now. */
  readonly running: number;
  /** What it told last; null before its first word. */
  readonly facts: ComputeFacts | null;
  /** Asks it to end (its tasks are aborted), kills it after `graceMs`; resolves when it is gone. */
  end(graceMs: number): Promise<void>;
}

export interface ProcessOptions {
  readonly settings: ProcessSettings;
  /** Bytes; beyond twice as many its tasks fail and it is killed. */
  readonly memoryLimit: number;
  /** Milliseconds that an aborted task has before SIGTERM, and again before SIGKILL. */
  readonly graceMs: number;
  readonly log: Log;
  /** Called once it is gone, before its tasks reject. */
  readonly onEnd: () => void;
}

// A compute process reads files of strangers: it holds none of the service's secrets.
const secret = /^(AWS_|REDIS_URL|STORAGE_URL)|SECRET|PASSWORD|TOKEN|API_KEY/i;
const harmless = () =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !secret.test(name)),
  );

/** Starts a process; it takes tasks at once and begins them when it is up. */
export function startProcess({
  settings,
  memoryLimit,
  graceMs,
  log,
  onEnd,
}: ProcessOptions): ComputeProcess {
  const { file, execArgv } = processEntry();
  const child = fork(file, [JSON.stringify(settings)], {
    execArgv: [...execArgv],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: harmless(),
  });
  const { pid } = child;
  const running = new Map<number, RunningTask>();
  let facts: ComputeFacts | null = null;
  let tasks = 0;
  let wanted = false;

  // A message that cannot leave is no error here: the end of the process, which follows, rejects its tasks.
  const send = (message: ToProcess) => {
    if (child.connected) child.send(message, () => {});
  };
  const kill = (signal: "SIGTERM" | "SIGKILL") => void child.kill(signal);

  child.on("message", (message: FromProcess) => {
    if (message.type !== "event") facts = message.facts;
    if (message.type === "facts") return checkMemory(message.facts);
    const task = running.get(message.id);
    if (message.type === "event")
      return task?.event(message.event, message.value);
    running.delete(message.id);
    if (message.type === "done") task?.done(message.value);
    else task?.failed(failureError(message.failure));
  });

  const checkMemory = ({ rssBytes }: ComputeFacts) => {
    // Between tasks it is the pool that replaces a process too large.
    if (running.size === 0 || rssBytes <= 2 * memoryLimit) return;
    const error = new ComputeError(
      `compute: expected ${names(running)} to stay below ${gigabytes(2 * memoryLimit)}, twice the memory limit, got ${gigabytes(rssBytes)} in process ${pid}`,
      { retryable: running.size > 1 },
    );
    log.error({ child: pid, rssBytes }, error.message);
    for (const task of running.values()) task.doom(error);
    kill("SIGKILL");
  };

  const ended = new Promise<void>((resolve) => {
    const settle = (how: string) => {
      if (wanted) log.info({ child: pid, how }, "compute process ended");
      else log.warn({ child: pid, how }, "compute process ended by itself");
      onEnd();
      const lost = [...running.values()];
      running.clear();
      for (const task of lost) {
        const sentence = `compute: expected ${task.name} to finish, got process ${pid} ${how}`;
        task.failed(new ComputeError(sentence, { retryable: true }));
      }
      resolve();
    };
    // `close` follows `exit` once all it had sent has been read.
    child.once("close", (code, signal) =>
      settle(signal ? `killed by ${signal}` : `ended with code ${code}`),
    );
    child.on("error", (error) => {
      if (pid === undefined) settle(`not started: ${error.message}`);
      else log.warn({ child: pid, error: error.message }, "compute process");
    });
  });
  // There is none where the system had no file descriptor left for it.
  if (child.stderr)
    createInterface({ input: child.stderr }).on("line", (line) =>
      log.warn({ child: pid, line }, "compute process wrote"),
    );
  log.info({ child: pid }, "compute process started");

  return {
    get running() {
      return running.size;
    },
    get facts() {
      return facts;
    },
    run(task, params, options = {}) {
      const id = ++tasks;
      const reach = { send, kill, graceMs };
      const followed = followTask(id, task, options, reach);
      running.set(id, followed.task);
      send({ type: "start", id, task, params });
      return followed.outcome;
    },
    async end(graceMs) {
      wanted = true;
      kill("SIGTERM");
      const timer = setTimeout(() => kill("SIGKILL"), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

const names = (running: ReadonlyMap<number, RunningTask>): string =>
  [...new Set([...running.values()].map(({ name }) => name))].join(", ");

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

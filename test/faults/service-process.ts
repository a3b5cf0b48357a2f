/** @file `unirep serve` and `unirep worker` as real processes, and what can be done to them. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface ServiceProcess {
  readonly pid: number;
  /** What it printed when it was ready. */
  readonly announced: string;
  /** Log lines and messages so far. */
  log(): string;
  /** Processes that compute for it now. */
  computePids(): number[];
  signal(name: NodeJS.Signals): void;
  /** How it ended: an exit code or a signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly hasEnded: boolean;
  /** SIGKILL to it alone; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGKILL to it and to all that computes for it. */
  remove(): Promise<void>;
}

export interface Command {
  /** Of the built command. */
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const announcement = /^unirep (service at|worker on) .*\n/m;

/** Every process started here that may still be there: a test run that is cut short must leave none. */
const alive = new Set<ServiceProcess>();
process.once("exit", () => {
  for (const one of alive) signalAll(one, "SIGKILL");
});

/** Resolves when it is ready; an Error with its output where it ends before, or takes longer than `seconds`. */
export async function startService(
  { file, args, env }: Command,
  seconds = 90,
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [file, ...args], {
    // Nothing of this machine's settings changes what is tested.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR, ...env }, // prettier-ignore
    stdio: ["ignore", "pipe", "pipe"],
  });
  let announced = "";
  let log = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (announced += text)); // prettier-ignore
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  let how: number | NodeJS.Signals | null = null;
  let left: readonly number[] = [];
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once("exit", (code, signal) => resolve((how = signal ?? code ?? 0))),
  );
  const { pid } = child;
  if (pid === undefined)
    throw new Error(`faults: expected ${file} to start, got no process`);
  const started: ServiceProcess = {
    pid,
    ended,
    get announced() {
      return announced;
    },
    get hasEnded() {
      return how !== null;
    },
    log: () => log,
    computePids: () => (how === null ? childrenOf(pid) : []),
    signal: (name) => void child.kill(name),
    async kill() {
      left = [...left, ...started.computePids()];
      child.kill("SIGKILL");
      await ended;
    },
    async remove() {
      for (const pid of left.filter(computes)) signalProcess(pid, "SIGKILL");
      signalAll(started, "SIGKILL");
      await ended;
      alive.delete(started);
    },
  };
  alive.add(started);
  const deadline = performance.now() + seconds * 1000;
  while (!announcement.test(announced)) {
    if (how !== null || performance.now() > deadline) {
      await started.remove();
      throw new Error(`faults: expected unirep ${args.join(" ")} to be ready in ${seconds} s, got ${how ?? "none"}: ${log.slice(-3000)}`); // prettier-ignore
    }
    await sleep(20);
  }
  return started;
}

function signalAll(one: ServiceProcess, name: NodeJS.Signals): void {
  // A process that is gone has no children by which to find them.
  for (const pid of one.computePids()) signalProcess(pid, name);
  one.signal(name);
}

/** Gone already is as good. */
export function signalProcess(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number).filter(computes); // prettier-ignore
  } catch {
    return []; // it has ended
  }
}

export const computes = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("workers/compute/child"); // prettier-ignore
  } catch {
    return false;
  }
};

/** Why tests of processes skip, or null where the system tells which processes there are. */
export const noProcesses: string | null =
  childrenFile() === null ? "the system tells no children of processes" : null;

function childrenFile(): string | null {
  try {
    return readFileSync(`/proc/self/task/${process.pid}/children`, "utf8");
  } catch {
    return null;
  }
}

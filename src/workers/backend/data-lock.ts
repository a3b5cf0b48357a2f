/** @file The lock of a data folder: one process at a time, and a killed one leaves nothing to clean up. */
import { linkSync, mkdirSync, readFileSync, realpathSync, rmSync, unlinkSync, writeFileSync } from "node:fs"; // prettier-ignore
import { hostname } from "node:os";
import path from "node:path";

interface Holder {
  readonly pid: number;
  /** A container that comes back keeps its name and its pid; two that run at once have different names. */
  readonly host: string;
  /** When the kernel started the process, where it tells: pids are used again. */
  readonly started: string | null;
}

const heldHere = new Set<string>();

/**
 * Takes the lock of `folder`, made where it is missing, and returns what releases it. Throws, one sentence, while another
 * process holds it; the lock of a process that has ended is taken over, however old or young. Age says nothing: a
 * stopped process may go on, and two writers destroy an embedded database.
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const file = path.join(realpathSync(folder), "lock");
  const mine = `${JSON.stringify({ pid: process.pid, host: hostname(), started: startOf(process.pid) } satisfies Holder)}\n`; // prettier-ignore
  while (!create(file, mine)) {
    const text = read(file);
    if (text === null) continue;
    refuseWhileHeld(file, text);
    removeDead(file, text, mine);
  }
  heldHere.add(file);
  return () => {
    heldHere.delete(file);
    if (read(file) === mine) rmSync(file, { force: true });
  };
}

/** A link appears with its content or not at all, and only where there was none. */
function create(file: string, text: string): boolean {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Removes the dead holder's lock. One process at a time may do so: between reading a lock and removing it another could
 * have taken it over. What a process killed meanwhile leaves of this guard is removed in the same way as its lock.
 */
function removeDead(file: string, dead: string, mine: string): void {
  const guard = `${file}.takeover`;
  while (!create(guard, mine)) {
    const text = read(guard);
    if (text === null) continue;
    refuseWhileHeld(guard, text);
    rmSync(guard, { force: true });
  }
  if (read(file) === dead) unlinkSync(file);
  unlinkSync(guard);
}

function refuseWhileHeld(file: string, text: string): void {
  const refuse = (why: string): never => {
    throw new Error(
      `backend: expected a data folder that no other process uses, got ${path.dirname(file)}: ${why}`,
    );
  };
  const { pid, host, started } = parse(text) ?? refuse(`its file "lock" is not one of this service; remove it if no service runs there`); // prettier-ignore
  if (host !== hostname())
    refuse(`process ${pid} on ${host} holds it; remove ${file} if that machine is gone`); // prettier-ignore
  if (pid === process.pid ? heldHere.has(file) : isAlive(pid, started))
    refuse(`process ${pid} holds it`);
}

function parse(text: string): Holder | null {
  try {
    const value = JSON.parse(text) as Partial<Holder> | null;
    const { pid, host, started = null } = value ?? {};
    return Number.isInteger(pid) && typeof host === "string"
      ? { pid: pid as number, host, started }
      : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number, started: string | null): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there and belongs to someone else.
    return codeOf(error) !== "ESRCH";
  }
  const now = startOf(pid);
  return started === null || now === null || now === started;
}

/** Boot and tick the process started at, "gone" where it only waits to be reaped, null where the kernel does not tell. */
function startOf(pid: number): string | null {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    // The name before the last ")" may hold anything; after it come the state (field 3) and, as field 22, the start.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" "); // prettier-ignore
    return "ZX".includes(fields[0]) ? "gone" : `${boot} ${fields[19]}`;
  } catch {
    return null;
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** @file The real command in a process of its own, and the files that tests give it. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const main = join(root, "src/cli/main.ts");

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Shell commands before the command itself, such as a limit. */
  readonly before?: string;
  /** Gets the process as soon as there is one. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** Runs `unirep` with these arguments; no cache of weights is found unless `env` names one. */
export function unirep(
  args: readonly string[],
  { stdin, env, before, onStart }: RunOptions = {},
): Promise<Outcome> {
  const command = [process.execPath, "--import", "tsx", main, ...args];
  const quoted = command.map((word) => `'${word}'`).join(" ");
  const [program, ...rest] =
    before === undefined
      ? command
      : ["bash", "-c", `${before}; exec ${quoted}`];
  const child = spawn(program, rest, {
    cwd: root,
    env: { ...process.env, UNIREP_CACHE: join(root, "no-cache"), ...env },
  });
  onStart?.(child);
  child.stdin.end(stdin);
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8");
    child[name].on("data", (text: string) => (output[name] += text));
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, ...output }));
  });
}

/** Proteins that are the same in every run: letters of a linear congruential sequence. */
export function proteins(
  count: number,
  { from = 5, to = 60 }: { from?: number; to?: number } = {},
): { id: string; sequence: string }[] {
  let state = 12345;
  const next = (n: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % n;
  };
  return Array.from({ length: count }, (_, k) => ({
    id: `p${k}`,
    sequence: Array.from(
      { length: from + next(to - from) },
      () => "ACDEFGHIKLMNPQRSTVWY"[next(20)],
    ).join(""),
  }));
}

export function fasta(
  records: readonly { id: string; sequence: string }[],
): string {
  return records.map(({ id, sequence }) => `>${id}\n${sequence}\n`).join("");
}

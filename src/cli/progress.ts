/** @file Progress on standard error: a bar on a terminal, a line now and then anywhere else. */

export interface ProgressReport {
  /** Residues finished so far, those of earlier sessions included. */
  update(residues: number): void;
  stop(): void;
}

/** Milliseconds between two plain lines. */
const LINE_MS = 10_000;

/**
 * Starts reporting; `total` residues are undefined while the input is a stream whose end nobody knows. `from` residues were there
 * before this session.
 */
export async function startProgress(
  label: string,
  { total, from = 0 }: { total: number | undefined; from?: number },
): Promise<ProgressReport> {
  // Counted from the first result on: the longest sequences run first and together, and finish nothing for a while.
  let first: { time: number; residues: number } | undefined;
  const state = (residues: number) => {
    first ??= { time: performance.now(), residues };
    const seconds = (performance.now() - first.time) / 1000;
    const rate = seconds > 0 ? (residues - first.residues) / seconds : 0;
    const left =
      total === undefined ? "" : duration((total - residues) / (rate || NaN));
    return { rate: Math.round(rate), left };
  };
  if (!process.stderr.isTTY) return plainLines(label, total, state);
  const { SingleBar } = await import("cli-progress");
  const bar = new SingleBar({
    format:
      total === undefined
        ? `${label} {value} residues, {rate} residues/s`
        : `${label} [{bar}] {percentage}% {value}/{total} residues, {rate} residues/s, {left} left`,
    stream: process.stderr,
    // Ctrl-C is handled by the command, which stops the bar.
    gracefulExit: false,
    hideCursor: true,
  });
  bar.start(total ?? 0, from, { rate: 0, left: "?" });
  return {
    update: (residues) => bar.update(residues, state(residues)),
    stop: () => bar.stop(),
  };
}

function plainLines(
  label: string,
  total: number | undefined,
  state: (residues: number) => { rate: number; left: string },
): ProgressReport {
  let last = performance.now();
  return {
    update(residues) {
      if (performance.now() - last < LINE_MS) return;
      last = performance.now();
      const { rate, left } = state(residues);
      const done =
        total === undefined
          ? `${residues} residues`
          : `${residues} of ${total} residues (${Math.floor((100 * residues) / total)} %)`;
      process.stderr.write(
        `${label}: ${done}, ${rate} residues/s${left === "" ? "" : `, ${left} left`}\n`,
      );
    },
    stop: () => undefined,
  };
}

/** `1 h 02 min`, `3 min 05 s`, `42 s`; `?` when it is not known. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  if (whole >= 3600)
    return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  if (whole >= 60) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${whole} s`;
}

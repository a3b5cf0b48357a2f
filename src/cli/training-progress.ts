/** @file Progress of a training on standard error: a bar with the loss on a terminal, a line now and then anywhere else. */
import { sparkline } from "../training/index.ts";
import { duration } from "./progress.ts";

export interface TrainingProgress {
  /** A step was taken: `done` of the total, at `loss` nats a token; `where` says what is under way. */
  step(
    done: number,
    loss: number,
    residuesPerSecond: number,
    where: string,
  ): void;
  /** A line that stays. */
  news(text: string): void;
  stop(): void;
}

/** Milliseconds between two plain lines. */
const LINE_MS = 10_000;
/** Losses that the sparkline shows: enough to see where a run is going. */
const RECENT = 400;

/** Starts reporting; `total` is about how many units there will be. */
export async function startTraining(
  label: string,
  total: number,
  unit: "step" | "epoch",
): Promise<TrainingProgress> {
  // Counted from the first step on: what was done before it was done in another session, or was compiling.
  let first: { time: number; done: number } | undefined;
  const losses: number[] = [];
  const state = (done: number, loss: number, rate: number, where: string) => {
    losses.push(loss);
    if (losses.length > RECENT) losses.shift();
    first ??= { time: performance.now(), done };
    const seconds = (performance.now() - first.time) / 1000;
    const left = duration((seconds / (done - first.done)) * (total - done));
    return `${where}, loss ${loss.toFixed(4)}, ${Math.round(rate)} residues/s, ${left} left`;
  };
  if (!process.stderr.isTTY) {
    let last = performance.now();
    return {
      step(done, loss, rate, where) {
        const text = state(done, loss, rate, where);
        if (performance.now() - last < LINE_MS) return;
        last = performance.now();
        process.stderr.write(`${label}: ${unit} ${Number(done.toFixed(2))} of about ${total}, ${text}\n`); // prettier-ignore
      },
      news: (text) => void process.stderr.write(`${label}: ${text}\n`),
      stop: () => undefined,
    };
  }
  const { SingleBar } = await import("cli-progress");
  const bar = new SingleBar({
    format: `${label} [{bar}] {percentage}% {text} {spark}`,
    stream: process.stderr,
    // Ctrl-C is handled by the command, which stops the bar.
    gracefulExit: false,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 20,
  });
  let shown = { text: "", spark: "" };
  let value = 0;
  bar.start(total, value, shown);
  return {
    step(done, loss, rate, where) {
      value = Math.min(done, total);
      shown = { text: state(done, loss, rate, where), spark: sparkline(losses, 24) }; // prettier-ignore
      bar.update(value, shown);
    },
    news(text) {
      bar.stop();
      process.stderr.write(`${text}\n`);
      bar.start(total, value, shown);
    },
    stop: () => bar.stop(),
  };
}

/** @file Ctrl-C: the first one stops the work in good order, the second one the process. */
import { Interrupted, signalExitCode, type StopSignal } from "./exit-codes.ts";

const stopSignals: readonly StopSignal[] = ["SIGINT", "SIGTERM"];

/** Runs `work` with a signal that SIGINT and SIGTERM abort; whatever the work then throws, the caller gets Interrupted. */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const interrupt = (stopSignal: StopSignal) => {
    if (stop.signal.aborted) process.exit(signalExitCode(stopSignal));
    stop.abort(new Interrupted(stopSignal));
  };
  for (const name of stopSignals) process.on(name, interrupt);
  try {
    return await work(stop.signal);
  } catch (error) {
    // Streams and readers wrap the reason of an abort in errors of their own.
    if (stop.signal.aborted && !(error instanceof Interrupted))
      throw stop.signal.reason;
    throw error;
  } finally {
    for (const name of stopSignals) process.off(name, interrupt);
  }
}

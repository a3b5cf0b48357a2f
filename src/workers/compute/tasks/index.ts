/** @file The tasks by name, each loaded when it first runs: a process that only represents never reads the training code. */
import type { RunTask } from "../task-context.ts";
import type { TaskName } from "../tasks.ts";

const loaders: {
  readonly [T in TaskName]: () => Promise<RunTask<T>>;
} = {
  represent: async () => (await import("./represent.ts")).runRepresent,
  ingest: async () => (await import("./ingest.ts")).runIngest,
  range: async () => (await import("./range.ts")).runRange,
  assemble: async () => (await import("./assemble.ts")).runAssemble,
  study: async () => (await import("./study.ts")).runStudy,
  sample: async () => (await import("./sample.ts")).runSample,
};

export const loadTask = <T extends TaskName>(task: T): Promise<RunTask<T>> =>
  loaders[task]();

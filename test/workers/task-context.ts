/** @file What a task is given, without a compute process: a model loaded once, an ordinary cache, events kept in a list. */
import { createCache } from "../../src/workers/compute/cache.ts";
import type { TaskContext } from "../../src/workers/compute/task-context.ts";
import type {
  ModelFile,
  TaskEvent,
  TaskName,
} from "../../src/workers/compute/tasks.ts";
import type { JobModel } from "../../src/workers/jobs/record.ts";
import { loadModel, type UniRep } from "../../src/unirep/index.ts";

export interface TestContext<T extends TaskName> extends TaskContext<T> {
  readonly events: { readonly event: TaskEvent<T>; readonly at: number }[];
  /** Residues given to `computed`. */
  readonly counted: () => number;
}

const models = new Map<string, Promise<UniRep>>();

export function taskContext<T extends TaskName>(
  options: { readonly signal?: AbortSignal; readonly cacheBytes?: number } = {},
): TestContext<T> {
  const events: { event: TaskEvent<T>; at: number }[] = [];
  let residues = 0;
  return {
    signal: options.signal ?? new AbortController().signal,
    events,
    tell: (event) => {
      events.push({ event, at: performance.now() });
      return Promise.resolve();
    },
    model: ({ weights }, precision) => loaded(weights, precision),
    cache: createCache(options.cacheBytes ?? 1e6),
    threads: 1,
    computed: (more) => (residues += more),
    counted: () => residues,
  };
}

function loaded(weights: string, precision: "f32" | "int8"): Promise<UniRep> {
  const key = `${weights} ${precision}`;
  const model = models.get(key) ?? loadModel({ weights, precision });
  models.set(key, model);
  return model;
}

/** The weights that come with the package, as a job and as a task name them. */
export async function ownModel(): Promise<{
  file: ModelFile;
  model: JobModel;
}> {
  const weights = "unirep-ts-64";
  const { info, config } = await loaded(weights, "f32");
  const { id, sha256, licence } = info;
  return {
    file: { weights, id, sha256 },
    model: { id, sha256, licence, units: config.units },
  };
}

/** Frees every model that tests of this file have loaded. */
export async function freeModels(): Promise<void> {
  for (const model of models.values()) await (await model).dispose();
  models.clear();
}

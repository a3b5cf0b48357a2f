/** @file The program of a compute process: takes tasks from its parent, and ends with it, whatever it computes. */
import { createCache } from "./cache.ts";
import { createModels } from "./models.ts";
import { describeFailure, type FromProcess, type ProcessSettings, type StartMessage, type ToProcess } from "./protocol.ts"; // prettier-ignore
import type { TaskContext } from "./task-context.ts";
import { loadTask } from "./tasks/index.ts";
import type { ComputeFacts, TaskName } from "./tasks.ts";

interface Running {
  readonly controller: AbortController;
  /** Events that the parent has not dealt with yet, by number. */
  readonly untold: Map<number, (refused: string | null) => void>;
}

const settings = JSON.parse(process.argv[2]) as ProcessSettings;
const models = createModels(settings.warmModels, settings.threads);
const cache = createCache(settings.cacheBytes);
const running = new Map<number, Running>();
let residues = 0;
let ending = false;

const facts = (): ComputeFacts => {
  const { busy, all } = models.laneSteps();
  return {
    pid: process.pid,
    rssBytes: process.memoryUsage.rss(),
    residues,
    lanesBusy: busy,
    lanesAll: all,
    cacheHits: cache.hits,
    cacheMisses: cache.misses,
    models: models.names(),
  };
};

/** Resolves when the message has left; a parent that is gone needs none, and its going ends this process. */
const send = (message: FromProcess): Promise<void> =>
  new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve());
  });

async function start<T extends TaskName>({
  id,
  task,
  params,
}: StartMessage<T>): Promise<void> {
  const controller = new AbortController();
  const untold: Running["untold"] = new Map();
  running.set(id, { controller, untold });
  if (ending) stop(controller);
  const hold = models.hold();
  let events = 0;
  const context: TaskContext<T> = {
    signal: controller.signal,
    cache,
    threads: settings.threads,
    model: (file, precision) => hold.get(file, precision),
    computed: (count) => void (residues += count),
    tell: (value) =>
      new Promise((resolve, reject) => {
        const event = ++events;
        untold.set(event, (refused) =>
          refused === null ? resolve() : reject(new Error(refused)),
        );
        void send({ type: "event", id, event, value });
      }),
  };
  try {
    const run = await loadTask(task);
    context.signal.throwIfAborted();
    const value = await run(params, context);
    await send({ type: "done", id, value, facts: facts() });
  } catch (error) {
    const failure = describeFailure(error);
    await send({ type: "failed", id, failure, facts: facts() });
  }
  hold.release();
  running.delete(id);
  endWhenIdle();
}

const stop = (controller: AbortController) =>
  controller.abort(new Error("compute: the process was asked to end"));

const endWhenIdle = () => {
  if (ending && running.size === 0) process.exit();
};

process.on("message", (message: ToProcess) => {
  if (message.type === "start") return void start(message);
  const task = running.get(message.id);
  if (!task) return;
  if (message.type === "abort")
    return task.controller.abort(new Error("compute: the task was aborted"));
  task.untold.get(message.event)?.(message.refused);
  task.untold.delete(message.event);
});
process.on("disconnect", () => process.exit());
process.on("SIGTERM", () => {
  ending = true;
  for (const { controller } of running.values()) stop(controller);
  endWhenIdle();
});
// A terminal sends Ctrl-C to every process of the group; the parent decides what becomes of it.
process.on("SIGINT", () => {});
setInterval(() => void send({ type: "facts", facts: facts() }), 1000).unref();

/** @file The servers of the service: the API, and the small one of a machine that only works. */
import type { Api, Base } from "./api.ts";
import { createApp, createWorkerApp } from "./app.ts";
import { openBoard } from "./board.ts";
import { listen, type Listening } from "./listening.ts";
import { createMetrics } from "./metrics.ts";
import { clearSubmissions } from "./submission.ts";
import { warmUp } from "./warm-up.ts";

export interface Server extends Listening {
  readonly api: Api;
}

/** Starts to answer. The caller opens and closes the parts. */
export async function startServer(
  parts: Omit<Api, keyof Base> & Pick<Base, "service">,
): Promise<Server> {
  const { service, jobs, compute, engine } = parts;
  const board = await openBoard(service);
  const ending = new AbortController();
  const api: Api = {
    ...parts,
    metrics: createMetrics(compute, { jobs, store: service.backend.store }),
    draining: ending.signal,
    unready: warmUp(service, engine, ending.signal),
  };
  const listening = await listen(createApp(api, board), service.config, ending);
  clearSubmissions(service).catch((error: unknown) =>
    service.log.warn({ err: error }, "submissions that were broken off stay for now"),
  ); // prettier-ignore
  return { ...listening, api };
}

/** Tells of a machine that works without an API: /healthz, /readyz, /metrics. */
export async function startWorkerServer({
  service,
  compute,
}: Pick<Api, "service" | "compute">): Promise<Listening> {
  const ending = new AbortController();
  const app = createWorkerApp({
    service,
    metrics: createMetrics(compute, null),
    draining: ending.signal,
    unready: () => null,
  });
  return listen(app, service.config, ending);
}

/** @file The engine before its first request: the default model is loaded and has represented one sequence. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Compute, Service } from "../workers/index.ts";

/** Milliseconds until the next attempt; a model may be put where it is missed while the service runs. */
const againMs = 5000;

/** Begins in the background; the returned function says why requests should not come yet, or null. */
export function warmUp(
  service: Pick<Service, "config" | "models" | "log">,
  engine: Compute,
  signal: AbortSignal,
): () => string | null {
  const { config, models, log } = service;
  let reason: string | null = `model ${config.model} is being loaded`;
  const attempt = async () => {
    // Of no owner: a default is for everyone.
    const found = await models.find(config.model, "");
    if (!found) throw new Error(`expected the default model (MODEL) to be here, got none of the id ${config.model}`); // prettier-ignore
    const model = await models.open(found);
    await engine.run("represent", { model, precision: "f32", sequences: ["M"], perResidue: false }, { signal }); // prettier-ignore
  };
  const run = async () => {
    while (!signal.aborted)
      try {
        await attempt();
        reason = null;
        return;
      } catch (error) {
        if (signal.aborted) return;
        const { message } = error as Error;
        if (message !== reason) log.error({ model: config.model, err: error }, "the engine is not ready"); // prettier-ignore
        reason = message;
        await sleep(againMs, undefined, { signal, ref: false }).catch(() => {});
      }
  };
  void run();
  return () => reason;
}

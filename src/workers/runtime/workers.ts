/** @file The workers of a process: one for each of its queues, sharing its compute, drained together. */
import { setTimeout as sleep } from "node:timers/promises";
import { DelayedError, WaitingError, type Processor, type Worker } from "bullmq"; // prettier-ignore
import type { Compute } from "../compute/tasks.ts";
import { StaleFenceError, Stop } from "../handlers/work.ts";
import { openQueues, type QueueJob } from "../jobs/queues.ts";
import type { JobKind } from "../jobs/record.ts";
import { startUpkeep } from "../jobs/upkeep.ts";
import { unitId } from "../jobs/units.ts";
import type { Service } from "../service.ts";
import { activate, type ActivationContext } from "./activation.ts";
import { openSlots } from "./slots.ts";
import { watchRunning, type Running } from "./watch.ts";

export interface Workers {
  /**
   * Takes no new work, asks what runs to stop, and hands it back without spending a start. Resolves when all has let go, or
   * after `seconds`: then end the compute processes, whose work is begun again elsewhere. May be repeated.
   */
  drain(seconds: number): Promise<void>;
}

/** Milliseconds a job may wait here for a place before it goes back to the queue, for workers that have one. */
const patience = 2000;
/** Milliseconds after which a unit that still runs here is looked at again. */
const again = 1000;

/** Starts working on the queues of `config.queues`, and looking after jobs that got lost. */
export async function startWorkers(
  service: Service,
  compute: Compute,
  handlers: ActivationContext["handlers"],
): Promise<Workers> {
  const { config, log, backend } = service;
  const context = { ...openQueues(service), compute, handlers };
  const slots = openSlots(config.processes);
  const running = new Map<string, Running>();
  const stopping = new Set<AbortController>();
  const ending = new Set<Promise<unknown>>();
  let drained: Promise<void> | null = null;

  async function run(
    queued: QueueJob,
    token: string,
    controller: AbortController,
  ): Promise<void> {
    const { job, unit } = queued.data;
    const id = unitId(job, unit);
    // Its lock was lost and came back here: BullMQ keeps one lock an id, so the first must be gone before.
    if (running.has(id)) {
      await queued.moveToDelayed(Date.now() + again, token);
      throw new DelayedError();
    }
    const stop = (why: Stop["why"]) => controller.abort(new Stop(why));
    const mine: Running = { job, unit, fence: 0, stop };
    running.set(id, mine);
    try {
      await activate({ context, queued, token, signal: controller.signal, running: mine }); // prettier-ignore
    } catch (error) {
      // A later activation has the lock: there is nothing to move.
      if (error instanceof StaleFenceError) throw new WaitingError();
      throw error;
    } finally {
      running.delete(id);
    }
  }

  function start(kind: JobKind): Worker {
    async function process(
      queued: QueueJob,
      token: string,
      controller: AbortController,
    ): Promise<void> {
      const { signal } = controller;
      const release = await slots.take(kind, patience, signal);
      if (release) return run(queued, token, controller).finally(release);
      // Long work holds all places: more would only wait here while another machine may be idle.
      if (!signal.aborted) {
        await worker.pause(true);
        slots.park(kind, () => void (drained ?? worker.resume()));
      }
      await queued.moveToWait(token);
      throw new WaitingError();
    }

    // BullMQ gives a signal only to processors of exactly three parameters.
    const processor: Processor = async (queued: QueueJob, token, lock) => {
      const controller = new AbortController();
      const onLost = () => controller.abort(new Stop("lock lost"));
      lock?.addEventListener("abort", onLost, { once: true });
      if (drained) controller.abort(new Stop("shutdown"));
      const work = process(queued, token ?? "", controller);
      const ended = Promise.allSettled([work]);
      stopping.add(controller);
      ending.add(ended);
      try {
        await work;
      } finally {
        ending.delete(ended);
        stopping.delete(controller);
        lock?.removeEventListener("abort", onLost);
      }
    };
    const { processes: concurrency } = config;
    const worker = backend.worker(kind, processor, { concurrency });
    return worker;
  }

  const endUpkeep = await startUpkeep(context);
  const endWatch = watchRunning(service, running);
  const workers = config.queues.map(start);

  async function drain(seconds: number): Promise<void> {
    endUpkeep();
    await Promise.all(workers.map((worker) => worker.pause(true)));
    for (const controller of stopping) controller.abort(new Stop("shutdown"));
    const late = sleep(seconds * 1000, "late" as const, { ref: false });
    const isLate = (await Promise.race([allEnded(), late])) === "late";
    if (isLate)
      log.warn({ units: [...running.keys()] }, "workers: some work did not stop in time, it will be begun again elsewhere"); // prettier-ignore
    endWatch();
    await Promise.all(workers.map((worker) => worker.close(isLate)));
  }

  async function allEnded(): Promise<void> {
    while (ending.size > 0) await Promise.all(ending);
  }

  return { drain: (seconds) => (drained ??= drain(seconds)) };
}

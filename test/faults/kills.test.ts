/** @file Processes of a service on Redis are killed or stopped: every job ends once, with the result it has undisturbed. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { faults, rowTimeout } from "./faults.ts";
import { computes, signalProcess, type ServiceProcess } from "./service-process.ts"; // prettier-ignore
import { begin, expectSame, underWay, undisturbed, type JobName, type Results } from "./workload.ts"; // prettier-ignore

const names: readonly JobName[] = ["embed", "flow", "score", "sample", "evotune"]; // prettier-ignore

let results: Results;
let api: ServiceProcess;
let worker: ServiceProcess;

faults(
  "a service on Redis",
  {
    kind: "redis",
    async prepare(fleet) {
      [api, worker] = await Promise.all([fleet.serve(), fleet.work()]);
      results = await undisturbed(fleet.client, names);
    },
  },
  (fleet) => {
    const compareAll = async (ids: ReadonlyMap<JobName, string>) => {
      for (const [name, id] of ids)
        await expectSame(fleet().client, id, name, results);
    };

    test.each(["flow", "score", "evotune"] as const)(
      "ends a %s job whose worker is killed",
      async (name) => {
        const { client, work } = fleet();
        const id = await begin(client, name);
        await underWay(client, id);
        const computing = worker.computePids();
        await worker.kill();
        worker = await work();
        await expectSame(client, id, name, results);
        expect(computing.filter(computes), "compute processes of the killed worker").toEqual([]); // prettier-ignore
      },
      rowTimeout,
    );

    test.each(["embed", "sample", "evotune"] as const)(
      "ends a %s job whose compute process is killed",
      async (name) => {
        const { client } = fleet();
        const id = await begin(client, name);
        await underWay(client, id);
        const pids = worker.computePids();
        expect(pids.length).toBeGreaterThan(0);
        for (const pid of pids) signalProcess(pid, "SIGKILL");
        await expectSame(client, id, name, results);
      },
      rowTimeout,
    );

    test(
      "ends queued and running jobs whose API is killed and starts again",
      async () => {
        const { client, serve } = fleet();
        const ids = new Map<JobName, string>();
        for (const name of names) ids.set(name, await begin(client, name));
        await underWay(client, ids.get("embed") as string);
        await api.kill();
        await sleep(500);
        api = await serve();
        await compareAll(ids);
      },
      rowTimeout,
    );

    test(
      "ends queued and running jobs when everything is killed and starts again",
      async () => {
        const { client, serve, work, redis } = fleet();
        const ids = new Map<JobName, string>();
        for (const name of names) ids.set(name, await begin(client, name));
        await underWay(client, ids.get("embed") as string);
        await Promise.all([api.kill(), worker.kill(), redis?.kill()]);
        await redis?.start();
        [api, worker] = await Promise.all([serve(), work()]);
        await compareAll(ids);
      },
      rowTimeout,
    );

    // The compute process goes on, so that the worker wakes with a result in its hands.
    test.each(["flow", "sample", "evotune"] as const)(
      "ends a %s job once, whose stopped worker wakes after another took over",
      async (name) => {
        const { client, work } = fleet();
        const id = await begin(client, name);
        await underWay(client, id);
        worker.signal("SIGSTOP");
        const second = await work();
        // Beyond its lock and the look after it: the second has begun.
        await sleep(5000);
        worker.signal("SIGCONT");
        await expectSame(client, id, name, results);
        // What it may still write, it writes now.
        await sleep(1000);
        await expectSame(client, id, name, results);
        expect(worker.hasEnded).toBe(false);
        await second.kill();
      },
      rowTimeout,
    );

    test(
      "keeps the result of the second worker when the first wakes after the end",
      async () => {
        const { client, work } = fleet();
        const id = await begin(client, "embed");
        await underWay(client, id);
        worker.signal("SIGSTOP");
        const second = await work();
        await expectSame(client, id, "embed", results);
        worker.signal("SIGCONT");
        await sleep(2000);
        await expectSame(client, id, "embed", results);
        await second.kill();
        // It still works.
        await expectSame(client, await begin(client, "embed"), "embed", results); // prettier-ignore
      },
      rowTimeout,
    );
  },
);

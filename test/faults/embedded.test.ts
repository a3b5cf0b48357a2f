/** @file The single process of an embedded service is killed: what it has acknowledged ends as if nothing had happened. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { faults, rowTimeout } from "./faults.ts";
import { computes, signalProcess, type ServiceProcess } from "./service-process.ts"; // prettier-ignore
import { begin, expectSame, underWay, undisturbed, type JobName, type Results } from "./workload.ts"; // prettier-ignore

const names: readonly JobName[] = ["flow", "sample", "evotune"];

let results: Results;
let service: ServiceProcess;

faults(
  "an embedded service",
  {
    kind: "embedded",
    async prepare({ serve, client }) {
      service = await serve();
      results = await undisturbed(client, names);
    },
  },
  (fleet) => {
    test.each(names)(
      "ends a running %s job and those behind it, after it was killed and started again",
      async (name) => {
        const { client, serve } = fleet();
        const others = names.filter((one) => one !== name);
        const ids = new Map([[name, await begin(client, name)]]);
        await underWay(client, ids.get(name) as string);
        for (const other of others) ids.set(other, await begin(client, other));
        const computing = service.computePids();
        await service.kill();
        service = await serve();
        for (const [each, id] of ids)
          await expectSame(client, id, each, results);
        expect(computing.filter(computes), "compute processes of the killed service").toEqual([]); // prettier-ignore
      },
      rowTimeout,
    );

    test(
      "ends its jobs although it is killed again and again",
      async () => {
        const { client, serve } = fleet();
        const ids = new Map<JobName, string>();
        for (const name of names) ids.set(name, await begin(client, name));
        for (let round = 0; round < 3; round++) {
          await sleep(700);
          await service.kill();
          service = await serve();
        }
        for (const [name, id] of ids)
          await expectSame(client, id, name, results);
      },
      rowTimeout,
    );

    test(
      "ends jobs whose compute processes are killed",
      async () => {
        const { client } = fleet();
        const id = await begin(client, "flow");
        await underWay(client, id);
        for (const pid of service.computePids()) signalProcess(pid, "SIGKILL");
        await expectSame(client, id, "flow", results);
      },
      rowTimeout,
    );
  },
);

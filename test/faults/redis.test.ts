/** @file Redis dies, or the network to it breaks, for less and for longer than a lock: every job ends once, as undisturbed. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { faults, rowTimeout } from "./faults.ts";
import type { ServiceProcess } from "./service-process.ts";
import { openProxy, type ProxyMode, type TcpProxy } from "./tcp-proxy.ts";
import { begin, expectSame, underWay, undisturbed, type JobName, type Results } from "./workload.ts"; // prettier-ignore

const lock = 3;
const names: readonly JobName[] = ["flow", "sample"];

let results: Results;
let worker: ServiceProcess;
let proxy: TcpProxy | undefined;

faults(
  `a service whose locks last ${lock} s`,
  {
    kind: "redis",
    env: { LOCK_SECONDS: String(lock) },
    async prepare(fleet) {
      const { client, serve, work, redis } = fleet;
      proxy = await openProxy(redis?.port ?? 0);
      // The API reaches Redis directly.
      const through = { REDIS_URL: `redis://127.0.0.1:${proxy.port}` };
      [, worker] = await Promise.all([serve(), work(through)]);
      results = await undisturbed(client, names);
    },
  },
  (fleet) => {
    afterAll(() => proxy?.close());

    test.each([
      ["flow", 1],
      ["flow", 2 * lock],
      ["sample", 1],
      ["sample", 2 * lock],
    ] as const)(
      "ends a %s job through %d s in which Redis is gone",
      async (name, seconds) => {
        const { client, redis } = fleet();
        const id = await begin(client, name);
        await underWay(client, id);
        await redis?.kill();
        const refused = await client.fetch("/v1/jobs");
        expect([refused.status, refused.headers.has("Retry-After")]).toEqual([503, true]); // prettier-ignore
        await sleep(seconds * 1000);
        await redis?.start();
        await expectSame(client, id, name, results);
      },
      rowTimeout,
    );

    test.each<[JobName, ProxyMode, number]>([
      ["flow", "cut", 1],
      ["flow", "cut", 2 * lock],
      ["sample", "cut", 2 * lock],
      ["flow", "half-open", 1],
      ["flow", "half-open", 3 * lock],
      ["sample", "half-open", 3 * lock],
      ["sample", "slow", 3],
    ])(
      "ends a %s job whose worker's network is %s for %d s",
      async (name, mode, seconds) => {
        const { client } = fleet();
        const id = await begin(client, name);
        await underWay(client, id);
        proxy?.set(mode);
        await sleep(seconds * 1000);
        proxy?.set("open");
        await expectSame(client, id, name, results);
        expect(worker.hasEnded).toBe(false);
      },
      rowTimeout,
    );

    test(
      "lets another worker end the job of one that is cut off, and the first goes on with the next",
      async () => {
        const { client, work } = fleet();
        const id = await begin(client, "flow");
        await underWay(client, id);
        proxy?.set("half-open");
        const second = await work();
        await expectSame(client, id, "flow", results);
        await second.kill();
        proxy?.set("open");
        await expectSame(client, await begin(client, "sample"), "sample", results); // prettier-ignore
      },
      rowTimeout,
    );
  },
);

/** @file Many jobs while workers die, stop and drain at random: none is lost, none is done twice, every value is right. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { JobResource } from "../../src/api/schemas/jobs.ts";
import type { Client } from "./client.ts";
import { faults, rowTimeout } from "./faults.ts";
import { fasta, numbers, proteins } from "./proteins.ts";
import { signalProcess, type ServiceProcess } from "./service-process.ts";

const rounds = 20;
const count = 500;
/** Inputs that take turns, so that a result of another job would be seen. */
const inputs = Array.from({ length: 10 }, (_, n) => fasta(proteins(20 + 10 * n, 60, 100 + n))); // prettier-ignore

/** The same faults in the same order each time. */
const next = numbers(20_261_123);

interface Place {
  worker: ServiceProcess;
}

let expected: readonly Buffer[];

faults(
  "500 jobs on Redis",
  {
    kind: "redis",
    env: { LOCK_SECONDS: "2", DRAIN_SECONDS: "5" },
    async prepare({ client, serve, work }) {
      await serve();
      const worker = await work();
      expected = await Promise.all(
        inputs.map(async (input) =>
          client.result((await client.submit("embedding", input)).id),
        ),
      );
      await worker.kill();
    },
  },
  (fleet) => {
    test(
      `all end once, with the right values, through ${rounds} rounds of killed, stopped and drained workers`,
      async () => {
        const { client, work } = fleet();
        const places: Place[] = await Promise.all([work(), work()].map(async (worker) => ({ worker: await worker }))); // prettier-ignore
        const submitted = submitAll(client);
        for (let round = 0; round < rounds; round++) {
          await harm(places, work);
          await sleep(next(400));
        }
        const ids = await submitted;
        expect(new Set(ids).size).toBe(count);
        const jobs = await untilAllEnded(client, new Set(ids));
        const wrong = ids.filter((id) => jobs.get(id)?.state !== "succeeded");
        expect(wrong.map((id) => jobs.get(id)), "jobs lost or failed").toEqual([]); // prettier-ignore
        for (const [n, id] of ids.entries()) {
          const result = await client.result(id);
          expect(result.equals(expected[n % inputs.length]), `result of job ${n}, ${id}`).toBe(true); // prettier-ignore
        }
        for (const id of ids) {
          const ends = (await client.events(id)).filter(({ type, state }) => type === "state" && state === "succeeded"); // prettier-ignore
          expect(ends, `ends of job ${id}`).toHaveLength(1);
        }
      },
      2 * rowTimeout,
    );
  },
);

async function submitAll(client: Client): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++)
    ids.push((await client.submit("embedding", inputs[n % inputs.length])).id);
  return ids;
}

/** One of the faults, to one of the workers or both. */
async function harm(
  places: readonly Place[],
  start: () => Promise<ServiceProcess>,
): Promise<void> {
  const place = places[next(places.length)];
  const replace = async (one: Place, signal: NodeJS.Signals) => {
    one.worker.signal(signal);
    await one.worker.ended;
    one.worker = await start();
  };
  switch (next(5)) {
    case 0:
      return replace(place, "SIGKILL");
    case 1:
      return replace(place, "SIGTERM");
    case 2:
      for (const pid of place.worker.computePids()) signalProcess(pid, "SIGKILL"); // prettier-ignore
      return;
    case 3:
      place.worker.signal("SIGSTOP");
      // Longer than the lock, and than the look that finds it lapsed.
      await sleep(3500);
      place.worker.signal("SIGCONT");
      return;
    default:
      await Promise.all(places.map((one) => replace(one, "SIGKILL")));
  }
}

/** The jobs by id, as lists tell of them. */
async function untilAllEnded(
  client: Client,
  ids: ReadonlySet<string>,
): Promise<ReadonlyMap<string, JobResource>> {
  const deadline = performance.now() + rowTimeout;
  for (;;) {
    const jobs = await listAll(client);
    const open = [...ids].filter((id) => {
      const job = jobs.get(id);
      return job && !/succeeded|failed|cancelled/.test(job.state);
    });
    if (open.length === 0) return jobs;
    if (performance.now() > deadline)
      throw new Error(`faults: expected every job to end, got ${open.length} open: ${JSON.stringify(jobs.get(open[0]))}`); // prettier-ignore
    await sleep(1000);
  }
}

async function listAll(client: Client): Promise<Map<string, JobResource>> {
  const jobs = new Map<string, JobResource>();
  let cursor = "";
  do {
    const page = (await (await client.fetch(`/v1/jobs?limit=100${cursor}`)).json()) as { items: JobResource[]; next: string | null }; // prettier-ignore
    for (const job of page.items) jobs.set(job.id, job);
    cursor = page.next === null ? "" : `&cursor=${encodeURIComponent(page.next)}`; // prettier-ignore
  } while (cursor !== "");
  return jobs;
}

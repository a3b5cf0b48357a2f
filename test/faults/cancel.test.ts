/** @file Jobs are cancelled in every state, twice, and by a service that loses its worker meanwhile: each ends once. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { JobResource } from "../../src/api/schemas/jobs.ts";
import { faults, rowTimeout } from "./faults.ts";
import { fasta, proteins } from "./proteins.ts";
import type { Fleet } from "./fleet.ts";
import type { ServiceProcess } from "./service-process.ts";
import { begin, expectSame, underWay, undisturbed, type JobName, type Results } from "./workload.ts"; // prettier-ignore

let worker: ServiceProcess;
let results: Results;

interface Row {
  readonly what: string;
  readonly name: JobName;
  /** Brings a new job to where it is cancelled; returns its id. */
  readonly reach: (fleet: Fleet) => Promise<string>;
  readonly ends: JobResource["state"];
}

const running = (name: JobName) => async ({ client }: Fleet) => {
  const id = await begin(client, name);
  await underWay(client, id);
  return id;
}; // prettier-ignore

const rows: readonly Row[] = [
  {
    what: "that waits behind another",
    name: "embed",
    async reach(fleet) {
      await running("flow")(fleet);
      return begin(fleet.client, "embed");
    },
    ends: "cancelled",
  },
  ...(["embed", "flow", "score", "sample", "evotune"] as const).map((name): Row => ({
    what: "that runs",
    name,
    reach: running(name),
    ends: "cancelled",
  })),
  {
    what: "that is being cancelled",
    name: "sample",
    async reach(fleet) {
      const id = await running("sample")(fleet);
      await fleet.client.cancel(id);
      return id;
    },
    ends: "cancelled",
  },
  {
    what: "that was cancelled",
    name: "sample",
    async reach(fleet) {
      const id = await running("sample")(fleet);
      await fleet.client.cancel(id);
      await fleet.client.until(id);
      return id;
    },
    ends: "cancelled",
  },
  {
    what: "that has succeeded",
    name: "embed",
    async reach({ client }) {
      const id = await begin(client, "embed");
      await client.until(id);
      return id;
    },
    ends: "succeeded",
  },
  {
    what: "that has failed",
    name: "sample",
    async reach({ client }) {
      const { id } = await client.submit("sampling", fasta(proteins(3, 20)), { steps: "10", chains: "1" });
      await client.until(id);
      return id;
    },
    ends: "failed",
  },
]; // prettier-ignore

faults(
  "a job",
  {
    kind: "redis",
    async prepare({ client, serve, work }) {
      [, worker] = await Promise.all([serve(), work()]);
      results = await undisturbed(client, ["sample"]);
    },
  },
  (fleet) => {
    test.each(rows.map((row) => [row.name, row.what, row] as const))(
      "%s %s, cancelled twice at once and once more, ends once",
      async (_name, _what, { reach, ends }) => {
        const { client } = fleet();
        const id = await reach(fleet());
        const both = await Promise.all([client.cancel(id), client.cancel(id)]);
        for (const { state } of both)
          expect(["cancelling", "cancelled", ends]).toContain(state);
        const job = await client.until(id);
        expect(job.state).toBe(ends);
        expect((await client.cancel(id)).ended_at).toBe(job.ended_at);
        await expectEndedOnce(fleet(), id, ends);
        if (ends === "cancelled") await expectNoResult(fleet(), id);
      },
      rowTimeout,
    );

    test(
      "cancelled while its worker is dead ends when another comes",
      async () => {
        const { client, work } = fleet();
        const id = await running("sample")(fleet());
        await worker.kill();
        await client.cancel(id);
        await client.cancel(id);
        worker = await work();
        expect((await client.until(id)).state).toBe("cancelled");
        await expectEndedOnce(fleet(), id, "cancelled");
      },
      rowTimeout,
    );

    test(
      "cancelled while its worker is stopped stays cancelled when that wakes",
      async () => {
        const { client } = fleet();
        const id = await running("sample")(fleet());
        worker.signal("SIGSTOP");
        await client.cancel(id);
        await sleep(4000); // the task goes on meanwhile, and ends
        worker.signal("SIGCONT");
        expect((await client.until(id)).state).toBe("cancelled");
        await expectEndedOnce(fleet(), id, "cancelled");
        await expectNoResult(fleet(), id);
      },
      rowTimeout,
    );

    test(
      "that comes after all of these runs as ever",
      async () => {
        const { client } = fleet();
        await expectSame(client, await begin(client, "sample"), "sample", results); // prettier-ignore
      },
      rowTimeout,
    );
  },
);

async function expectEndedOnce(
  { client }: Fleet,
  id: string,
  state: JobResource["state"],
): Promise<void> {
  const states = (await client.events(id)).flatMap((event) => (event.type === "state" ? [event.state] : [])); // prettier-ignore
  expect(states.at(-1)).toBe(state);
  expect(new Set(states).size, states.join(", ")).toBe(states.length);
}

async function expectNoResult({ client }: Fleet, id: string): Promise<void> {
  const answer = await client.fetch(`/v1/jobs/${id}/result`);
  expect(answer.status).toBe(410);
}

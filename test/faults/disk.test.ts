/** @file The disk of storage, or of working copies, is full for a while: nothing is lost, and what is refused is told. */
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { faults, rowTimeout } from "./faults.ts";
import { fasta, proteins } from "./proteins.ts";
import type { ServiceProcess } from "./service-process.ts";
import { noSmallDisk, openSmallDisk, type SmallDisk } from "./small-disk.ts";
import { begin, expectSame, underWay, undisturbed, type JobName, type Results } from "./workload.ts"; // prettier-ignore

const names = ["embed", "sample", "evotune"] as const satisfies readonly JobName[]; // prettier-ignore

let results: Results;
let worker: ServiceProcess;
let disk: SmallDisk | undefined;

faults(
  "a service whose files lie on a small disk",
  {
    kind: "redis",
    skipped: noSmallDisk,
    async prepare({ client, serve, work }) {
      disk = openSmallDisk(24);
      const onDisk = { STORAGE_URL: disk.folder };
      [, worker] = await Promise.all([serve(onDisk), work(onDisk)]);
      results = await undisturbed(client, names);
    },
  },
  (fleet) => {
    afterAll(() => disk?.remove());

    test.each(names)(
      "ends a %s job as undisturbed that found the disk full for its checkpoints and its result",
      async (name) => {
        const { client } = fleet();
        const before = worker.log().length;
        const id = await begin(client, name);
        await underWay(client, id);
        disk?.fill();
        // Until an activation has failed for it.
        const deadline = performance.now() + 60_000;
        while (!worker.log().slice(before).includes("an activation failed")) {
          expect(performance.now(), worker.log()).toBeLessThan(deadline);
          await sleep(50);
        }
        expect((await client.job(id))?.state).toBe("running");
        disk?.free();
        await expectSame(client, id, name, results);
      },
      rowTimeout,
    );

    test(
      "ends a job as undisturbed that is killed while the disk is full",
      async () => {
        const { client, work } = fleet();
        const id = await begin(client, "evotune");
        await underWay(client, id);
        disk?.fill();
        await sleep(1000);
        await worker.kill();
        disk?.free();
        worker = await work({ STORAGE_URL: disk?.folder ?? "" });
        await expectSame(client, id, "evotune", results);
      },
      rowTimeout,
    );

    test("refuses a submission with 503 while the disk is full, and keeps nothing of it", async () => {
      const { client } = fleet();
      const jobs = () => readdirSync(`${disk?.folder}/jobs`).sort();
      const before = jobs();
      disk?.fill();
      const form = new FormData();
      form.set("file", new Blob([fasta(proteins(100, 100))]), "a.fasta");
      const refused = await client.fetch("/v1/embedding-jobs", { method: "POST", body: form }); // prettier-ignore
      const { detail } = (await refused.json()) as { detail: string };
      expect([refused.status, detail]).toEqual([503, "api: expected room for files, got a full disk"]); // prettier-ignore
      expect(refused.headers.has("Retry-After")).toBe(true);
      disk?.free();
      expect(jobs()).toEqual(before);
    });

    test(
      "fails a job, with the reason, whose disk stays full",
      async () => {
        const { client, work } = fleet();
        await worker.kill();
        worker = await work({ STORAGE_URL: disk?.folder ?? "", MAX_STARTS: "2" }); // prettier-ignore
        const id = await begin(client, "embed");
        await underWay(client, id);
        disk?.fill();
        const job = await client.until(id);
        disk?.free();
        expect(job.state).toBe("failed");
        expect(job.failure?.detail).toMatch(/got 2 starts that did not, the last with ".*(ENOSPC|disk|space)/); // prettier-ignore
      },
      rowTimeout,
    );
  },
);

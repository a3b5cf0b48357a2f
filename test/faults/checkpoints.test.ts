/** @file Checkpoints that storage has torn, changed or lost cost a repetition, never the job or its result. */
import { rmSync, truncateSync, readFileSync, writeFileSync, readdirSync } from "node:fs"; // prettier-ignore
import path from "node:path";
import { expect, test } from "vitest";
import { faults, rowTimeout } from "./faults.ts";
import type { ServiceProcess } from "./service-process.ts";
import { begin, expectSame, underWay, undisturbed, type JobName, type Results } from "./workload.ts"; // prettier-ignore

const names = ["sample", "evotune"] as const satisfies readonly JobName[];

const damages = {
  torn: (file: string) =>
    truncateSync(file, Math.floor(readFileSync(file).length / 2)),
  changed(file: string) {
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(file, bytes);
  },
  lost: (file: string) => rmSync(file),
  kept: () => {},
} satisfies Record<string, (file: string) => void>;

let results: Results;
let worker: ServiceProcess;

faults(
  "a service with checkpoints",
  {
    kind: "redis",
    async prepare({ client, serve, work }) {
      [, worker] = await Promise.all([serve(), work()]);
      results = await undisturbed(client, names);
    },
  },
  (fleet) => {
    test.each([
      ["sample", "torn"],
      ["sample", "kept"],
      ["evotune", "torn"],
      ["evotune", "changed"],
      ["evotune", "lost"],
    ] as const)(
      "ends a %s job as undisturbed whose checkpoint was %s while no worker ran",
      async (name, damage) => {
        const { client, work, folder } = fleet();
        const id = await begin(client, name);
        await underWay(client, id);
        worker.signal("SIGTERM");
        await worker.ended;
        const place = path.join(folder, "files/jobs", id, "snapshots");
        const files = filesIn(place);
        expect(files.length, "files of checkpoints").toBeGreaterThan(0);
        files.forEach((file) => damages[damage](file));
        worker = await work();
        await expectSame(client, id, name, results);
        const told = worker.log().includes("a checkpoint is damaged");
        expect(told, "the damage is logged").toBe(damage !== "kept");
      },
      rowTimeout,
    );
  },
);

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.join(parentPath, name));

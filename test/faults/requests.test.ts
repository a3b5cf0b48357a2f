/** @file Requests that come fifty at once, while the service drains, or whose client goes away in the middle. */
import { randomUUID } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { JobResource } from "../../src/api/schemas/jobs.ts";
import { faults, rowTimeout } from "./faults.ts";
import type { Fleet } from "./fleet.ts";
import { fasta, proteins } from "./proteins.ts";
import type { ServiceProcess } from "./service-process.ts";
import { begin, expectSame, underWay, undisturbed, type Results } from "./workload.ts"; // prettier-ignore

const drainSeconds = 10;

for (const kind of ["embedded", "redis"] as const) {
  let service: ServiceProcess;
  let results: Results;

  faults(
    `a service (${kind})`,
    {
      kind,
      env: { QUEUES: "all", DRAIN_SECONDS: String(drainSeconds) },
      async prepare({ client, serve }) {
        service = await serve();
        results = await undisturbed(client, ["flow"]);
      },
    },
    (fleet) => {
      test(
        "makes one job of 50 concurrent requests with one Idempotency-Key",
        async () => {
          const { client } = fleet();
          const request = {
            method: "POST",
            headers: { "Content-Type": "application/json", "Idempotency-Key": "fifty" }, // prettier-ignore
            body: JSON.stringify({ name: "fifty", sequences: proteins(5, 30) }),
          };
          const ids = new Set<string>();
          // 409 says that the first still runs: its sender comes again.
          const send = async () => {
            for (;;) {
              const answer = await client.fetch("/v1/embedding-jobs", request);
              const body = (await answer.json()) as JobResource;
              expect([202, 409]).toContain(answer.status);
              if (answer.status === 202) return void ids.add(body.id);
              await sleep(100);
            }
          };
          await Promise.all(Array.from({ length: 50 }, send));
          expect(ids.size).toBe(1);
          const page = (await (await client.fetch("/v1/jobs?limit=100")).json()) as { items: JobResource[] }; // prettier-ignore
          expect(page.items.filter(({ name }) => name === "fifty")).toHaveLength(1); // prettier-ignore
          expect((await client.until([...ids][0])).state).toBe("succeeded");
        },
        rowTimeout,
      );

      test(
        "keeps no file of an upload whose client goes away",
        async () => {
          const { client, folder } = fleet();
          const before = filesOf(folder);
          const { hostname, port } = new URL((await client.fetch("/healthz")).url); // prettier-ignore
          const key = client.key();
          for (const leave of ["end", "resetAndDestroy"] as const) {
            const socket = connect(Number(port), hostname);
            socket.on("error", () => {});
            socket.write(`POST /v1/embedding-jobs HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${key}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 50000000\r\n\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a.fasta"\r\n\r\n`); // prettier-ignore
            socket.write(fasta(proteins(10_000, 100)));
            await until(() => bytesOf(filesOf(folder, before)) > 500_000, "the upload to arrive"); // prettier-ignore
            socket[leave]();
            await until(() => filesOf(folder, before).length === 0, "its files to be removed"); // prettier-ignore
            socket.destroy();
          }
        },
        rowTimeout,
      );

      test(
        "drains within its deadline, and breaks off or refuses with 5xx no request in flight",
        async () => {
          const { client, serve } = fleet();
          const id = await begin(client, "flow");
          await underWay(client, id);
          const answers = askedWhile(fleet());
          await sleep(1000);
          const begun = performance.now();
          service.signal("SIGTERM");
          expect(await service.ended).toBe(0);
          const seconds = (performance.now() - begun) / 1000;
          expect(seconds).toBeLessThan(drainSeconds + 5);
          const { statuses, broken } = await answers.end();
          expect([...statuses].filter((status) => status !== 200)).toEqual([]);
          // A connection may break as the server closes it and before it has read a request, which may then be sent again.
          const read = requestsOf(service).filter(({ requestId }) => broken.has(requestId)); // prettier-ignore
          expect(read, "requests that were read and not answered").toEqual([]);
          service = await serve();
          // What was running was handed back.
          await expectSame(client, id, "flow", results);
        },
        rowTimeout,
      );
    },
  );
}

/** Clients that ask on and on until they are refused a connection. */
function askedWhile({ client }: Fleet) {
  const statuses = new Set<number>();
  const broken = new Set<string>();
  const ask = async (path: string, init?: RequestInit) => {
    for (;;) {
      const id = randomUUID();
      const headers = { "Content-Type": "application/json", "X-Request-Id": id }; // prettier-ignore
      try {
        const answer = await client.fetch(path, { ...init, headers });
        await answer.text();
        statuses.add(answer.status);
      } catch (error) {
        const { code } = (error as Error).cause as NodeJS.ErrnoException;
        if (code === "ECONNREFUSED") return;
        broken.add(id);
      }
    }
  };
  const embed = {
    method: "POST",
    body: JSON.stringify({ input: proteins(4, 50) }),
  };
  const all = [
    ask("/v1/jobs"),
    ask("/v1/models"),
    ask("/v1/embeddings", embed),
    ask("/v1/embeddings", embed),
  ];
  return {
    async end() {
      await Promise.all(all);
      return { statuses, broken };
    },
  };
}

/** What the service has logged of requests. */
const requestsOf = (service: ServiceProcess) =>
  service
    .log()
    .split("\n")
    .filter((line) => line.includes('"requestId"'))
    .map((line) => JSON.parse(line) as { readonly requestId: string });

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > deadline)
      throw new Error(`faults: expected ${what} in 30 s`);
    await sleep(50);
  }
}

/** Files and working copies, but not the database, whose files come and go. */
function filesOf(folder: string, but: readonly string[] = []): string[] {
  return ["files", "scratch"].flatMap((part) =>
    readdirSync(path.join(folder, part), { recursive: true, withFileTypes: true }) // prettier-ignore
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => path.join(parentPath, name))
      .filter((file) => !but.includes(file)),
  );
}

const bytesOf = (files: readonly string[]): number =>
  files.reduce(
    (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );

/** @file A plain client of the service for tests, which waits through what the service may answer while something is away. */
import { setTimeout as sleep } from "node:timers/promises";
import type { JobResource } from "../../src/api/schemas/jobs.ts";

export type SubmittedKind = "embedding" | "score" | "evotuning" | "sampling";

export interface Client {
  key(): string;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** A submission with its sequences as a file, `fields` as the form's. */
  submit(
    kind: SubmittedKind,
    fasta: string,
    fields?: Readonly<Record<string, string>>,
  ): Promise<JobResource>;
  /** Null where the service is away: nothing listens, or it says 503. */
  job(id: string): Promise<JobResource | null>;
  /** The job once `when` holds, by default once it has ended. */
  until(
    id: string,
    when?: (job: JobResource) => boolean,
    seconds?: number,
  ): Promise<JobResource>;
  /** Bytes of the result that the job made first; the job must succeed. */
  result(id: string, seconds?: number): Promise<Buffer>;
  cancel(id: string): Promise<JobResource>;
  events(id: string): Promise<readonly JobEventLine[]>;
}

export interface JobEventLine {
  readonly type: string;
  readonly state?: string;
  readonly step?: number;
}

const ended = ({ state }: JobResource) =>
  state === "succeeded" || state === "failed" || state === "cancelled";

/** `url` and `key` are asked for at each request: a service that starts again may have others. */
export function clientOf(access: () => { url: string; key: string }): Client {
  const call: Client["fetch"] = (path, init = {}) => {
    const { url, key } = access();
    const headers = { ...(init.headers as Record<string, string>), Authorization: `Bearer ${key}` }; // prettier-ignore
    return fetch(`${url}${path}`, { ...init, headers });
  };
  const expectStatus = async (response: Response, status: number) => {
    if (response.status !== status)
      throw new Error(`faults: expected ${status} from ${response.url}, got ${response.status}: ${await response.text()}`); // prettier-ignore
    return response;
  };
  const client: Client = {
    key: () => access().key,
    fetch: call,
    async submit(kind, fasta, fields = {}) {
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.set(name, value);
      form.set("file", new Blob([fasta]), "proteins.fasta");
      const response = await call(`/v1/${kind}-jobs`, { method: "POST", body: form }); // prettier-ignore
      await expectStatus(response, 202);
      return (await response.json()) as JobResource;
    },
    async job(id) {
      let response: Response;
      try {
        response = await call(`/v1/jobs/${id}`);
      } catch {
        return null;
      }
      if (response.status === 503) return null;
      await expectStatus(response, 200);
      return (await response.json()) as JobResource;
    },
    async until(id, when = ended, seconds = 90) {
      const deadline = performance.now() + seconds * 1000;
      for (;;) {
        const job = await client.job(id);
        if (job && when(job)) return job;
        if (performance.now() > deadline || (job && ended(job)))
          throw new Error(`faults: expected job ${id} to come there in ${seconds} s, got ${JSON.stringify(job)}`); // prettier-ignore
        await sleep(50);
      }
    },
    async result(id, seconds) {
      const job = await client.until(id, ended, seconds);
      if (job.state !== "succeeded")
        throw new Error(`faults: expected job ${id} to succeed, got ${JSON.stringify(job)}`); // prettier-ignore
      const response = await call(`/v1/jobs/${id}/result?format=${job.result?.format}`); // prettier-ignore
      await expectStatus(response, 200);
      return Buffer.from(await response.arrayBuffer());
    },
    async cancel(id) {
      const response = await call(`/v1/jobs/${id}`, { method: "DELETE" });
      await expectStatus(response, 202);
      return (await response.json()) as JobResource;
    },
    async events(id) {
      const response = await expectStatus(await call(`/v1/jobs/${id}/events`), 200); // prettier-ignore
      const text = await response.text();
      return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data) as JobEventLine); // prettier-ignore
    },
  };
  return client;
}

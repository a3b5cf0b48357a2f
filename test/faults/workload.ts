/** @file The jobs that faults happen to, and what they come to when nothing happens. */
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { Client, SubmittedKind } from "./client.ts";
import { family, fasta, proteins } from "./proteins.ts";

interface Kind {
  readonly kind: SubmittedKind;
  readonly fasta: string;
  readonly fields?: Readonly<Record<string, string>>;
}

/** Each runs for about a second on a small idle machine, the flow for three. */
const jobs = {
  /** Computed in one piece of work. */
  embed: { kind: "embedding", fasta: fasta(proteins(2000, 100, 1)) },
  /** More residues than one piece of work takes: two of them, and a table put together. */
  flow: { kind: "embedding", fasta: fasta(proteins(11_000, 100, 2)) },
  score: { kind: "score", fasta: fasta(proteins(1000, 100, 3)) },
  sample: { kind: "sampling", fasta: fasta(proteins(2, 40, 4)), fields: { steps: "300", chains: "2", seed: "3" } },
  evotune: { kind: "evotuning", fasta: fasta(family(16, 40)), fields: { trials: "2", folds: "2", epochs: '{"low":1,"high":2}' } },
} satisfies Record<string, Kind>; // prettier-ignore

export type JobName = keyof typeof jobs;

/** Submits a job and returns its id. */
export async function begin(client: Client, name: JobName): Promise<string> {
  const { kind, fasta, fields }: Kind = jobs[name];
  const modelName = kind === "evotuning" ? { model_name: `tuned-${randomUUID().slice(0, 8)}` } : {}; // prettier-ignore
  return (await client.submit(kind, fasta, { ...fields, ...modelName })).id;
}

/** The job is running and has done some of its work. */
export const underWay = (client: Client, id: string) =>
  client.until(id, ({ state, progress }) => state === "running" && progress.done > 0); // prettier-ignore

export type Results = ReadonlyMap<JobName, Buffer>;

/** What the jobs come to on a service that nothing happens to. */
export async function undisturbed(
  client: Client,
  names: readonly JobName[],
): Promise<Results> {
  const results = new Map<JobName, Buffer>();
  for (const name of names)
    results.set(name, await client.result(await begin(client, name)));
  return results;
}

/** The job has succeeded once, and its result is to the byte what it was undisturbed. */
export async function expectSame(
  client: Client,
  id: string,
  name: JobName,
  results: Results,
  seconds = 120,
): Promise<void> {
  const result = await client.result(id, seconds);
  const states = (await client.events(id)).flatMap(({ type, state }) => (type === "state" ? [state] : [])); // prettier-ignore
  expect(states, `states of the ${name} job`).toEqual(["queued", "running", "succeeded"]); // prettier-ignore
  const expected = results.get(name) as Buffer;
  expect(result.length, `bytes of the ${name} job`).toBe(expected.length);
  expect(result.equals(expected), `the ${name} job came to what it is undisturbed`).toBe(true); // prettier-ignore
}

/** @file The table of an embedding or score job: put together from its parts, in any format. */
import { createReadStream, createWriteStream } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import type { Compute, TaskParams } from "../compute/tasks.ts";
import type { JobRecord, TableName } from "../jobs/record.ts";
import type { Service } from "../service.ts";
import type { StoredFile } from "../storage/storage.ts";

export type TableKind = "embed" | "score";

/** What a range of sequences has come to. */
export type Part = z.infer<typeof partSchema>;

export const partSchema = z.object({
  /** Storage key. */
  key: z.string(),
  sequences: z.number(),
  residues: z.number(),
  /** Of computing. */
  seconds: z.number(),
});

export const columnsOf = (
  job: JobRecord<TableKind>,
): TaskParams<"range">["columns"] =>
  ({ kind: job.kind, ...job.options }) as TaskParams<"range">["columns"];

export const tableKey = (job: string, format: TableName): string =>
  `jobs/${job}/result.${format}`;

export async function fetchFile(
  { storage }: Pick<Service, "storage">,
  key: string,
  to: string,
  options: {
    readonly range?: { readonly start: number; readonly end: number };
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<void> {
  const { range, signal } = options;
  await pipeline(await storage.read(key, range), createWriteStream(to), { signal }); // prettier-ignore
}

/** Makes the table of a job in `folder`, which is empty and stays the caller's, and stores it with its sidecars. */
export async function storeTable(
  service: Pick<Service, "storage">,
  compute: Compute,
  {
    job,
    parts,
    format,
    folder,
    signal,
  }: {
    readonly job: JobRecord<TableKind>;
    /** Storage keys, in order. */
    readonly parts: readonly string[];
    readonly format: TableName;
    readonly folder: string;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<{ readonly key: string } & StoredFile> {
  const files = parts.map((_, n) => path.join(folder, `part-${n}`));
  for (const [n, key] of parts.entries())
    await fetchFile(service, key, files[n], { signal });
  const out = path.join(folder, `result.${format}`);
  const made = await compute.run(
    "assemble",
    { parts: files, columns: columnsOf(job), model: job.model, format, out },
    { signal },
  );
  // The table comes last: where it is there, its sidecars are.
  for (const file of made.files)
    if (path.resolve(file) !== out) {
      const key = `jobs/${job.id}/${path.basename(file)}`;
      await service.storage.write(key, createReadStream(file), { signal });
    }
  const key = tableKey(job.id, format);
  const stored = await service.storage.write(key, createReadStream(out), { signal }); // prettier-ignore
  return { key, ...stored };
}

/** @file From a checked request to a queued job: the sequences are read, the quota is charged, the job is submitted. */
import { createReadStream } from "node:fs";
import path from "node:path";
import type {
  IngestOutcome,
  JobKind,
  JobOptions,
  JobRecord,
  ModelRecord,
} from "../workers/index.ts";
import type { Api, Caller } from "./api.ts";
import { spendResidues } from "./limits.ts";
import { Problem, type FieldError } from "./problems.ts";

export interface Submission<K extends JobKind> {
  readonly kind: K;
  readonly caller: Caller;
  readonly name: string | null;
  readonly model: ModelRecord;
  readonly options: JobOptions[K];
  readonly files: readonly { readonly path: string; readonly name: string }[];
  /** Where a fault of a record is, in the request. */
  readonly pointer: (file: number, record: number | null) => string;
}

/** Jobs whose files are being stored: if the server dies then, the next one finds them by this and clears up. */
export interface PendingSubmission {
  /** Milliseconds since 1970. */
  readonly since: number;
}

declare module "../workers/store/store.ts" {
  interface Documents {
    submission: PendingSubmission;
  }
}

/**
 * Submits a job under `id`. Leaves no file behind where it rejects, unless the job is known all the same. `folder` is the caller's, for working copies.
 */
export async function submit<K extends JobKind>(
  api: Api,
  id: string,
  submission: Submission<K>,
  folder: string,
  signal: AbortSignal,
): Promise<JobRecord> {
  const { kind, caller, name, model, options } = submission;
  const out = path.join(folder, "input.fasta");
  const input = await ingest(api, submission, out, signal);
  const giveBack = await spendResidues(api, caller, input.residues);
  const { store } = api.service.backend;
  const key = `jobs/${id}/input.fasta`;
  try {
    await store.insert("submission", id, { since: Date.now() });
    await api.service.storage.write(key, createReadStream(out), { signal });
    const { sequences, residues, sha256, ranges, warnings } = input;
    const job = await api.jobs.submit({ id, kind, owner: caller.owner, name, model, options, input: { key, sequences, residues, sha256, ranges, warnings } }); // prettier-ignore
    await store.remove("submission", id);
    return job;
  } catch (error) {
    await undo(api, id, caller, giveBack);
    throw error;
  }
}

/** Where the backend is away too, `clearSubmissions` does it later. */
async function undo(
  api: Api,
  id: string,
  caller: Caller,
  giveBack: () => Promise<void>,
): Promise<void> {
  try {
    // The queue may have taken the job although its answer did not come back.
    if ((await api.jobs.get(id, caller.owner)) === null) {
      await api.service.storage.remove(`jobs/${id}`);
      await giveBack();
    }
    await api.service.backend.store.remove("submission", id);
  } catch (error) {
    api.service.log.warn({ err: error, job: id }, "files of a refused job will be removed later"); // prettier-ignore
  }
}

async function ingest(
  api: Api,
  { files, pointer }: Submission<JobKind>,
  out: string,
  signal: AbortSignal,
): Promise<Extract<IngestOutcome, { readonly ok: true }>> {
  const { maxSequences, maxResidues, maxLength } = api.service.config;
  const outcome = await api.files.run("ingest", { files, out, maxSequences, maxResidues, maxLength }, { signal }); // prettier-ignore
  if (outcome.ok) return outcome;
  const errors = outcome.problems.map((p): FieldError => {
    const file = Math.max(0, files.findIndex(({ name }) => name === p.file)); // prettier-ignore
    return {
      pointer: pointer(file, p.record),
      detail: p.detail,
      file: p.file,
      ...(p.record !== null && { record: p.record }),
      ...(p.line !== null && { line: p.line }),
      ...(p.column !== null && { column: p.column }),
    };
  });
  const count = outcome.more ? `more than ${errors.length}` : errors.length;
  throw new Problem("invalid", `api: expected proteins in every record, got ${count} at fault: ${errors[0].detail}`, { errors }); // prettier-ignore
}

/** Removes what a server that died while it stored a submission has left; safe beside servers that are storing. */
export async function clearSubmissions(
  service: Api["service"],
  olderThanMs = 3_600_000,
): Promise<void> {
  const { store } = service.backend;
  const before = Date.now() - olderThanMs;
  let cursor: string | undefined;
  do {
    const page = await store.list("submission", { limit: 100, cursor });
    for (const { id, value } of page.items) {
      if (value.since > before) continue;
      if ((await store.get("job", id)) === null)
        await service.storage.remove(`jobs/${id}`);
      await store.remove("submission", id);
    }
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
}

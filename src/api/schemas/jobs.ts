/** @file Jobs as the API shows them. */
import { z } from "zod";
import {
  isEnded,
  jobKinds,
  jobStates,
  type JobRecord,
} from "../../workers/index.ts";
import { toWire } from "../wire.ts";
import { instant, pageOf, paging } from "./common.ts";

export const jobSchema = z
  .strictObject({
    id: z.uuid(),
    kind: z.enum(jobKinds),
    name: z.string().nullable(),
    state: z.enum(jobStates),
    created_at: instant,
    started_at: instant.nullable(),
    ended_at: instant.nullable(),
    model: z.strictObject({
      id: z.string(),
      sha256: z.string(),
      licence: z.string(),
      units: z.int(),
    }),
    input: z.strictObject({
      sequences: z.int(),
      residues: z.int(),
      sha256: z.string().meta({ description: "of the checked FASTA" }),
    }),
    options: z.record(z.string(), z.unknown()),
    progress: z.strictObject({ done: z.number(), total: z.number() }),
    result: z
      .strictObject({
        format: z.string(),
        bytes: z.int(),
        sha256: z.string(),
        summary: z.record(z.string(), z.unknown()),
      })
      .nullable(),
    failure: z
      .strictObject({ detail: z.string(), bad_input: z.boolean() })
      .nullable(),
    links: z.strictObject({
      self: z.string(),
      events: z.string(),
      result: z.string().nullable(),
    }),
  })
  .meta({ id: "Job" });

export type JobResource = z.output<typeof jobSchema>;

export const jobPage = pageOf(jobSchema, "JobPage");

export const jobQuery = z.strictObject({
  ...paging,
  state: z.enum(jobStates).optional(),
  kind: z.enum(jobKinds).optional(),
});

/** Facts of a job for its owner: named one by one, so that a new field of the record is not shown by accident. */
export function jobResource(job: JobRecord): JobResource {
  const self = `/v1/jobs/${job.id}`;
  const { model, input, progress, result, failure } = job;
  return toWire({
    id: job.id,
    kind: job.kind,
    name: job.name,
    state: job.state,
    createdAt: job.createdAt,
    startedAt: job.startedAt,
    endedAt: job.endedAt,
    model: { id: model.id, sha256: model.sha256, licence: model.licence, units: model.units }, // prettier-ignore
    input: { sequences: input.sequences, residues: input.residues, sha256: input.sha256 }, // prettier-ignore
    options: { ...job.options },
    progress: { done: progress.done, total: progress.total },
    result: result && {
      format: result.format,
      bytes: result.bytes,
      sha256: result.sha256,
      summary: { ...result.summary },
    },
    failure: failure && { detail: failure.detail, badInput: failure.badInput },
    links: { self, events: `${self}/events`, result: result && `${self}/result` }, // prettier-ignore
  });
}

/** Headers of an answer that shows a job: when to look again. */
export const jobHeaders = (job: JobRecord): Record<string, string> =>
  isEnded(job.state) ? {} : { "Retry-After": "1" };

/** @file `POST /v1/*-jobs`: a job of each kind, from JSON or from uploaded files. */
import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { JobKind, ModelRecord } from "../../workers/index.ts";
import { admit } from "../admission.ts";
import type { Api, Caller, Routes } from "../api.ts";
import { readJson } from "../body.ts";
import { fieldsOf } from "../form-fields.ts";
import { once } from "../idempotency.ts";
import { spendResidues } from "../limits.ts";
import { Problem } from "../problems.ts";
import { route, type Call, type Reply, type Route } from "../route.ts";
import { formFile } from "../schemas/common.ts";
import { jobHeaders, jobResource, jobSchema } from "../schemas/jobs.ts";
import {
  optionsOf,
  submissionBodies,
  submissionFields,
  type SubmittedBody,
  type SubmittedFields,
} from "../schemas/submissions.ts";
import { submit, type Submission } from "../submission.ts";
import { readUpload } from "../upload.ts";
import { parse } from "../validation.ts";

/** Bytes of a JSON submission; more is for a file. */
const jsonBytes = 4_000_000;
const maxFiles = 64;

const paths = {
  embed: ["/v1/embedding-jobs", "Embed proteins"],
  score: ["/v1/score-jobs", "Score proteins with the language model"],
  evotune: ["/v1/evotuning-jobs", "Tune a model on a family of proteins"],
  sample: ["/v1/sampling-jobs", "Sample variants of proteins"],
} as const satisfies Record<JobKind, readonly [string, string]>;

export const submissionRoutes: Routes = (api) =>
  (Object.keys(paths) as JobKind[]).map((kind) => submissionRoute(api, kind));

function submissionRoute<K extends JobKind>(api: Api, kind: K): Route {
  const [template, summary] = paths[kind];
  return route({
    method: "post",
    path: template,
    tag: "Jobs",
    summary,
    description: `JSON of at most ${jsonBytes} bytes, or a multipart form with one or more sequence files (FASTA, GenBank, …; gzip allowed) and the options as fields: text as it is, anything else as JSON.`,
    scope: "jobs",
    creates: true,
    reads: {
      "application/json": submissionBodies[kind],
      "multipart/form-data": submissionFields[kind].safeExtend({
        file: z.array(formFile).min(1),
      }),
    },
    responses: {
      202: {
        description: "The job, queued",
        schema: jobSchema,
        headers: {
          Location: "where the job is",
          "Retry-After": "seconds after which to look",
        },
      },
    },
    problems: ["bad-request", "timeout", "in-progress", "too-large", "unsupported-media-type", "invalid", "key-reused", "quota-exceeded", "overloaded"], // prettier-ignore
    handle: (call) => submitted(api, kind, call),
  });
}

type OwnedCall = Call<object, object, unknown, Caller>;

async function submitted<K extends JobKind>(
  api: Api,
  kind: K,
  call: OwnedCall,
): Promise<Reply> {
  await admit(api);
  await spendResidues(api, call.caller, 0);
  const folder = path.join(api.service.scratch, `upload-${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  try {
    const { hash, fields, ...source } = call.req.is("multipart/form-data")
      ? await fromForm(api, kind, call, folder)
      : await fromJson(kind, call, folder);
    const { caller, signal } = call;
    return await once(api, call, hash, async (id) => {
      // An earlier request may have come as far as this without an answer.
      const known = await api.jobs.get(id, caller.owner);
      const job = known ?? (await submit(api, id, await submissionOf(api, kind, caller, fields, source), folder, signal)); // prettier-ignore
      return {
        status: 202,
        headers: { Location: `/v1/jobs/${job.id}`, ...jobHeaders(job) },
        body: jobResource(job),
      };
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Source<K extends JobKind> = Pick<Submission<K>, "files" | "pointer">;

async function submissionOf<K extends JobKind>(
  api: Api,
  kind: K,
  caller: Caller,
  fields: SubmittedFields,
  source: Source<K>,
): Promise<Submission<K>> {
  const model = await findModel(api, caller, fields.model);
  const options = optionsOf(kind, fields);
  if ("modelName" in options) await checkFree(api, caller, options.modelName);
  return { kind, caller, name: fields.name ?? null, model, options, ...source };
}

async function fromForm<K extends JobKind>(
  api: Api,
  kind: K,
  { req, res, signal }: OwnedCall,
  folder: string,
) {
  const bytes = api.service.config.maxUpload;
  const upload = await readUpload(req, res, folder, { bytes, files: maxFiles }, signal); // prettier-ignore
  if (upload.files.length === 0)
    throw new Problem("invalid", "api: expected a file in the form, got none", { errors: [{ pointer: "/file", detail: "expected a file" }] }); // prettier-ignore
  const fields: SubmittedFields = fieldsOf<z.ZodObject>(submissionFields[kind], upload.fields); // prettier-ignore
  const pointer: Submission<K>["pointer"] = (file, record) =>
    `/file/${file}${record === null ? "" : `/${record - 1}`}`;
  return { hash: upload.hash, fields, files: upload.files, pointer };
}

async function fromJson<K extends JobKind>(
  kind: K,
  { req, res }: OwnedCall,
  folder: string,
) {
  const { value, hash } = await readJson(req, res, jsonBytes);
  const schema: z.ZodType = submissionBodies[kind];
  const { sequences, ...fields } = parse(schema, value, "body") as SubmittedBody; // prettier-ignore
  const file = path.join(folder, "sequences");
  await writeFile(file, fasta(sequences));
  const pointer: Submission<K>["pointer"] = (_file, record) =>
    `/sequences${record === null ? "" : `/${record - 1}`}`;
  const files = [{ path: file, name: "sequences.fasta" }];
  return { hash, fields, files, pointer };
}

/** The schema lets no character through that would end a line or a header. */
const fasta = (sequences: SubmittedBody["sequences"]): string =>
  sequences
    .map((item, i) =>
      typeof item === "string"
        ? `>seq-${i + 1}\n${item}\n`
        : `>${item.id}\n${item.sequence}\n`,
    )
    .join("");

async function findModel(
  api: Api,
  { owner }: Caller,
  asked: string | undefined,
): Promise<ModelRecord> {
  const id = asked ?? api.service.config.model;
  const model = await api.service.models.find(id, owner);
  if (model) return model;
  throw new Problem("invalid", `api: expected a model of /v1/models, got ${id}`, { errors: [{ pointer: "/model", detail: "expected the id of a model that exists and is yours" }] }); // prettier-ignore
}

/** At once, not at the end of a long job. */
async function checkFree(
  api: Api,
  { owner }: Caller,
  id: string,
): Promise<void> {
  if ((await api.service.models.find(id, owner)) === null) return;
  throw new Problem("invalid", `api: expected an id for the tuned model that is free, got ${id}`, { errors: [{ pointer: "/model_name", detail: "expected an id that no model has" }] }); // prettier-ignore
}

/** @file GET /v1/jobs/{id}/result: what came of a job, in the format asked for. */
import { z } from "zod";
import { isEnded, tableNames, type JobRecord, type JobResult } from "../../workers/index.ts"; // prettier-ignore
import type { Api, Routes } from "../api.ts";
import { Problem } from "../problems.ts";
import { formatsOf, mediaTypeOf, resultFormatNames, resultFormats, type ResultFormat } from "../result-formats.ts"; // prettier-ignore
import { notFound, route, type Call } from "../route.ts";
import { jobId } from "../schemas/common.ts";
import { sendStored, type StoredAnswer } from "../stored-file.ts";

export const resultRoutes: Routes = (api) => [
  route({
    method: "get",
    path: "/v1/jobs/{id}/result",
    tag: "Jobs",
    summary: "Result of a job",
    description: `Formats: npz, npy (with its ids), h5, parquet, csv, jsonl for embed and score; safetensors, report, study for evotune; csv for sample. Without \`format\` the Accept header chooses; a format that is not there yet is made. Answers ranges (Range, If-Range) and If-None-Match.`,
    scope: "jobs",
    params: jobId,
    query: z.strictObject({ format: z.enum(resultFormatNames).optional() }),
    responses: {
      200: {
        description: "The file",
        content: [...new Set(resultFormatNames.map(mediaTypeOf))],
      },
      206: { description: "The range of the file that was asked for" },
      304: { description: "The file that If-None-Match names" },
    },
    problems: ["not-found", "not-ready", "conflict", "gone", "range-not-satisfiable", "invalid"], // prettier-ignore
    async handle({ req, res, params, query, caller, signal }) {
      const job = await api.jobs.get(params.id, caller.owner);
      if (!job) throw notFound();
      const result = resultOf(job);
      const format = chooseFormat(job, result, query.format, req);
      res.vary("Accept");
      const answer = await file(api, job, result, format, signal);
      await sendStored({ req, res, signal }, api.service, answer);
    },
  }),
];

function resultOf({ id, state, failure, progress, result }: JobRecord) {
  if (state === "failed")
    throw new Problem("conflict", `api: expected a job that succeeded, got the failed job ${id}: ${failure?.detail ?? "no reason was recorded"}`); // prettier-ignore
  if (state === "cancelled")
    throw new Problem("gone", `api: expected a job that succeeded, got the cancelled job ${id}`); // prettier-ignore
  if (!isEnded(state) || !result)
    throw new Problem("not-ready", `api: expected a job that has ended, got job ${id} which is ${state} (${progress.done} of ${progress.total})`, { retryAfter: 2 }); // prettier-ignore
  return result;
}

/** Without a word of the caller's, or with one that fits several, what the job made first. */
function chooseFormat(
  job: JobRecord,
  result: JobResult,
  asked: ResultFormat | undefined,
  req: Call["req"],
): ResultFormat {
  const here = formatsOf(job);
  const list = here.join(", ");
  if (asked !== undefined) {
    if (here.includes(asked)) return asked;
    const detail = `expected one of ${list} for this ${job.kind} job, got ${asked}`; // prettier-ignore
    throw new Problem("invalid", `api: query at /format: ${detail}`, { errors: [{ pointer: "/format", detail }] }); // prettier-ignore
  }
  const inOrder = [...here].sort((a, b) => Number(b === result.format) - Number(a === result.format)); // prettier-ignore
  const type = req.accepts(inOrder.map(mediaTypeOf));
  const format = inOrder.find((name) => mediaTypeOf(name) === type);
  if (format) return format;
  throw new Problem("not-acceptable", `api: expected to be asked for one of ${list}, got Accept: ${req.get("Accept")?.slice(0, 200)}`); // prettier-ignore
}

async function file(
  api: Api,
  job: JobRecord,
  result: JobResult,
  format: ResultFormat,
  signal: AbortSignal,
): Promise<StoredAnswer> {
  const [mediaType, extension] = resultFormats[format];
  const rest = { mediaType, name: `${job.id}.${extension}` };
  if (format === result.format)
    return { ...rest, key: result.key, tag: result.sha256 };
  // Every other format is made of the same values, and equal values give equal bytes.
  const tag = `${result.sha256}.${format}`;
  if (format === "report" || format === "study")
    return { ...rest, key: String(result.summary[format]), tag };
  const table = isTable(format) ? format : "npy";
  const { key } = await api.jobs.table(job, table, signal);
  if (format !== "ids") return { ...rest, key, tag };
  return { ...rest, key: key.replace(/\.npy$/, ".ids.json"), tag };
}

const isTable = (format: ResultFormat): format is (typeof tableNames)[number] =>
  tableNames.some((name) => name === format);

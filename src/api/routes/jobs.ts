/** @file `/v1/jobs`: list, look at and cancel one's own jobs. */
import type { JobRecord } from "../../workers/index.ts";
import type { Routes } from "../api.ts";
import { notFound, route } from "../route.ts";
import { jobId } from "../schemas/common.ts";
import { jobHeaders, jobPage, jobQuery, jobResource, jobSchema } from "../schemas/jobs.ts"; // prettier-ignore

const tag = "Jobs";
const retryAfter = {
  "Retry-After": "seconds after which to look again, while it has not ended",
};

const shown = (status: number, job: JobRecord | null) => {
  if (job === null) throw notFound();
  return { status, headers: jobHeaders(job), body: jobResource(job) };
};

export const jobRoutes: Routes = (api) => [
  route({
    method: "get",
    path: "/v1/jobs",
    tag,
    summary: "Own jobs, newest first",
    scope: "jobs",
    query: jobQuery,
    responses: { 200: { description: "A page of jobs", schema: jobPage } },
    handle: async ({ caller, query }) => {
      const page = await api.jobs.list(caller.owner, query);
      const items = page.items.map(({ value }) => jobResource(value));
      return { status: 200, body: { items, next: page.next } };
    },
  }),
  route({
    method: "get",
    path: "/v1/jobs/{id}",
    tag,
    summary: "A job",
    scope: "jobs",
    params: jobId,
    responses: {
      200: { description: "The job", schema: jobSchema, headers: retryAfter },
    },
    handle: async ({ caller, params }) =>
      shown(200, await api.jobs.get(params.id, caller.owner)),
  }),
  route({
    method: "delete",
    path: "/v1/jobs/{id}",
    tag,
    summary: "Cancel a job",
    description:
      "Wherever it is; a job that has ended stays as it is. To repeat it does no harm.",
    scope: "jobs",
    params: jobId,
    responses: {
      202: {
        description: "The job: cancelled, about to be, or ended before",
        schema: jobSchema,
        headers: retryAfter,
      },
    },
    handle: async ({ caller, params }) =>
      shown(202, await api.jobs.cancel(params.id, caller.owner)),
  }),
];

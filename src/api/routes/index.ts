/** @file Every route of the service. */
import type { Api, Routes } from "../api.ts";
import type { Route } from "../route.ts";
import { docsRoutes } from "./docs.ts";
import { embeddingRoutes } from "./embeddings.ts";
import { eventRoutes } from "./events.ts";
import { healthRoutes } from "./health.ts";
import { jobRoutes } from "./jobs.ts";
import { keyRoutes } from "./keys.ts";
import { modelRoutes } from "./models.ts";
import { resultRoutes } from "./results.ts";
import { submissionRoutes } from "./submissions.ts";

/** For people; the document describes programs' routes only. */
export { pageRoutes } from "./page.ts";

const lists: readonly Routes[] = [
  healthRoutes,
  embeddingRoutes,
  submissionRoutes,
  jobRoutes,
  eventRoutes,
  resultRoutes,
  modelRoutes,
  keyRoutes,
];

/** The document describes all routes, its own too. */
export function allRoutes(api: Api): readonly Route[] {
  const routes = lists.flatMap((list) => list(api));
  return [...routes, ...docsRoutes(routes)];
}

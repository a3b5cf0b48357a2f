/** @file What every part of the API works with, and how a route is written: schemas, document and handler in one place. */
import type { Compute, Jobs, Service } from "../workers/index.ts";
import type { ComputeSources, Metrics } from "./metrics.ts";
import type { Route } from "./route.ts";

/** What every server has, those of worker machines too. */
export interface Base {
  readonly service: Service;
  readonly metrics: Metrics;
  /** Aborts when the server drains: readiness fails, event streams end, requests in flight finish. */
  readonly draining: AbortSignal;
  /** Why requests should not come yet, in some words; null where they may. */
  readonly unready: () => string | null;
}

export interface Api extends Base {
  readonly jobs: Jobs;
  /** Answers `represent` for requests that are answered at once; requests share its lanes. */
  readonly engine: Compute;
  /** Reads uploads (`ingest`) and converts results. */
  readonly files: Compute;
  /** What the compute processes of this process tell about themselves. */
  readonly compute: ComputeSources;
}

/**
 * What a file of `routes/` exports, for the list in `routes/index.ts`. A route is `route({...})` of route.ts: it is
 * mounted, answered with 405 for other methods, and documented in /openapi.json from that one value. A handler throws a
 * `Problem` (problems.ts) for anything that is not a success; what it throws otherwise is logged and answered with 500,
 * or with 503 while the backend is away. A POST that creates goes through `once` (idempotency.ts).
 */
export type Routes = (api: Api) => readonly Route[];

/** What a key may do: `embed` requests answered at once, `jobs`, `models` of its own, `admin`: keys and metrics. */
export const scopes = ["embed", "jobs", "models", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** Who asks. */
export interface Caller {
  readonly keyId: string;
  /** Whose jobs and models it sees; the same as `keyId` unless keys share them. */
  readonly owner: string;
  readonly scopes: readonly Scope[];
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- how Express lets `res.locals` be typed
  namespace Express {
    interface Locals {
      /** In every answer's X-Request-Id, in every problem, in every log line. */
      requestId: string;
      /** Null where no key, or none that works, was sent. */
      caller: Caller | null;
      /** Template of the matched route, for logs and metrics: never the path itself. */
      route: string | null;
    }
  }
}

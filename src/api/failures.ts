/** @file Whatever a handler throws, as an answer: problem+json, and a log line where the service is at fault. */
import type { ErrorRequestHandler, Request, Response } from "express";
import type { Base } from "./api.ts";
import { levelOf } from "./logging.ts";
import { openAiError, openAiPrefix } from "./openai-error.ts";
import { Problem, problemDocument } from "./problems.ts";

/** Time in which a refused client may still send the rest of its body, so that it can read its answer. */
const lingerMs = 2000;

export const answerFailures =
  (api: Base): ErrorRequestHandler =>
  async (error: unknown, req, res, _next) => {
    // Nobody is left to be answered; what broke the handler off is most likely that.
    if (res.closed) return;
    const problem = await problemOf(api, error);
    if (problem.status >= 500)
      api.service.log[levelOf(problem.status)](
        { requestId: res.locals.requestId, route: res.locals.route, err: error },
        "request failed",
      ); // prettier-ignore
    // The answer has begun, so that a broken connection is all that can tell of the failure.
    if (res.headersSent) return void res.destroy();
    sendProblem(req, res, problem);
  };

export function sendProblem(
  req: Request,
  res: Response,
  problem: Problem,
): void {
  if (!req.complete) linger(req);
  res.set({ ...problem.headers, "Cache-Control": "no-store" });
  const document = problemDocument(problem, res.locals.requestId);
  if (req.path.startsWith(openAiPrefix)) {
    const { status, body } = openAiError(document);
    res.status(status).json(body);
    return;
  }
  res
    .status(problem.status)
    .type("application/problem+json")
    .send(JSON.stringify(document));
}

function linger(req: Request): void {
  req.resume();
  const timer = setTimeout(() => req.destroy(), lingerMs);
  req.once("close", () => clearTimeout(timer));
}

/** Faults of reading a request, by the types that body-parser and Express give theirs. */
function readingProblem(error: object): Problem | null {
  const { type, status } = error as { type?: string; status?: number };
  if (type === "entity.too.large") {
    const { limit } = error as { limit?: number };
    return new Problem("too-large", `api: expected a body of at most ${limit} bytes, got a larger one`); // prettier-ignore
  }
  if (type === "entity.parse.failed")
    return new Problem("bad-request", "api: expected JSON, got something else");
  if (type === "encoding.unsupported" || type === "charset.unsupported")
    return new Problem("unsupported-media-type", "api: expected UTF-8, as it is or with gzip, deflate or br, got another encoding"); // prettier-ignore
  if (status === 400 || error instanceof URIError)
    return new Problem("bad-request", "api: expected a request that can be read, got a broken one"); // prettier-ignore
  return null;
}

async function problemOf(api: Base, error: unknown): Promise<Problem> {
  if (error instanceof Problem) return error;
  const known = error instanceof Error ? readingProblem(error) : null;
  if (known) return known;
  if (isDiskFull(error))
    return new Problem("unavailable", "api: expected room for files, got a full disk", { retryAfter: 60 }); // prettier-ignore
  if ((error as { retryable?: unknown }).retryable === true)
    return new Problem("unavailable", "api: expected a compute process to answer, got its end", { retryAfter: 1 }); // prettier-ignore
  const away = await backendAway(api);
  return away
    ? new Problem("unavailable", "api: expected the backend to answer, got nothing", { retryAfter: 5 }) // prettier-ignore
    : new Problem("internal", "api: expected to answer, got a fault of the service that its log tells of"); // prettier-ignore
}

/** Storage says it in words of its own, with the system's error as their cause. */
function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, cause } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || isDiskFull(cause);
}

/** Whichever client library the error came from, a backend that does not answer now is the likely cause. */
async function backendAway(api: Base): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => {
    setTimeout(() => resolve(true), 1000).unref();
  });
  const ping = api.service.backend.store.ping().then(
    () => false,
    () => true,
  );
  return Promise.race([ping, late]);
}

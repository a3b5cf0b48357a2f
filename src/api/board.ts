/** @file Bull Board at `/admin/queues`: pages about what the queues hold, to look at and not to touch, for admins. */
import { Router, type Request, type RequestHandler } from "express";
import { jobKinds, optionalPackage } from "../workers/index.ts";
import type { Base } from "./api.ts";
import { allow, authenticate, sentKey } from "./auth.ts";
import { Problem } from "./problems.ts";

export const boardPath = "/admin/queues";

/** A browser shows a form for name and password, and sends them with each request of these pages from then on. */
const challenge = 'Basic realm="unirep queues: an admin key as password"';

/**
 * The pages, or null where BULL_BOARD does not want them; rejects, one sentence, without the package. Nothing can be
 * changed by them: records and queues change together, through the API, and a browser sends a password along with
 * requests that other sites make.
 */
export async function openBoard(
  service: Base["service"],
): Promise<RequestHandler | null> {
  if (!service.config.bullBoard) return null;
  const packages = "@bull-board/api @bull-board/express";
  const [{ createBullBoard }, { BullMQAdapter }, { ExpressAdapter }] =
    await optionalPackage(
      () =>
        Promise.all([
          import("@bull-board/api"),
          import("@bull-board/api/bullMQAdapter"),
          import("@bull-board/express"),
        ]),
      "BULL_BOARD",
      packages,
    );
  const serverAdapter = new ExpressAdapter().setBasePath(boardPath);
  createBullBoard({
    queues: jobKinds.map((kind) => new BullMQAdapter(service.backend.queue(kind), { readOnlyMode: true })),
    serverAdapter,
    options: { uiConfig: { boardTitle: "unirep queues" } },
  }); // prettier-ignore
  const pages = serverAdapter.getRouter() as RequestHandler & {
    disable(setting: string): void;
  };
  pages.disable("x-powered-by");
  return pages;
}

/** Lets admins alone to the pages; `limit` counts their requests like all others. */
export function guardedBoard(
  api: Base,
  board: RequestHandler,
  limit: RequestHandler,
): RequestHandler {
  const named: RequestHandler = (_req, res, next) => {
    res.locals.route = boardPath;
    res.set("Cache-Control", "no-store");
    next();
  };
  const looking: RequestHandler = (req, _res, next) => {
    if (req.method !== "GET" && req.method !== "HEAD")
      throw new Problem("method-not-allowed", `api: expected GET, HEAD, got ${req.method}`, { headers: { Allow: "GET, HEAD" } }); // prettier-ignore
    next();
  };
  return Router().use(
    named,
    looking,
    authenticate(api, keyOrPassword),
    limit,
    allow("admin", challenge),
    board,
  );
}

/** The password of HTTP Basic, where no header that programs send has a key; the user's name does not matter. */
function keyOrPassword(req: Request): string | null {
  const basic = /^Basic +(\S+)$/i.exec(req.get("Authorization") ?? "");
  if (!basic) return sentKey(req);
  const [, password] = Buffer.from(basic[1], "base64").toString().split(/:(.*)/s); // prettier-ignore
  return password ?? null;
}

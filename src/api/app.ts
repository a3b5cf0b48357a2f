/** @file The Express app: what every request passes, the routes, and the answers where there is none. */
import express, { type Express, type RequestHandler } from "express";
import type { Api, Base } from "./api.ts";
import { allow, authenticate } from "./auth.ts";
import { boardPath, guardedBoard } from "./board.ts";
import { answerFailures } from "./failures.ts";
import { limitRequests } from "./limits.ts";
import { logRequests } from "./logging.ts";
import { Problem } from "./problems.ts";
import { notFound, type Route } from "./route.ts";
import { healthRoutes } from "./routes/health.ts";
import { allRoutes, pageRoutes } from "./routes/index.ts";
import { secure } from "./security.ts";

/** The app, not listening; `startServer` (server.ts) makes it listen. */
export const createApp = (
  api: Api,
  board: RequestHandler | null = null,
): Express => appOf(api, [...allRoutes(api), ...pageRoutes()], board);

/** That of a machine that works without an API. */
export const createWorkerApp = (api: Base): Express =>
  appOf(api, healthRoutes(api), null);

function appOf(
  api: Base,
  routes: readonly Route[],
  board: RequestHandler | null,
): Express {
  const app = express();
  app.disable("x-powered-by");
  app.enable("case sensitive routing");
  app.set("etag", false);
  app.set("query parser", "simple");
  app.set("trust proxy", api.service.config.trustProxy);
  app.use(logRequests(api), secure, closeWhenDraining(api));
  const limit = limitRequests(api);
  if (board) app.use(boardPath, guardedBoard(api, board, limit));
  mount(app, api, limit, routes);
  app.use(() => {
    throw notFound();
  });
  app.use(answerFailures(api));
  return app;
}

function mount(
  app: Express,
  api: Base,
  limit: RequestHandler,
  routes: readonly Route[],
): void {
  const identify = [authenticate(api), limit];
  for (const template of new Set(routes.map(({ path }) => path))) {
    const here = routes.filter((route) => route.path === template);
    const path = template.replaceAll(/\{(\w+)\}/g, ":$1");
    const named: RequestHandler = (_req, res, next) => {
      res.locals.route = template;
      next();
    };
    for (const route of here)
      app[route.method](
        path,
        named,
        ...(route.scope === null ? [] : [...identify, allow(route.scope)]),
        (req, res) => route.run(req, res),
      );
    app.all(path, named, otherMethod(here));
  }
}

function otherMethod(routes: readonly Route[]): RequestHandler {
  const methods = routes.map(({ method }) => method.toUpperCase());
  const Allow = [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", "); // prettier-ignore
  return (req, res) => {
    if (req.method === "OPTIONS") return void res.set({ Allow }).sendStatus(204); // prettier-ignore
    throw new Problem("method-not-allowed", `api: expected ${Allow}, got ${req.method}`, { headers: { Allow } }); // prettier-ignore
  };
}

/** A connection is not kept for another request that this server would not answer any more. */
const closeWhenDraining =
  (api: Base): RequestHandler =>
  (_req, res, next) => {
    if (api.draining.aborted) res.set("Connection", "close");
    next();
  };

/** @file Who asks: the key of a request, and whether it allows what is asked for. */
import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { Base, Scope } from "./api.ts";
import { checkKey } from "./keys.ts";
import { Problem } from "./problems.ts";

/** Sets `res.locals.caller` by the key that `keyOf` finds in the request; whether a caller is needed is for `allow` to say, after the limits have counted the request. */
export const authenticate =
  (api: Base, keyOf = sentKey): RequestHandler =>
  async (req, res, next) => {
    const secret = keyOf(req);
    res.locals.caller =
      secret === null
        ? null
        : await checkKey(api.service.backend.store, secret);
    next();
  };

/** Lets a caller past whose key has the scope; 401, which asks with `challenge`, or 403 else. */
export const allow =
  (scope: Scope, challenge = 'Bearer realm="unirep"') =>
  (req: Request, res: Response, next: NextFunction): void => {
    const { caller } = res.locals;
    if (caller === null) {
      const got = sentKey(req) === null ? "none" : "one that does not work";
      throw new Problem("unauthenticated", `api: expected an API key as Authorization: Bearer or X-API-Key, got ${got}`, { headers: { "WWW-Authenticate": challenge } }); // prettier-ignore
    }
    if (!caller.scopes.includes(scope))
      throw new Problem("forbidden", `api: expected an API key with the scope ${scope}, got one with ${caller.scopes.join(", ")}`); // prettier-ignore
    next();
  };

/** Never from the URL: addresses end up in logs and histories. */
export function sentKey(req: Request): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(req.get("Authorization") ?? "");
  return bearer?.[1] ?? req.get("X-API-Key") ?? null;
}

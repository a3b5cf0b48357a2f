/** @file Limits of a key: requests a minute, residues a day. */
import type { RequestHandler } from "express";
import { ipKeyGenerator, rateLimit } from "express-rate-limit";
import { RedisStore, type RedisReply } from "rate-limit-redis";
import type { Api, Base, Caller } from "./api.ts";
import { Problem } from "./problems.ts";

const daySeconds = 24 * 3600;

/** Counts every request of a key, and of an address where no key works; shared by all servers on one Redis. */
export function limitRequests(api: Base): RequestHandler {
  const { config, backend, log } = api.service;
  const { redis } = backend;
  const windowMs = 60_000;
  return rateLimit({
    windowMs,
    limit: config.requestsPerMinute,
    standardHeaders: "draft-8",
    legacyHeaders: false,
    identifier: "requests",
    keyGenerator: (req, res) =>
      res.locals.caller?.keyId ?? ipKeyGenerator(req.ip ?? ""),
    // What the request needs from the backend will be refused with 503; the limit itself protects nothing then.
    passOnStoreError: true,
    logger: {
      error: (error) => log.error({ err: error }, "rate limit"),
      warn: (error) => log.warn({ err: error }, "rate limit"),
    },
    ...(redis && {
      store: new RedisStore({
        prefix: "unirep:rate:",
        sendCommand: (command, ...rest) =>
          redis.call(command, ...rest) as Promise<RedisReply>,
      }),
    }),
    handler: (_req, res) => {
      throw new Problem(
        "rate-limited",
        `api: expected at most ${config.requestsPerMinute} requests a minute, got more`,
        // express-rate-limit has set the seconds until the window ends.
        { retryAfter: Number(res.getHeader("Retry-After") ?? windowMs / 1000) },
      );
    },
  });
}

/** Takes residues from a key's quota of the day and gives back what puts them in again; 429 where too few are left. */
export async function spendResidues(
  api: Api,
  caller: Caller,
  residues: number,
): Promise<() => Promise<void>> {
  const { config, backend } = api.service;
  const most = config.residuesPerDay;
  const counter = `residues:${caller.keyId}`;
  const add = (n: number) => backend.store.count(counter, n, daySeconds);
  const used = await add(residues);
  if (used > most || (residues === 0 && used >= most)) {
    if (residues > 0) await add(-residues);
    throw new Problem("quota-exceeded", `api: expected at most ${most} residues of one key in a day, got ${residues} beyond ${used - residues}`, { retryAfter: 3600 }); // prettier-ignore
  }
  return async () => void (await add(-residues));
}

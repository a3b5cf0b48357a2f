/** @file Reading a JSON body: type, size, time, and its hash; and the answer to `Expect: 100-continue`. */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import express, { type Request, type Response } from "express";
import { Problem } from "./problems.ts";

/** Time in which a JSON body has to be here. */
const jsonMs = 30_000;

export interface JsonBody {
  readonly value: unknown;
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly hash: string;
}

const waiting = new WeakSet<IncomingMessage>();

/** Notes that a client waits for leave to send its body, which `leaveToSend` gives once nothing refuses the request. */
export const expectsContinue = (req: IncomingMessage): void =>
  void waiting.add(req);

export function leaveToSend(req: IncomingMessage, res: ServerResponse): void {
  if (waiting.delete(req)) res.writeContinue();
}

/** The JSON body of a request; 400, 408, 413 or 415 where it is none that fits. */
export async function readJson(
  req: Request,
  res: Response,
  limit = 1_000_000,
): Promise<JsonBody> {
  if (!req.is("application/json"))
    throw new Problem("unsupported-media-type", `api: expected Content-Type: application/json, got ${shown(req)}`); // prettier-ignore
  // Without this the parser would read all of what it has refused.
  if (Number(req.get("Content-Length") ?? 0) > limit)
    throw new Problem("too-large", `api: expected a body of at most ${limit} bytes, got a larger one`); // prettier-ignore
  let hash = "";
  const parser = express.json({
    limit,
    strict: false,
    verify: (_req, _res, bytes) => {
      hash = createHash("sha256").update(bytes).digest("hex");
    },
  });
  leaveToSend(req, res);
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Problem("timeout", `api: expected the body within ${jsonMs / 1000} s`)), jsonMs); // prettier-ignore
      parser(req, res, (error?: Error) =>
        error === undefined ? resolve() : reject(error),
      );
    });
  } finally {
    clearTimeout(timer);
  }
  if (req.body === undefined)
    throw new Problem("bad-request", "api: expected a JSON body, got none");
  return { value: req.body as unknown, hash };
}

/** A request's Content-Type, short enough to be told. */
export const shown = (req: Request): string =>
  req.get("Content-Type")?.slice(0, 100) ?? "none";

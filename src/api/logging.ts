/** @file Log lines: pino, one a request, with ids and figures only: no bodies, no sequences, no keys, no query. */
import { randomUUID } from "node:crypto";
import type { RequestHandler } from "express";
import { pino, type DestinationStream } from "pino";
import type { Log, ServiceConfig } from "../workers/index.ts";
import type { Base } from "./api.ts";

/** The log of a process: JSON lines on standard error, or on `to`. */
export function openLog(
  config: Pick<ServiceConfig, "logLevel">,
  to: DestinationStream = pino.destination(2),
): Log {
  const secret = [
    "authorization",
    "x-api-key",
    "secret",
    "password",
    "adminKey",
  ];
  return pino(
    {
      level: config.logLevel,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: secret.flatMap((name) => [`["${name}"]`, `*["${name}"]`]),
    },
    to,
  );
}

/** A part that is away or not yet ready is worth a warning, probes ask for it; only a fault of the service is an error. */
export const levelOf = (status: number): "info" | "warn" | "error" =>
  status < 500 ? "info" : status === 500 ? "error" : "warn";

/** Gives each request an id, the caller's own where it sent one, and logs and counts its answer. */
export const logRequests =
  (api: Base): RequestHandler =>
  (req, res, next) => {
    const sent = req.get("X-Request-Id") ?? "";
    const requestId = /^[\w.-]{1,64}$/.test(sent) ? sent : randomUUID();
    Object.assign(res.locals, { requestId, caller: null, route: null });
    res.set("X-Request-Id", requestId);
    const began = performance.now();
    res.once("close", () => {
      const seconds = (performance.now() - began) / 1000;
      // The path of an unknown route may hold anything; a template holds nothing of the caller's.
      const route = res.locals.route ?? "unknown";
      const { method } = req;
      // 499 as proxies log it: the client left before its answer.
      const status = res.writableFinished ? res.statusCode : 499;
      api.metrics.request({ method, route, status }, seconds);
      api.service.log[levelOf(status)](
        {
          requestId,
          method,
          route,
          status,
          ms: Math.round(seconds * 1e4) / 10,
          keyId: res.locals.caller?.keyId,
        },
        "request",
      );
    });
    next();
  };

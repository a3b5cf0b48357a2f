/** @file `/healthz`, `/readyz` and `/metrics`: for those who run the service. */
import type { Request, Response } from "express";
import { z } from "zod";
import type { Base } from "../api.ts";
import { allow, authenticate } from "../auth.ts";
import { readiness } from "../health.ts";
import { Problem } from "../problems.ts";
import { route, type Route } from "../route.ts";

const tag = "Operation";
const text = "text/plain";

export const healthRoutes = (api: Base): readonly Route[] => {
  const look = readiness(api);
  return [
    route({
      method: "get",
      path: "/healthz",
      tag,
      summary: "Whether the process answers",
      scope: null,
      responses: {
        200: {
          description: "It does",
          schema: z.strictObject({ status: z.literal("ok") }),
        },
      },
      handle: () => ({ status: 200, body: { status: "ok" } }),
    }),
    route({
      method: "get",
      path: "/readyz",
      tag,
      summary: "Whether requests should be sent here",
      scope: null,
      responses: {
        200: {
          description: "They should",
          schema: z.strictObject({
            status: z.literal("ok"),
            backend: z.enum(["embedded", "redis"]),
          }),
        },
      },
      problems: ["unavailable"],
      handle: async () => {
        const { ready, backend, storage, draining, unready } = await look();
        if (!ready)
          throw new Problem("unavailable", `api: expected to be ready, got backend ${backend}, storage ${storage}${draining ? ", draining" : ""}${unready === null ? "" : `, engine: ${unready}`}`, { retryAfter: 5 }); // prettier-ignore
        return {
          status: 200,
          body: { status: "ok", backend: api.service.backend.kind },
        };
      },
    }),
    route({
      method: "get",
      path: "/metrics",
      tag,
      summary: "Figures for Prometheus",
      description:
        "For keys with the scope admin, and for this machine itself without a proxy.",
      scope: null,
      responses: { 200: { description: "The figures", content: [text] } },
      problems: ["unauthenticated", "forbidden"],
      handle: async ({ req, res }) => {
        if (!fromThisMachine(req)) await admin(api, req, res);
        res.set("Content-Type", api.metrics.contentType);
        res.send(await api.metrics.text());
      },
    }),
  ];
};

/** A proxy on this machine speaks for others, and says so. */
function fromThisMachine(req: Request): boolean {
  const address = req.socket.remoteAddress ?? "";
  const forwarded = req.headers["x-forwarded-for"] ?? req.headers.forwarded;
  return (
    forwarded === undefined &&
    /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(address)
  );
}

async function admin(api: Base, req: Request, res: Response): Promise<void> {
  await authenticate(api)(req, res, () => {});
  allow("admin")(req, res, () => {});
}

/** @file The page at `/` and its files, as the build made them. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import type { Response } from "express";
import { z } from "zod";
import { Problem } from "../problems.ts";
import { route, type Route } from "../route.ts";

const tag = "Operation";

/** The only files there are: nothing of the request becomes a path. */
const assets = {
  "main.js": "text/javascript; charset=utf-8",
  "projection-worker.js": "text/javascript; charset=utf-8",
  "style.css": "text/css; charset=utf-8",
} as const;

/** For people, not for programs: the OpenAPI document leaves these out. */
export const pageRoutes = (): readonly Route[] => [
  route({
    method: "get",
    path: "/",
    tag,
    summary: "The page",
    scope: null,
    responses: { 200: { description: "The page", content: ["text/html"] } },
    handle: ({ res }) => send(res, "index.html", "text/html; charset=utf-8"),
  }),
  route({
    method: "get",
    path: "/assets/{file}",
    tag,
    summary: "A file of the page",
    scope: null,
    params: z.strictObject({
      file: z.enum(Object.keys(assets) as (keyof typeof assets)[]),
    }),
    responses: { 200: { description: "The file", content: ["*/*"] } },
    handle: ({ params: { file }, res }) => send(res, file, assets[file]),
  }),
];

/** A browser asks each time whether its copy is still the same, so that files of two versions never meet. */
async function send(res: Response, name: string, type: string): Promise<void> {
  const bytes = await readFile(path.join(folder(), name)).catch(notBuilt);
  const hash = createHash("sha256").update(bytes).digest("base64url");
  res.set({ "Content-Type": type, "Cache-Control": "no-cache", ETag: `"${hash}"` }); // prettier-ignore
  // Answers 304 by itself where the request names this ETag.
  res.send(bytes);
}

/** Found by the package's own name: the build moves this module to a folder of its choice. */
function folder(): string {
  const require = createRequire(import.meta.url);
  const root = path.dirname(require.resolve("unirep-ts/package.json"));
  return path.join(root, "dist", "api", "page");
}

function notBuilt(error: NodeJS.ErrnoException): never {
  if (error.code !== "ENOENT") throw error;
  throw new Problem("not-found", "api: expected the built page in dist/api/page, got none; npm run build makes it"); // prettier-ignore
}

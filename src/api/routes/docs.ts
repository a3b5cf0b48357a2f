/** @file `/openapi.json`, and Swagger UI at `/docs` from the files of its package. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { getAbsoluteFSPath } from "swagger-ui-dist";
import { z } from "zod";
import { openApiDocument } from "../openapi.ts";
import { notFound, route, type Route } from "../route.ts";

const tag = "Operation";

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>unirep-ts API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const start =
  'SwaggerUIBundle({ url: "/openapi.json", dom_id: "#ui", deepLinking: true, validatorUrl: null });\n';

/** The only files there are: nothing of the request becomes a path. */
const files: Readonly<Record<string, string>> = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
  "favicon-32x32.png": "image/png",
};

/** The document describes `routes` and these here. */
export function docsRoutes(routes: readonly Route[]): readonly Route[] {
  const own: readonly Route[] = [
    route({
      method: "get",
      path: "/openapi.json",
      tag,
      summary: "This document",
      scope: null,
      responses: {
        200: {
          description: "OpenAPI 3.1",
          schema: z.looseObject({ openapi: z.string() }),
        },
      },
      handle: () => ({ status: 200, body: document() }),
    }),
    route({
      method: "get",
      path: "/docs",
      tag,
      summary: "This document as a page",
      scope: null,
      responses: { 200: { description: "A page", content: ["text/html"] } },
      handle: ({ res }) => void res.type("html").send(page),
    }),
    route({
      method: "get",
      path: "/docs/{file}",
      tag,
      summary: "A file of that page",
      scope: null,
      params: z.strictObject({
        file: z.enum(["start.js", ...Object.keys(files)]),
      }),
      responses: { 200: { description: "The file", content: ["*/*"] } },
      handle: async ({ params: { file }, res }) => {
        res.set("Cache-Control", "public, max-age=3600");
        if (file === "start.js")
          return void res.type("text/javascript").send(start);
        if (!Object.hasOwn(files, file)) throw notFound();
        const bytes = await readFile(path.join(getAbsoluteFSPath(), file));
        res.set("Content-Type", files[file]).send(bytes);
      },
    }),
  ];
  let made: ReturnType<typeof openApiDocument> | undefined;
  const document = () => (made ??= openApiDocument([...routes, ...own]));
  return own;
}

/** @file The OpenAPI 3.1 document, made from the routes that answer. */
import {
  OpenApiGeneratorV31,
  OpenAPIRegistry,
  type RouteConfig,
} from "@asteasolutions/zod-to-openapi";
import type { z } from "zod";
import { openAiErrorSchema, openAiPrefix, openAiStatus } from "./openai-error.ts"; // prettier-ignore
import { problemTypes, type ProblemName } from "./problems.ts";
import type { ResponseSpec, Route } from "./route.ts";
import { problemSchema } from "./schemas/common.ts";

type Document = ReturnType<OpenApiGeneratorV31["generateDocument"]>;
type Responses = RouteConfig["responses"];

const auth = [{ bearer: [] }, { apiKey: [] }];

export function openApiDocument(routes: readonly Route[]): Document {
  const registry = new OpenAPIRegistry();
  registry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" }); // prettier-ignore
  registry.registerComponent("securitySchemes", "apiKey", { type: "apiKey", in: "header", name: "X-API-Key" }); // prettier-ignore
  for (const route of routes) registry.registerPath(pathOf(route));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: "3.1.0",
    info: {
      title: "unirep-ts",
      version: "1",
      description:
        "UniRep protein representations, scores, evotuning and sampling. Errors are problem+json (RFC 9457).",
    },
    servers: [{ url: "/" }],
  });
}

function pathOf(route: Route): RouteConfig {
  const content = {
    ...(route.body && { "application/json": { schema: route.body } }),
    ...mapValues(route.reads ?? {}, (schema) => ({ schema })),
  };
  return {
    method: route.method,
    path: route.path,
    tags: [route.tag],
    summary: route.summary,
    operationId: operationId(route),
    ...(route.description !== undefined && { description: route.description }),
    security: route.scope === null ? [] : auth,
    ...(route.scope !== null && { "x-scope": route.scope }),
    request: {
      ...(route.params && { params: route.params as z.ZodObject }),
      ...(route.query && { query: route.query as z.ZodObject }),
      ...(Object.keys(content).length > 0 && {
        body: { required: true, content },
      }),
    },
    ...(route.creates && { parameters: [idempotencyKey] }),
    responses: { ...mapValues(route.responses, response), ...problems(route) },
  };
}

const idempotencyKey = {
  name: "Idempotency-Key",
  in: "header" as const,
  description:
    "the same key with the same request has one effect, for a day; its answer is given again",
  schema: { type: "string" as const, minLength: 1, maxLength: 200 },
};

function response(spec: ResponseSpec): Responses[string] {
  const content = {
    ...(spec.schema && { "application/json": { schema: spec.schema } }),
    ...(spec.events && { "text/event-stream": { schema: spec.events } }),
    ...Object.fromEntries(
      (spec.content ?? []).map((type) => [type, { schema: { type: "string" as const } }]), // prettier-ignore
    ),
  };
  return {
    description: spec.description,
    ...(Object.keys(content).length > 0 && { content }),
    ...(spec.headers && {
      headers: mapValues(spec.headers, (description) => ({
        description,
        schema: { type: "string" as const },
      })),
    }),
  };
}

/** Those of every route, those its parts can give, and its own. */
function problems(route: Route): Responses {
  const names: ProblemName[] = [
    "not-acceptable",
    // Of a query that it does not take.
    "invalid",
    "internal",
    "unavailable",
    ...(route.scope === null ? [] : (["unauthenticated", "forbidden", "rate-limited"] as const)), // prettier-ignore
    ...(route.params ? (["bad-request", "not-found"] as const) : []),
    ...(route.body ? (["bad-request", "timeout", "too-large", "unsupported-media-type"] as const) : []), // prettier-ignore
    ...(route.problems ?? []),
  ];
  const isOpenAi = route.path.startsWith(openAiPrefix);
  const content = isOpenAi
    ? { "application/json": { schema: openAiErrorSchema } }
    : { "application/problem+json": { schema: problemSchema } };
  const byStatus = new Map<number, Set<string>>();
  for (const name of names) {
    const [ofProblem, title] = problemTypes[name];
    const status = isOpenAi ? openAiStatus(ofProblem) : ofProblem;
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(title));
  }
  return Object.fromEntries(
    [...byStatus].map(([status, titles]) => [
      status,
      { description: [...titles].join("; or: "), content },
    ]),
  );
}

const operationId = ({ method, path }: Route) =>
  [method, ...path.split(/[^A-Za-z0-9]+/).filter(Boolean)].join("-");

const mapValues = <A, B>(
  object: Readonly<Record<string, A>>,
  f: (value: A) => B,
): Record<string, B> =>
  Object.fromEntries(Object.entries(object).map(([k, v]) => [k, f(v)]));

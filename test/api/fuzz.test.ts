/** @file Requests made from the OpenAPI document, right and wrong: none makes the service fail, and each gets an answer that is documented. */
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { problemTypes } from "../../src/api/problems.ts";
import type { Route } from "../../src/api/route.ts";
import { allRoutes } from "../../src/api/routes/index.ts";
import { acceptable, readDocument, type Operation, type ServiceDocument } from "./document.ts"; // prettier-ignore
import { allowedBy, nasty, spoilt } from "./from-schema.ts";
import { leaks } from "./real-service.ts";
import { startWhole, type WholeService } from "./whole-service.ts";

/** Of each operation. */
const requests = 30;
const seed = 20_261_201;

let whole: WholeService;
let document: ServiceDocument;
let routes: readonly Route[];
let secret: string;
let job: string;

interface Sent {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** As it is written: `fetch` would put paths and headers right. */
function send(method: string, { path, headers, body }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port: whole.server.port, method, path, headers: { ...headers, ...(body && { "content-length": Buffer.byteLength(body) }) } }); // prettier-ignore
    request.setTimeout(40_000, () => request.destroy(new Error(`no answer to ${method} ${path} ${body}`))); // prettier-ignore
    request.on("error", reject);
    request.on("response", (response) => {
      let text = "";
      const done = () =>
        resolve({ status: response.statusCode!, headers: response.headers, text }); // prettier-ignore
      // A stream of a job that nobody works on has no end.
      if (response.headers["content-type"] === "text/event-stream")
        return (request.destroy(), done());
      response.on("data", (bytes) => (text += String(bytes)));
      response.once("end", done).once("error", reject);
    });
    request.end(body);
  });
}

beforeAll(async () => {
  whole = await startWhole({ requestsPerMinute: "1000000", residuesPerDay: "1000000000", maxQueuedJobs: "100000" }); // prettier-ignore
  document = await readDocument(whole.server.url);
  // Until the model is loaded, /readyz says 503 by right.
  while ((await fetch(`${whole.server.url}/readyz`)).status === 503)
    await new Promise((resolve) => setTimeout(resolve, 50));
  routes = allRoutes(whole.server.api);
  secret = await whole.key("embed", "jobs", "models", "admin");
  const at = "/v1/embedding-jobs";
  const { status, text } = await send("POST", { path: at, headers: { "x-api-key": secret, "content-type": "application/json" }, body: JSON.stringify(acceptable[at]) }); // prettier-ignore
  expect([status, text]).toEqual([202, expect.any(String)]);
  job = (JSON.parse(text) as { id: string }).id;
}, 240_000);
afterAll(() => whole?.close(), 30_000);

/** Mostly what is right; otherwise anything that an address, a header or a body can hold. */
const mostly = <T>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<T>, weight = 3) => fc.oneof({ arbitrary: right, weight }, wrong); // prettier-ignore
const text = fc.oneof(fc.constantFrom(...nasty), fc.string({ maxLength: 40 }));
const encoded = text.map((s) =>
  encodeURIComponent(s.replaceAll(/\p{Surrogate}/gu, "")),
);
const visible = fc.string({ unit: fc.integer({ min: 0x21, max: 0xff }).map((n) => String.fromCharCode(n === 0x7f ? 0x7e : n)), maxLength: 60 }); // prettier-ignore

function paths({ path, parameters }: Operation): fc.Arbitrary<string> {
  const ids = fc.constantFrom(job, "unirep-ts-64", "swagger-ui.css", "7f6d1f0e-0000-4000-8000-000000000000"); // prettier-ignore
  const parts = path.split(/(\{\w+\})/).map((part) => part.startsWith("{") ? mostly(ids, fc.oneof(encoded, fc.constantFrom("%", "%zz", "%E0%A4%A", ".", ";a=b"))) : fc.constant(part)); // prettier-ignore
  const pairs = parameters.filter((p) => p.in === "query").map(({ name, schema }) =>
    fc.option(mostly(allowedBy(schema, document.schemas).map((v) => encodeURIComponent(typeof v === "string" ? v : JSON.stringify(v))), encoded)).map((v) => (v === null ? [] : [`${name}=${v}`])),
  ); // prettier-ignore
  const query = mostly(
    fc.tuple(...pairs).map((all) => all.flat()),
    fc.array(fc.tuple(encoded, encoded).map((pair) => pair.join("=")), { maxLength: 3 }), // prettier-ignore
    6,
  );
  return fc
    .tuple(fc.tuple(...parts), query)
    .map(([all, pairs]) => all.join("") + (pairs.length ? `?${pairs.join("&")}` : "")); // prettier-ignore
}

const headerNames = ["accept", "range", "if-range", "if-none-match", "last-event-id", "idempotency-key", "x-request-id", "content-encoding", "x-forwarded-for", "accept-encoding", "cookie"]; // prettier-ignore
const headerValues = fc.oneof(visible, fc.constantFrom("*/*", "text/csv", "bytes=0-", "bytes=5-1", "bytes=-0", "bytes=0-1,3-4", "gzip", "identity", "*", '"x"', "0-0", "1", "18446744073709551616-0")); // prettier-ignore

function headersOf(type: string | undefined) {
  return fc.record({
    auth: mostly(fc.constant({ authorization: `Bearer ${secret}` }), fc.oneof(fc.constant({}), visible.map((v) => ({ authorization: `Bearer ${v}` })), visible.map((v) => ({ "x-api-key": v }))), 8),
    more: mostly(fc.constant({}), fc.dictionary(fc.constantFrom(...headerNames), headerValues, { maxKeys: 3, noNullPrototype: true }), 2),
    type: type === undefined ? fc.constant({}) : mostly(fc.constant({ "content-type": type }), visible.map((v) => ({ "content-type": v })), 8),
  }).map(({ auth, more, type }): Record<string, string> => ({ ...auth, ...more, ...type })); // prettier-ignore
}

function bodies({ bodies, path }: Operation, type: string | undefined) {
  if (type === undefined) return fc.constant("");
  const made = fc.oneof(
    allowedBy(bodies[type], document.schemas),
    fc.constant((acceptable[path] ?? { id: "a-model" }) as fc.JsonValue),
  );
  const values = mostly(made, made.chain(spoilt), 1);
  if (type === "multipart/form-data; boundary=b") return values.map(asForm);
  return mostly(values.map((v) => JSON.stringify(v)), fc.oneof(text, values.map((v) => JSON.stringify(v).slice(0, -1))), 8); // prettier-ignore
}

function asForm(value: fc.JsonValue): string {
  const part = (name: string, content: string) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${content}\r\n`; // prettier-ignore
  const fields = Object.entries(value ?? {}).map(([name, v]) => part(name, typeof v === "string" ? v : JSON.stringify(v))); // prettier-ignore
  return `${fields.join("")}${part('file"; filename="a.fa', ">a\nMKT\n")}--b--\r\n`; // prettier-ignore
}

function requestsOf(operation: Operation): fc.Arbitrary<Sent> {
  const types = Object.keys(operation.bodies);
  return fc.constantFrom(...(types.length ? types : [undefined])).chain((declared) => {
    const type = declared === "multipart/form-data" ? `${declared}; boundary=b` : declared;
    return fc.record({ path: paths(operation), headers: headersOf(type), body: bodies({ ...operation, bodies: { ...operation.bodies, ...(type && { [type]: operation.bodies[declared!] }) } }, type) });
  }); // prettier-ignore
}

const problemNames = Object.keys(problemTypes).map((name) => `urn:unirep-ts:problem:${name}`); // prettier-ignore

/** What is wrong with an answer, in a few words; null where nothing is. */
function fault(operation: Operation, answer: Answer): string | null {
  const { status, headers, text } = answer;
  if (status >= 500) return "the service failed";
  if (!operation.statuses.includes(status)) return "the status is not documented"; // prettier-ignore
  if (headers["x-content-type-options"] !== "nosniff") return "headers are missing"; // prettier-ignore
  const type = String(headers["content-type"]).split(";")[0];
  if (status >= 400) {
    if (leaks.test(text)) return "something of the inside is told";
    if (operation.path.startsWith("/v1/openai/")) {
      const { error } = JSON.parse(text) as { error?: { message?: unknown } };
      return typeof error?.message === "string" ? null : "no error of OpenAI's shape"; // prettier-ignore
    }
    if (type !== "application/problem+json") return "it is no problem";
    const problem = JSON.parse(text) as { type: string; status: number };
    const known = problemNames.includes(problem.type) && problem.status === status; // prettier-ignore
    return known ? null : "it is an unknown problem";
  }
  const route = routes.find((r) => r.path === operation.path && r.method === operation.method.toLowerCase()); // prettier-ignore
  const schema = route?.responses[status]?.schema;
  if (type !== "application/json" || !schema) return null;
  return schema.safeParse(JSON.parse(text)).success ? null : "the body is not as documented"; // prettier-ignore
}

test("no request that the document can give, right or wrong, makes it fail or answer what is not documented", async () => {
  const seen = new Map<number, number>();
  const faults = new Map<string, string>();
  for (const operation of document.operations)
    for (const sent of fc.sample(requestsOf(operation), { numRuns: requests, seed })) {
      const answer = await send(operation.method, sent);
      const { status, text } = answer;
      seen.set(status, (seen.get(status) ?? 0) + 1);
      const found = fault(operation, answer);
      if (found) faults.set(`${operation.method} ${operation.path}: ${found}: ${status}`, `${JSON.stringify(sent).slice(0, 1000)} -> ${text.slice(0, 500)}`);
    }
  expect(Object.fromEntries(faults)).toEqual({});
  expect(whole.errors).toEqual([]);
  // Generators that only made nonsense would prove little.
  for (const status of [200, 202, 401, 404, 415, 422])
    expect([status, (seen.get(status) ?? 0) > 3]).toEqual([status, true]);
}, 300_000); // prettier-ignore

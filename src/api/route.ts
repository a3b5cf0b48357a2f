/** @file A route as one value: method, path, who may call it, its schemas, its part of the OpenAPI document, its handler. */
import type { Request, Response } from "express";
import { z } from "zod";
import type { Caller, Scope } from "./api.ts";
import { readJson } from "./body.ts";
import { Problem, type ProblemName } from "./problems.ts";
import { parse } from "./validation.ts";

const nothing = z.strictObject({});

export type Method = "get" | "post" | "delete";

/** An answer as a value: JSON unless `body` is undefined. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** One request, checked. */
export interface Call<Params = object, Query = object, Body = unknown, Who = Caller | null> {
  readonly req: Request;
  readonly res: Response;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** SHA-256 of the JSON body's bytes, for `once`; empty where the route has no JSON body. */
  readonly bodyHash: string;
  readonly caller: Who;
  /** Aborts when the client has gone before its answer was complete. */
  readonly signal: AbortSignal;
} // prettier-ignore

export interface ResponseSpec {
  readonly description: string;
  /** Of a JSON answer. */
  readonly schema?: z.ZodType | undefined;
  /** Of the data of each event of an event stream. */
  readonly events?: z.ZodType | undefined;
  /** Media types of any other answer, in order of preference. */
  readonly content?: readonly string[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface RouteSpec<
  S extends Scope | null,
  P extends z.ZodType,
  Q extends z.ZodType,
  B extends z.ZodType,
> {
  readonly method: Method;
  /** As OpenAPI writes it: `/v1/jobs/{id}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string | undefined;
  /** What the caller's key must allow; null: no key is needed. */
  readonly scope: S;
  /** Strict objects; parameters of the path that do not fit are a 404. */
  readonly params?: P;
  readonly query?: Q;
  /** A JSON body, read and checked before the handler. */
  readonly body?: B;
  /** Bytes of a JSON body; 1 MB where not said. */
  readonly maxBody?: number | undefined;
  /** Bodies that the handler reads itself, by media type: for the document only. */
  readonly reads?: Readonly<Record<string, z.ZodType>> | undefined;
  /** Whether it takes an Idempotency-Key: the handler goes through `once`. */
  readonly creates?: boolean | undefined;
  readonly responses: Readonly<Record<number, ResponseSpec>>;
  /** Problems beyond those every route has: 401, 403, 406, 429, 500, 503, and 404, 415, 422 by its schemas. */
  readonly problems?: readonly ProblemName[] | undefined;
  /** Gives a reply, or writes the answer itself and gives nothing. */
  readonly handle: (
    call: Call<z.output<P>, z.output<Q>, z.output<B>, S extends null ? null : Caller>,
  ) => Promise<Reply | void> | Reply | void; // prettier-ignore
}

/** A route with its types forgotten, ready to be mounted. */
export interface Route extends Omit<
  RouteSpec<Scope | null, z.ZodType, z.ZodType, z.ZodType>,
  "handle"
> {
  run(req: Request, res: Response): Promise<void>;
}

export function route<
  const S extends Scope | null,
  P extends z.ZodType = z.ZodObject<Record<never, never>>,
  Q extends z.ZodType = z.ZodObject<Record<never, never>>,
  B extends z.ZodType = z.ZodUndefined,
>(spec: RouteSpec<S, P, Q, B>): Route {
  const { handle, ...facts } = spec;
  const produced = Object.entries(spec.responses)
    .filter(([status]) => Number(status) < 300)
    .flatMap(([, r]) => [...(r.schema ? ["application/json"] : []), ...(r.events ? ["text/event-stream"] : []), ...(r.content ?? [])]); // prettier-ignore
  return {
    ...facts,
    async run(req, res) {
      const gone = new AbortController();
      res.once("close", () => {
        if (!res.writableFinished)
          gone.abort(new Error("api: the client has gone"));
      });
      const params = spec.params?.safeParse(req.params);
      if (params?.success === false) throw notFound();
      const query = parse((spec.query ?? nothing) as Q, req.query, "query");
      if (produced.length > 0 && req.accepts(produced) === false)
        throw new Problem("not-acceptable", `api: expected to be asked for ${produced.join(" or ")}, got Accept: ${req.get("Accept")?.slice(0, 200)}`); // prettier-ignore
      const json = spec.body && (await readJson(req, res, spec.maxBody));
      const reply = await handle({
        req,
        res,
        params: params?.data as z.output<P>,
        query,
        body: (json && parse(spec.body, json.value, "body")) as z.output<B>, // prettier-ignore
        bodyHash: json?.hash ?? "",
        // The app has let nobody without a key past a route with a scope.
        caller: (spec.scope === null ? null : res.locals.caller) as S extends null ? null : Caller, // prettier-ignore
        signal: gone.signal,
      });
      if (reply) send(res, reply);
    },
  };
}

function send(res: Response, { status, headers = {}, body }: Reply): void {
  res.status(status).set(headers);
  if (body === undefined) res.end();
  else res.json(body);
}

/** The one answer for what does not exist and for what belongs to another. */
export const notFound = (): Problem =>
  new Problem("not-found", "api: expected an id or path that exists and is yours, got another"); // prettier-ignore

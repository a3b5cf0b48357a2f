/** @file Errors as the API shows them: problem+json (RFC 9457) from one table of types. */

/** Every problem by name: status and title. */
export const problemTypes = {
  "bad-request": [400, "The request cannot be read"],
  unauthenticated: [401, "A valid API key is needed"],
  forbidden: [403, "The API key does not allow this"],
  "not-found": [404, "There is no such thing"],
  "method-not-allowed": [405, "This method does not exist here"],
  "not-acceptable": [406, "None of the accepted formats exists here"],
  timeout: [408, "The request came too slowly"],
  conflict: [409, "The present state does not allow this"],
  "in-progress": [409, "The first request with this Idempotency-Key still runs"],
  "not-ready": [409, "There is no result yet"],
  gone: [410, "There is no result any more"],
  "too-large": [413, "The request is too large"],
  "unsupported-media-type": [415, "This format cannot be read here"],
  "range-not-satisfiable": [416, "The file has no such range"],
  invalid: [422, "The request does not make sense"],
  "key-reused": [422, "The Idempotency-Key belongs to another request"],
  "rate-limited": [429, "Too many requests"],
  "quota-exceeded": [429, "The quota of this API key is used up"],
  "too-busy": [429, "Too much is being computed"],
  internal: [500, "The service failed"],
  overloaded: [503, "Too many jobs are waiting"],
  unavailable: [503, "A part of the service is away"],
} as const satisfies Record<string, readonly [number, string]>; // prettier-ignore

export type ProblemName = keyof typeof problemTypes;

/** One fault of a request. */
export interface FieldError {
  /** JSON pointer into the body or the query (RFC 6901), or a file of an upload: `/files/0`. */
  readonly pointer: string;
  /** One sentence. */
  readonly detail: string;
  readonly file?: string | undefined;
  /** Record of the file, from 1. */
  readonly record?: number | undefined;
  /** Line of the file, from 1. */
  readonly line?: number | undefined;
  /** Residue of the sequence or column of the line, from 1. */
  readonly column?: number | undefined;
}

export interface ProblemFacts {
  readonly errors?: readonly FieldError[] | undefined;
  /** Seconds after which to try again. */
  readonly retryAfter?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly cause?: unknown;
}

/** What handlers throw; `detail` is one sentence and shown to the caller. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly type: ProblemName;
  readonly errors: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(type: ProblemName, detail: string, facts: ProblemFacts = {}) {
    super(detail, facts.cause === undefined ? {} : { cause: facts.cause });
    this.type = type;
    this.errors = facts.errors ?? [];
    const { retryAfter, headers } = facts;
    this.headers = {
      ...headers,
      ...(retryAfter !== undefined && {
        "Retry-After": String(Math.max(1, Math.ceil(retryAfter))),
      }),
    };
  }

  get status(): number {
    return problemTypes[this.type][0];
  }
}

export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly request_id: string;
  readonly errors?: readonly FieldError[];
}

export function problemDocument(
  problem: Problem,
  requestId: string,
): ProblemDocument {
  const [status, title] = problemTypes[problem.type];
  return {
    type: `urn:unirep-ts:problem:${problem.type}`,
    title,
    status,
    detail: problem.message,
    request_id: requestId,
    ...(problem.errors.length > 0 && { errors: problem.errors }),
  };
}

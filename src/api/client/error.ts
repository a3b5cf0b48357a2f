/** @file The one error of the client: what the service refused, as it said it, or that it could not be reached. */
import { fromWire } from "../wire.ts";

/** RFC 9457, as the service writes it; pointers name its fields, which have underscores. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly requestId?: string;
  readonly errors?: readonly ProblemItem[];
  /** Further members, such as `state` where a result is not ready. */
  readonly [member: string]: unknown;
}

export interface ProblemItem {
  /** JSON pointer into the request's body. */
  readonly pointer?: string;
  readonly detail: string;
  readonly [member: string]: unknown;
}

export class UnirepError extends Error {
  override readonly name = "UnirepError";
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** Null where the answer was none of the service's own (a proxy's page), or none came. */
  readonly problem: Problem | null;

  constructor(
    message: string,
    status: number,
    problem: Problem | null,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.problem = problem;
  }
}

/** The error that a response of status 400 and above tells. */
export async function errorOf(
  request: string,
  response: Response,
): Promise<UnirepError> {
  const text = await response.text().catch(() => "");
  const problem = parseProblem(text);
  const said = problem?.detail ?? problem?.title ?? text.slice(0, 200).trim();
  return new UnirepError(
    `${request}: ${response.status}${said && `: ${said}`}`,
    response.status,
    problem,
  );
}

function parseProblem(text: string): Problem | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "title" in value
      ? (fromWire(value) as Problem)
      : null;
  } catch {
    return null;
  }
}

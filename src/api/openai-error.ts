/** @file Problems as clients of OpenAI's API expect errors; used below `/v1/openai/` only. */
import type { ProblemDocument } from "./problems.ts";

export const openAiPrefix = "/v1/openai/";

export interface OpenAiError {
  readonly error: {
    readonly message: string;
    readonly type: string;
    /** Field of the body at fault. */
    readonly param: string | null;
    readonly code: string | null;
  };
}

const codes: Readonly<Record<number, string>> = {
  401: "invalid_api_key",
  429: "rate_limit_exceeded",
};

/** That API answers 400 for what makes no sense, and 404 for a model that it does not have. */
export function openAiError(problem: ProblemDocument): {
  readonly status: number;
  readonly body: OpenAiError;
} {
  const param = problem.errors?.[0].pointer.split("/")[1] ?? null;
  const unknownModel = problem.status === 422 && param === "model";
  const status = unknownModel ? 404 : problem.status === 422 ? 400 : problem.status; // prettier-ignore
  const type = status >= 500 ? "server_error" : status === 429 ? "rate_limit_error" : "invalid_request_error"; // prettier-ignore
  const code = unknownModel ? "model_not_found" : (codes[status] ?? null);
  return { status, body: { error: { message: problem.detail, type, param, code } } }; // prettier-ignore
}

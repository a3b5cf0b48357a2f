/** @file Problems as clients of OpenAI's API expect errors; used below `/v1/openai/` only. */
import { z } from "zod";
import type { ProblemDocument } from "./problems.ts";

export const openAiPrefix = "/v1/openai/";

export const openAiErrorSchema = z
  .strictObject({
    error: z.strictObject({
      message: z.string(),
      type: z.string(),
      param: z
        .string()
        .nullable()
        .meta({ description: "field of the body at fault" }),
      code: z.string().nullable(),
    }),
  })
  .meta({ id: "OpenAiError" });

export type OpenAiError = z.output<typeof openAiErrorSchema>;

const codes: Readonly<Record<number, string>> = {
  401: "invalid_api_key",
  429: "rate_limit_exceeded",
};

export const openAiStatus = (status: number): number =>
  status === 422 ? 400 : status;

/** That API answers 400 for what makes no sense, and 404 for a model that it does not have. */
export function openAiError(problem: ProblemDocument): {
  readonly status: number;
  readonly body: OpenAiError;
} {
  const param = problem.errors?.[0].pointer.split("/")[1] ?? null;
  const unknownModel = problem.status === 422 && param === "model";
  const status = unknownModel ? 404 : openAiStatus(problem.status); // prettier-ignore
  const type = status >= 500 ? "server_error" : status === 429 ? "rate_limit_error" : "invalid_request_error"; // prettier-ignore
  const code = unknownModel ? "model_not_found" : (codes[status] ?? null);
  return { status, body: { error: { message: problem.detail, type, param, code } } }; // prettier-ignore
}

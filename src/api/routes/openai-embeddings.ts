/** @file POST /v1/openai/embeddings: the same representations (h_avg) in the shape that clients of OpenAI's API expect. */
import { z } from "zod";
import { invalid, type Embedder } from "../embedder.ts";
import { jsonArray } from "../embedding-body.ts";
import { openAiPrefix } from "../openai-error.ts";
import { route, type Route } from "../route.ts";
import { sendPieces } from "../send-pieces.ts";

const body = z.strictObject({
  model: z.string(),
  input: z.union([z.string(), z.array(z.string()).min(1)], {
    error: "expected a sequence or a list of at least one sequence",
  }),
  encoding_format: z.enum(["float", "base64"]).default("float"),
  dimensions: z.number().int().optional(),
  user: z.string().optional().meta({ description: "Accepted and not used." }),
});

const answer = z.strictObject({
  object: z.literal("list"),
  data: z.array(
    z.strictObject({
      object: z.literal("embedding"),
      index: z.number().int(),
      embedding: z.union([z.array(z.number()), z.string()]),
    }),
  ),
  model: z.string(),
  usage: z.strictObject({
    prompt_tokens: z.number().int(),
    total_tokens: z.number().int(),
  }),
});

export function openAiEmbeddings(embed: Embedder, maxBody: number): Route {
  return route({
    method: "post",
    path: `${openAiPrefix}embeddings`,
    tag: "Embeddings",
    summary: "Represent a few sequences, for clients of OpenAI's API",
    description:
      "The embedding is h_avg; usage counts residues as tokens; errors have OpenAI's shape.",
    scope: "embed",
    body,
    maxBody,
    responses: {
      200: {
        description: "Embeddings in the order of the sequences",
        schema: answer,
      },
    },
    problems: ["not-found", "too-large", "too-busy", "quota-exceeded"],
    async handle({ res, body, caller, signal }) {
      const { dimensions, encoding_format: encoding } = body;
      const { model, results, residues } = await embed({
        caller,
        input: body.input,
        model: body.model,
        precision: "f32",
        perResidue: false,
        accept({ id, units }) {
          if (dimensions !== undefined && dimensions !== units)
            throw invalid("/dimensions", `expected ${units}, the units of ${id}, got ${dimensions}`); // prettier-ignore
        },
        signal,
      });
      const tail = {
        model: model.id,
        usage: { prompt_tokens: residues, total_tokens: residues },
      };
      function* pieces() {
        yield `{"object":"list","data":[`;
        for (const [index, { hAvg }] of results.entries())
          yield `${index ? "," : ""}{"object":"embedding","index":${index},"embedding":${jsonArray(hAvg, encoding)}}`;
        yield `],${JSON.stringify(tail).slice(1)}`;
      }
      await sendPieces(
        res,
        { "Content-Type": "application/json" },
        pieces(),
        signal,
      );
    },
  });
}

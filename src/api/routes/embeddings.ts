/** @file POST /v1/embeddings: representations of a few sequences, answered at once. */
import { z } from "zod";
import { representationLayers, tokenPolicy } from "../../unirep/index.ts";
import type { Routes } from "../api.ts";
import { createEmbedder, invalid, type Embedded } from "../embedder.ts";
import { jsonPieces, npyPieces, perResidueNpyPieces } from "../embedding-body.ts"; // prettier-ignore
import { route } from "../route.ts";
import { sendPieces } from "../send-pieces.ts";
import { openAiEmbeddings } from "./openai-embeddings.ts";

const record = z.strictObject({
  id: z.string().max(1000),
  sequence: z.string(),
});
const body = z.strictObject({
  input: z
    .union([z.string(), z.array(z.union([z.string(), record])).min(1)], {
      error:
        'expected a sequence, or a list of at least one sequence or {"id", "sequence"}',
    })
    .meta({
      description:
        "A protein sequence, or a list of them, with or without ids; upper or lower case.",
    }),
  model: z
    .string()
    .optional()
    .meta({ description: "Id of a model; by default the service's own." }),
  precision: z.enum(["f32", "int8"]).default("f32"),
  per_residue: z
    .boolean()
    .default(false)
    .meta({ description: "Also the hidden state at every residue." }),
  layers: z
    .array(z.enum(representationLayers))
    .min(1)
    .max(representationLayers.length)
    .refine(
      (all) => new Set(all).size === all.length,
      "expected each layer once, got one twice",
    ) // prettier-ignore
    .optional()
    .meta({ description: 'By default ["h_avg"].' }),
  encoding_format: z.enum(["float", "base64"]).default("float").meta({
    description: "base64: little-endian float32 values, row after row.",
  }),
});

const vector = z.union([z.array(z.number()), z.string()]);
const answer = z.strictObject({
  model: z.strictObject({
    id: z.string(),
    sha256: z.string(),
    licence: z.string(),
    units: z.number().int(),
  }),
  precision: z.enum(["f32", "int8"]),
  token_policy: z.string(),
  encoding_format: z.enum(["float", "base64"]),
  usage: z.strictObject({
    sequences: z.number().int(),
    residues: z.number().int(),
  }),
  data: z.array(
    z.strictObject({
      index: z.number().int(),
      id: z.string(),
      length: z.number().int(),
      h_avg: vector.optional(),
      h_final: vector.optional(),
      c_final: vector.optional(),
      per_residue: z
        .union([z.array(z.array(z.number())), z.string()])
        .optional(),
    }),
  ),
});

export const embeddingRoutes: Routes = (api) => {
  const embed = createEmbedder(api);
  return [
    route({
      method: "post",
      path: "/v1/embeddings",
      tag: "Embeddings",
      summary: "Represent a few sequences at once",
      description: `More than fit into one request go to POST /v1/embedding-jobs. As application/x-npy: one float32 matrix, a row a sequence, layers side by side; with per_residue the (length + 1, units) matrix of one sequence, the start token first. Model and usage are told in the headers Unirep-Model, Unirep-Model-Sha256, Unirep-Model-Licence and Unirep-Residues too. Tokens: ${tokenPolicy}.`,
      scope: "embed",
      body,
      maxBody: bodyBytes(api.service.config),
      responses: {
        200: {
          description: "Representations in the order of the sequences",
          schema: answer,
          content: [npyType],
        },
      },
      problems: ["too-large", "too-busy", "quota-exceeded"],
      async handle({ req, res, body, caller, signal }) {
        const { input, model, precision, per_residue: perResidue } = body;
        const npy = req.accepts(["application/json", npyType]) === npyType;
        if (npy && perResidue && Array.isArray(input) && input.length > 1)
          throw invalid("/input", `expected one sequence for a per-residue .npy, got ${input.length}`); // prettier-ignore
        if (npy && perResidue && body.layers)
          throw invalid("/layers", "expected no layers for a per-residue .npy, which holds one matrix"); // prettier-ignore
        const embedded = await embed({ caller, input, model, precision, perResidue, signal }); // prettier-ignore
        const layers = body.layers ?? ["h_avg"];
        const pieces = npy
          ? perResidue
            ? perResidueNpyPieces(embedded)
            : npyPieces(embedded, layers)
          : jsonPieces(head(embedded, body), embedded, layers, body.encoding_format); // prettier-ignore
        const type = npy ? npyType : "application/json";
        const headers = { "Content-Type": type, ...modelHeaders(embedded) };
        await sendPieces(res, headers, pieces, signal);
      },
    }),
    openAiEmbeddings(embed, bodyBytes(api.service.config)),
  ];
};

const npyType = "application/x-npy";

/** Room for the residues, twice over for white space, and for ids and quotes. */
const bodyBytes = (limits: { readonly maxRequestResidues: number; readonly maxRequestSequences: number }) =>
  100_000 + 2 * limits.maxRequestResidues + 2_000 * limits.maxRequestSequences; // prettier-ignore

const head = (
  { model, sequences, residues }: Embedded,
  body: { readonly precision: string; readonly encoding_format: string },
) => ({
  model: {
    id: model.id,
    sha256: model.sha256,
    licence: model.licence,
    units: model.units,
  },
  precision: body.precision,
  token_policy: tokenPolicy,
  encoding_format: body.encoding_format,
  usage: { sequences: sequences.length, residues },
});

/** What a matrix cannot say; percent-encoded where a header could not hold it. */
const modelHeaders = ({ model, residues }: Embedded) => ({
  "Unirep-Model": model.id,
  "Unirep-Model-Sha256": model.sha256,
  "Unirep-Model-Licence": encodeURI(Buffer.from(model.licence).toString()),
  "Unirep-Residues": String(residues),
});

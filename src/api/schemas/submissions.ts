/** @file What a job may be asked to do: strict objects, one a kind of job. */
import { z } from "zod";
import {
  tableNames,
  type JobKind,
  type JobOptions,
} from "../../workers/index.ts";
import { fromWire, type FromWire } from "../wire.ts";
import { label } from "./common.ts";
import { newModelId } from "./models.ts";

const layerNames = ["h_avg", "h_final", "c_final"] as const;

const precision = z.enum(["f32", "int8"]).default("f32");
const formatMeta = {
  description: "format made first; others are made when asked for",
};
const seed = z.int().min(0).max(0xffff_ffff).default(0);

const modelId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "expected an id of /v1/models");

/** What every kind of job has. */
const shared = {
  name: label(200).optional(),
  model: modelId
    .optional()
    .meta({ description: "id of /v1/models; by default the service's own" }),
};

// A line break or a space would end the header that carries it.
const recordId = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => !/[\s\p{Cc}]/u.test(text), "expected an id without spaces and control characters"); // prettier-ignore

const sequence = z
  .string()
  .min(1, "expected a sequence, got an empty one")
  .superRefine((text, ctx) => {
    const at = text.search(/[^A-Za-z*.-]/);
    if (at >= 0)
      ctx.addIssue(`expected amino-acid letters, got ${JSON.stringify(text[at])} at position ${at + 1}`); // prettier-ignore
  });

const sequences = z
  .union([
    z.array(sequence).min(1),
    z.array(z.strictObject({ id: recordId, sequence })).min(1),
  ])
  .meta({ description: "proteins, in the order of the results" });

const embed = z
  .strictObject({
    ...shared,
    precision,
    layers: z
      .array(z.enum(layerNames))
      .max(layerNames.length)
      .refine(
        (list) => new Set(list).size === list.length,
        "expected each layer once",
      ) // prettier-ignore
      .optional()
      .meta({ description: "by default h_avg, and none beside per_residue" }),
    per_residue: z.boolean().default(false),
    format: z.enum(tableNames).default("npz").meta(formatMeta),
  })
  .superRefine(({ layers, per_residue: perResidue, format }, ctx) => {
    const alone = perResidue && (layers ?? []).length === 0;
    if (!perResidue && layers?.length === 0)
      ctx.addIssue({ code: "custom", path: ["layers"], message: "expected a layer, or per_residue, got neither" }); // prettier-ignore
    if (perResidue && !alone && ["csv", "parquet", "npy"].includes(format))
      ctx.addIssue({ code: "custom", path: ["format"], message: `expected npz, h5 or jsonl for layers beside per_residue, got ${format}` }); // prettier-ignore
  });

const score = z.strictObject({
  ...shared,
  precision,
  per_residue: z.boolean().default(false),
  // A score is no vector, which is all that .npy can hold.
  format: z.enum(tableNames).exclude(["npy"]).default("csv").meta(formatMeta),
});

const range = (from: number, to: number) =>
  z
    .strictObject({
      low: z.number().min(from).max(to),
      high: z.number().min(from).max(to),
    })
    .refine(({ low, high }) => low <= high, "expected low to be at most high");

const evotune = z.strictObject({
  ...shared,
  trials: z.int().min(1).max(1000).default(10),
  folds: z.int().min(2).max(20).default(5),
  parallel: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .meta({ description: "trials at the same time" }),
  epochs: range(1, 1000).default({ low: 1, high: 20 }),
  learning_rate: z
    .union([z.number().positive().max(1), range(1e-9, 1)])
    .default({ low: 1e-6, high: 1e-3 }),
  seed,
  model_name: newModelId.meta({ description: "id that the tuned model gets" }),
});

const sample = z.strictObject({
  ...shared,
  steps: z.int().min(1).max(1_000_000).default(1000),
  chains: z.int().min(1).max(1000).default(1),
  temperature: z.number().positive().max(1e6).default(1),
  trust_radius: z.int().min(0).nullable().default(null),
  seed,
});

const withSequences = <S extends z.ZodObject>(fields: S) =>
  fields.safeExtend({ sequences });

/** Fields of a submission beside its sequences, by kind. */
export const submissionFields = { embed, score, evotune, sample } as const;

/** A submission as JSON, by kind. */
export const submissionBodies = {
  embed: withSequences(embed).meta({ id: "EmbeddingSubmission" }),
  score: withSequences(score).meta({ id: "ScoreSubmission" }),
  evotune: withSequences(evotune).meta({ id: "EvotuningSubmission" }),
  sample: withSequences(sample).meta({ id: "SamplingSubmission" }),
} as const;

/** What every submission has beside the options of its kind. */
export interface SubmittedFields {
  readonly name?: string | undefined;
  readonly model?: string | undefined;
}

export interface SubmittedBody extends SubmittedFields {
  readonly sequences: z.output<typeof sequences>;
}

/** Options of a job, from fields that the schema of its kind has let through. */
export function optionsOf<K extends JobKind>(
  kind: K,
  fields: SubmittedFields,
): JobOptions[K] {
  const { name: _name, model: _model, ...options } = fromWire(fields);
  if (kind !== "embed") return options as JobOptions[K];
  const asked = options as FromWire<z.output<typeof embed>>;
  const layers = asked.layers ?? (asked.perResidue ? [] : (["h_avg"] as const));
  const embedding: JobOptions["embed"] = { ...asked, layers };
  return embedding as JobOptions[JobKind] as JobOptions[K];
}

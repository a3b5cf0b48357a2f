/** @file Models as the API shows them. */
import { z } from "zod";
import type { ModelRecord } from "../../workers/index.ts";
import { toWire } from "../wire.ts";
import { instant, label } from "./common.ts";

export const newModelId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{2,63}$/, "expected 3 to 64 lower-case letters, digits, - . _"); // prettier-ignore

/** Fields of an upload beside its file. */
export const modelFields = z.strictObject({
  id: newModelId,
  name: label(200).optional().meta({ description: "by default the id" }),
  licence: label(200).optional(),
});

export const modelSchema = z
  .strictObject({
    id: z.string(),
    source: z.enum(["package", "published", "uploaded", "tuned"]),
    name: z.string(),
    units: z.int(),
    layers: z.int(),
    sha256: z.string().meta({ description: "of the parameters" }),
    licence: z.string(),
    provenance: z.string(),
    bytes: z.int(),
    created_at: instant.nullable(),
    job: z.string().nullable().meta({ description: "job that tuned it" }),
    links: z.strictObject({
      self: z.string(),
      weights: z
        .string()
        .nullable()
        .meta({ description: "of one's own models" }),
    }),
  })
  .meta({ id: "Model" });

export type ModelResource = z.output<typeof modelSchema>;

export const modelList = z
  .strictObject({ items: z.array(modelSchema) })
  .meta({ id: "ModelList" });

/** Facts for one who may use it: named one by one, so that a new field of the record is not shown by accident. */
export function modelResource(model: ModelRecord): ModelResource {
  const self = `/v1/models/${encodeURIComponent(model.id)}`;
  return toWire({
    id: model.id,
    source: model.source,
    name: model.name,
    units: model.units,
    layers: model.layers,
    sha256: model.sha256,
    licence: model.licence,
    provenance: model.provenance,
    bytes: model.bytes,
    createdAt: model.createdAt,
    job: model.job,
    links: { self, weights: model.key && `${self}/weights` },
  });
}

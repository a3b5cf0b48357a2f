/** @file `/v1/models`: those one may use; one's own are uploaded, tuned by jobs, downloaded and removed here. */
import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { BadInputError, TakenModelError, type ModelRecord } from "../../workers/index.ts"; // prettier-ignore
import type { Api, Caller, Routes } from "../api.ts";
import { fieldsOf } from "../form-fields.ts";
import { once } from "../idempotency.ts";
import { Problem } from "../problems.ts";
import { notFound, route, type Call, type Reply } from "../route.ts";
import { formFile } from "../schemas/common.ts";
import { modelFields, modelList, modelResource, modelSchema } from "../schemas/models.ts"; // prettier-ignore
import { sendStored } from "../stored-file.ts";
import { readUpload } from "../upload.ts";

const tag = "Models";
const scope = "models";
const params = z.strictObject({ id: z.string().max(200) });

export const modelRoutes: Routes = (api) => {
  const find = async (id: string, { owner }: Caller): Promise<ModelRecord> => {
    const model = await api.service.models.find(id, owner);
    if (!model) throw notFound();
    return model;
  };
  return [
    route({
      method: "get",
      path: "/v1/models",
      tag,
      summary: "Models one may use",
      scope,
      responses: { 200: { description: "All models", schema: modelList } },
      handle: async ({ caller }) => {
        const all = await api.service.models.list(caller.owner);
        return { status: 200, body: { items: all.map(modelResource) } };
      },
    }),
    route({
      method: "post",
      path: "/v1/models",
      tag,
      summary: "Upload a model",
      description:
        "Weights as one safetensors file that `unirep weights` and evotuning jobs write.",
      scope,
      creates: true,
      reads: { "multipart/form-data": modelFields.extend({ file: formFile }) },
      responses: {
        201: {
          description: "The model, ready to be used by its id",
          schema: modelSchema,
          headers: { Location: "where the model is" },
        },
      },
      problems: ["bad-request", "timeout", "conflict", "in-progress", "too-large", "unsupported-media-type", "invalid", "key-reused"], // prettier-ignore
      handle: (call) => upload(api, call),
    }),
    route({
      method: "get",
      path: "/v1/models/{id}",
      tag,
      summary: "A model",
      scope,
      params,
      responses: { 200: { description: "The model", schema: modelSchema } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: modelResource(await find(params.id, caller)),
      }),
    }),
    route({
      method: "delete",
      path: "/v1/models/{id}",
      tag,
      summary: "Remove a model of one's own",
      scope,
      params,
      responses: { 204: { description: "It is removed" } },
      handle: async ({ caller, params }) => {
        if (await api.service.models.remove(params.id, caller.owner))
          return { status: 204 };
        throw notFound();
      },
    }),
    route({
      method: "get",
      path: "/v1/models/{id}/weights",
      tag,
      summary: "Weights of a model of one's own",
      description: "Answers ranges (Range, If-Range) and If-None-Match.",
      scope,
      params,
      responses: {
        200: { description: "safetensors", content: [weightsType] },
        206: { description: "The range of the file that was asked for" },
        304: { description: "The file that If-None-Match names" },
      },
      problems: ["gone", "range-not-satisfiable"],
      handle: async ({ req, res, signal, caller, params }) => {
        const { id, key, owner, sha256 } = await find(params.id, caller);
        // Those of the package and the published ones come from where their licence lies beside them.
        if (key === null || owner !== caller.owner) throw notFound();
        const answer = { key, mediaType: weightsType, name: `${id}.safetensors`, tag: sha256 }; // prettier-ignore
        await sendStored({ req, res, signal }, api.service, answer);
      },
    }),
  ];
};

const weightsType = "application/octet-stream";

async function upload(
  api: Api,
  call: Call<object, object, unknown, Caller>,
): Promise<Reply> {
  const { req, res, signal, caller } = call;
  const { config, models, scratch } = api.service;
  const folder = path.join(scratch, `model-${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  try {
    const { files, fields, hash } = await readUpload(req, res, folder, { bytes: config.maxUpload, files: 1 }, signal); // prettier-ignore
    const { id, name = id, licence } = fieldsOf(modelFields, fields);
    if (files.length === 0)
      throw new Problem("invalid", "api: expected a file in the form, got none", { errors: [{ pointer: "/file", detail: "expected a file" }] }); // prettier-ignore
    const facts = { id, name, owner: caller.owner, source: "uploaded", job: null, licence } as const; // prettier-ignore
    return await once(api, call, hash, async () => {
      const model = await models
        .add(files[0].path, facts)
        .catch((error: unknown) => {
          // prettier-ignore
          throw refusal(error);
        });
      const body = modelResource(model);
      return { status: 201, headers: { Location: body.links.self }, body };
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function refusal(error: unknown): unknown {
  if (error instanceof TakenModelError)
    return new Problem("conflict", "api: expected an id that no model has, got one that is taken"); // prettier-ignore
  if (error instanceof BadInputError)
    return new Problem("invalid", `api: ${error.message}`);
  return error;
}

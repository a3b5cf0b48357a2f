/** @file The OpenAPI document as tests read it: its operations, for suites that must cover every route there is. */

export interface Schema {
  readonly [keyword: string]: unknown;
}

export interface Operation {
  readonly method: string;
  /** Template: `/v1/jobs/{id}`. */
  readonly path: string;
  /** Of the caller's key; undefined where none is needed. */
  readonly scope: string | undefined;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[]; // prettier-ignore
  /** Schemas of the body by media type. */
  readonly bodies: Readonly<Record<string, Schema>>;
  readonly statuses: readonly number[];
}

export interface ServiceDocument {
  readonly operations: readonly Operation[];
  readonly schemas: Readonly<Record<string, Schema>>;
}

interface Raw {
  readonly "x-scope"?: string;
  readonly parameters?: Operation["parameters"];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Schema }> }; // prettier-ignore
  readonly responses: Readonly<Record<string, unknown>>;
}

export async function readDocument(url: string): Promise<ServiceDocument> {
  const { paths, components } = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, Raw>>;
    components: { schemas: Record<string, Schema> };
  }; // prettier-ignore
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]): Operation => ({
      method: method.toUpperCase(),
      path,
      scope: raw["x-scope"],
      parameters: raw.parameters ?? [],
      bodies: Object.fromEntries(Object.entries(raw.requestBody?.content ?? {}).map(([type, { schema }]) => [type, schema])), // prettier-ignore
      statuses: Object.keys(raw.responses).map(Number),
    })),
  );
  return { operations, schemas: components.schemas };
}

/** Example bodies that the service accepts, by path: what a suite spoils in one place at a time. */
export const acceptable: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "/v1/embeddings": { input: ["MKTAYIAKQR"] },
  "/v1/openai/embeddings": { model: "unirep-ts-64", input: "MKTAYIAKQR" },
  "/v1/embedding-jobs": { sequences: ["MKTAYIAKQR"] },
  "/v1/score-jobs": { sequences: ["MKTAYIAKQR"] },
  "/v1/evotuning-jobs": { sequences: ["MKTAYIAKQR"], model_name: "tuned-by-test" },
  "/v1/sampling-jobs": { sequences: ["MKTAYIAKQR"] },
  "/v1/keys": { name: "made by a test", scopes: ["jobs"] },
}; // prettier-ignore

/** A path with ids in it, as they are sent. */
export const pathOf = (template: string, id: string): string =>
  template.replaceAll(/\{\w+\}/g, encodeURIComponent(id));

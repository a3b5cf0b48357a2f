/** @file The models of a service: the package's own, the published ones that are here, uploaded ones, and those that jobs tuned. */
import type { JobModel } from "../jobs/record.ts";
import type { ModelFile } from "../compute/tasks.ts";

/** A model as the API shows it. */
export interface ModelRecord {
  readonly id: string;
  readonly source: "package" | "published" | "uploaded" | "tuned";
  /** Id of the API key it belongs to; null: everyone may use it. */
  readonly owner: string | null;
  readonly name: string;
  readonly units: number;
  readonly layers: number;
  /** SHA-256 of the parameters (`hashParams`). */
  readonly sha256: string;
  readonly licence: string;
  readonly provenance: string;
  readonly bytes: number;
  readonly createdAt: string | null;
  /** Job that tuned it. */
  readonly job: string | null;
  /** Where its weights lie: a storage key, or null for those of the package or the machine's cache. */
  readonly key: string | null;
}

export interface ModelCatalogue {
  /** Those an owner may use, package and published first. */
  list(owner: string): Promise<readonly ModelRecord[]>;
  /** Null where there is none or it is another's: the two must not be told apart. */
  find(id: string, owner: string): Promise<ModelRecord | null>;
  /**
   * Adds weights that lie in a local safetensors file. Each owner has ids of their own: a TakenModelError where this one,
   * or everyone, has a model of that id; a second addition of the same weights by the same job gives the first. An id or
   * a file that cannot be a model's is a BadInputError. Without a licence it is the file's own word, else unknown.
   */
  add(
    file: string,
    facts: Pick<ModelRecord, "id" | "name" | "owner" | "source" | "job"> & {
      readonly licence?: string | undefined;
      readonly provenance?: string | undefined;
    },
  ): Promise<ModelRecord>;
  /** False where there is none of this owner's (null: of everyone's) to remove. */
  remove(id: string, owner: string | null): Promise<boolean>;
  /** Weights on this machine's disk, fetched from storage where needed and checked against their hash. */
  open(model: JobModel | ModelRecord): Promise<ModelFile>;
}

/** The id asked for is that of another model of this owner or of everyone. */
export class TakenModelError extends Error {
  override readonly name = "TakenModelError";
}

declare module "../store/store.ts" {
  interface Documents {
    model: ModelRecord;
  }
}

/** @file The catalogue of models over store and storage. */
import path from "node:path";
import type { ServiceConfig } from "../config.ts";
import type { Storage } from "../storage/storage.ts";
import type { Store } from "../store/store.ts";
import {
  checkModelId,
  isModelId,
  readCandidate,
  type Terms,
} from "./candidate.ts";
import { TakenModelError, type ModelCatalogue, type ModelRecord } from "./catalogue.ts"; // prettier-ignore
import { isProvidedId, providedModels } from "./provided.ts";
import { weightsFiles, weightsKey } from "./weights-files.ts";

/** No id of an API key; the store's lists know no "without owner". */
const everyone = "*";

/**
 * Added models are documents of kind `model`, their weights files named by the hash of their parameters: equal weights
 * lie in storage once, however many models they are. On this machine, copies are in `dataDir/models`.
 */
export function openCatalogue({
  config,
  store,
  storage,
}: {
  readonly config: Pick<ServiceConfig, "dataDir">;
  readonly store: Store;
  readonly storage: Storage;
}): ModelCatalogue {
  const provided = providedModels();
  const files = weightsFiles(path.join(config.dataDir, "models"), storage);

  const get = (id: string, owner: string | null) =>
    store.get("model", documentId(id, owner));

  async function find(id: string, owner: string): Promise<ModelRecord | null> {
    if (!isModelId(id)) return null;
    return (
      (await provided.find(id)) ??
      (await get(id, owner)) ??
      (await get(id, null))
    );
  }

  async function* documents(owner?: string): AsyncGenerator<ModelRecord> {
    let cursor: string | undefined;
    do {
      const page = await store.list("model", { owner, limit: 100, cursor });
      for (const { value } of page.items) yield value;
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }

  async function isUsed(sha256: string): Promise<boolean> {
    for await (const model of documents())
      if (model.sha256 === sha256) return true;
    return false;
  }

  /** Removes weights that no model has any more. */
  async function removeUnused(sha256: string): Promise<void> {
    if (await isUsed(sha256)) return;
    const key = weightsKey(sha256);
    if ((await storage.size(key)) === null) return;
    // Whoever adds these weights writes the file, then the document, then looks for the file again: seen in this order,
    // either they notice the removal or it is undone here.
    const content = await readAll(storage, key);
    await storage.remove(key);
    if (await isUsed(sha256)) await storage.write(key, content);
    else await files.forget(sha256);
  }

  return {
    async list(owner) {
      const all = await provided.list();
      for await (const model of documents(owner)) all.push(model);
      for await (const model of documents(everyone)) all.push(model);
      const seen = new Set<string>();
      // One's own model comes before everyone's of the same id, as in `find`.
      return all.filter(({ id }) => !seen.has(id) && seen.add(id));
    },

    find,

    async add(file, facts) {
      const { id, name, owner, source, job } = facts;
      checkModelId(id);
      const { config, sha256, content, known, stated } = await readCandidate(
        file,
        id,
      );
      const isSame = (model: ModelRecord | null) =>
        model !== null && job !== null && model.job === job && model.sha256 === sha256; // prettier-ignore
      const before = await find(id, owner ?? everyone);
      if (before && isSame(before)) return before;
      if (before) throw taken(id);
      const key = weightsKey(sha256);
      const { bytes } = await storage.write(key, content);
      const model: ModelRecord = {
        id,
        source,
        owner,
        name,
        units: config.units,
        layers: config.layers,
        sha256,
        ...termsOf(facts, known, stated),
        bytes,
        createdAt: new Date().toISOString(),
        job,
        key,
      };
      const options = { owner: owner ?? everyone };
      if (!(await store.insert("model", documentId(id, owner), model, options))) {
        const other = await get(id, owner);
        if (other && isSame(other)) return other;
        await removeUnused(sha256);
        throw taken(id);
      } // prettier-ignore
      if ((await storage.size(key)) === null) await storage.write(key, content);
      return model;
    },

    async remove(id, owner) {
      if (!isModelId(id)) return false;
      const model = await get(id, owner);
      if (!model) return false;
      // Removed by another meanwhile: theirs is the file, too.
      if (!(await store.remove("model", documentId(id, owner)))) return false;
      await removeUnused(model.sha256);
      return true;
    },

    async open({ id, sha256 }) {
      if (!isProvidedId(id))
        return { id, sha256, weights: await files.open(sha256) };
      const here = await provided.find(id);
      if (here?.sha256 !== sha256)
        throw new Error(
          here
            ? `models: ${id}: expected parameters of SHA-256 ${sha256}, got ${here.sha256} in this version of the package`
            : `models: ${id}: expected the weights in the cache of this machine, got none: run "unirep weights pull ${id}" there`,
        );
      return { id, sha256, weights: id };
    },
  };
}

/** What the registry knows of the parameters is so, whatever the adder and the file say. */
function termsOf(
  facts: Parameters<ModelCatalogue["add"]>[1],
  known: Terms,
  stated: Terms,
): Required<Terms> {
  const unknown = `unknown: ${facts.source}`;
  return {
    licence: known.licence ?? facts.licence ?? stated.licence ?? unknown,
    provenance: known.provenance ?? facts.provenance ?? stated.provenance ?? unknown,
  };
} // prettier-ignore

/** Each owner has names of their own, so that nobody learns of another's by asking for one. */
const documentId = (id: string, owner: string | null): string =>
  `${owner ?? everyone}/${id}`;

const taken = (id: string) =>
  new TakenModelError(`models: expected an id that is free, got ${id}`);

async function readAll(storage: Storage, key: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await storage.read(key))
    chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

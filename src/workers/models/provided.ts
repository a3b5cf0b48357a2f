/** @file Models that nobody added: the package's own, and published ones that are in this machine's cache. */
import { stat } from "node:fs/promises";
import path from "node:path";
import {
  builtInFile,
  builtInIds,
  cacheFolder,
  importedPath,
  isBuiltInId,
  isRegistryId,
  loadWeights,
  models,
  registry,
  registryIds,
  type BuiltInId,
  type RegistryId,
} from "../../unirep/index.ts";
import type { ModelRecord } from "./catalogue.ts";

export interface ProvidedModels {
  /** The package's first. */
  list(): Promise<ModelRecord[]>;
  /** Null for other ids and for published weights that are not here. */
  find(id: string): Promise<ModelRecord | null>;
}

export const isProvidedId = (id: string): boolean =>
  isBuiltInId(id) || isRegistryId(id);

const ofEveryone = { owner: null, createdAt: null, job: null, key: null };

/** Files of the package are read once; the cache is looked at each time, so that weights pulled later are there. */
export function providedModels(): ProvidedModels {
  const own = new Map<BuiltInId, Promise<ModelRecord>>();
  const builtInModel = (id: BuiltInId): Promise<ModelRecord> => {
    const known = own.get(id);
    if (known) return known;
    const reading = readBuiltIn(id);
    own.set(id, reading);
    // A failed reading may be tried again.
    reading.catch(() => own.delete(id));
    return reading;
  };
  return {
    async list() {
      const published = await Promise.all(registryIds.map(publishedModel));
      return [
        ...(await Promise.all(builtInIds.map(builtInModel))),
        ...published.filter((model) => model !== null),
      ];
    },
    async find(id) {
      if (isBuiltInId(id)) return builtInModel(id);
      return isRegistryId(id) ? publishedModel(id) : null;
    },
  };
}

async function readBuiltIn(id: BuiltInId): Promise<ModelRecord> {
  const { config, info } = await loadWeights({ weights: id });
  const { size } = await stat(builtInFile(id));
  return {
    ...ofEveryone,
    id,
    source: "package",
    name: id,
    units: config.units,
    layers: config.layers,
    sha256: info.sha256,
    licence: info.licence,
    provenance: info.provenance,
    bytes: size,
  };
}

/** By the registry's word: whoever loads the weights checks that they have its hash. */
async function publishedModel(id: RegistryId): Promise<ModelRecord | null> {
  const { model, fileName, paramsSha256, licence, provenance } = registry[id];
  const cache = cacheFolder();
  for (const file of [path.join(cache, fileName), importedPath(cache, id)]) {
    const found = await stat(file).catch(() => undefined);
    if (!found) continue;
    return {
      ...ofEveryone,
      id,
      source: "published",
      name: id,
      units: models[model].units,
      layers: models[model].layers,
      sha256: paramsSha256,
      licence,
      provenance,
      bytes: found.size,
    };
  }
  return null;
}

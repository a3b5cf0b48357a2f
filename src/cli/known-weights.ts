/** @file The weights this machine knows: those of the package, the published ones, and those imported into its cache. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import {
  builtInFile,
  builtInIds,
  importedPath,
  isBuiltInId,
  isRegistryId,
  readWeightsFile,
  registry,
  registryIds,
} from "../unirep/index.ts";

export interface KnownWeights {
  readonly id: string;
  /** Of the parameters; null when the file does not state it. */
  readonly sha256: string | null;
  readonly licence: string;
  /** Null for published weights that are not in the cache. */
  readonly path: string | null;
}

/** The package's own weights first, then published ones, then imported ones in order of their names. */
export async function knownWeights(cache: string): Promise<KnownWeights[]> {
  const own = await Promise.all(
    builtInIds.map(async (id): Promise<KnownWeights> => {
      const file = builtInFile(id);
      return { id, ...(await statement(file)), path: file };
    }),
  );
  const published = registryIds.map((id): KnownWeights => {
    const { fileName, paramsSha256, licence } = registry[id];
    const places = [path.join(cache, fileName), importedPath(cache, id)];
    const file = places.find((place) => existsSync(place)) ?? null;
    return { id, sha256: paramsSha256, licence, path: file };
  });
  const names = await readdir(cache).catch(() => []);
  const imported: KnownWeights[] = [];
  for (const name of names.sort()) {
    const id = path.basename(name, ".safetensors");
    if (id === name || isRegistryId(id) || isBuiltInId(id)) continue;
    const file = path.join(cache, name);
    imported.push({ id, ...(await statement(file)), path: file });
  }
  return [...own, ...published, ...imported];
}

/** What a file says of itself; `unirep weights verify` checks it. */
async function statement(
  file: string,
): Promise<Pick<KnownWeights, "sha256" | "licence">> {
  try {
    const { metadata } = await readWeightsFile(file);
    const { params_sha256: sha256, licence } = metadata;
    return { sha256: sha256 ?? null, licence: licence || "unknown" };
  } catch (error) {
    return { sha256: null, licence: `unreadable: ${(error as Error).message}` };
  }
}

/** @file `unirep weights list`: the weights that have a name on every machine, their terms, and where they are. */
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import {
  builtInFile,
  builtInIds,
  cacheFolder,
  hashFile,
  importedPath,
  loadWeights,
  registry,
  registryIds,
  type BuiltInId,
  type RegistryId,
} from "../unirep/index.ts";
import { report } from "./report.ts";

interface Listed {
  readonly id: string;
  readonly model: string;
  readonly bytes: number;
  readonly licence: string;
  readonly licenceUrl: string;
  readonly provenance: string;
  /** Null where there is no paper. */
  readonly citation: string | null;
  readonly sha256: string;
  readonly paramsSha256: string;
  /** Null for published weights that are not in the cache. */
  readonly path: string | null;
}

export async function listWeights({
  json,
}: {
  readonly json?: boolean;
}): Promise<void> {
  const cache = cacheFolder();
  const own = await Promise.all(builtInIds.map(listBuiltIn));
  const weights = [
    ...own,
    ...registryIds.map((id) => listPublished(id, cache)),
  ];
  report(json, { cache, weights }, [
    ...weights.map(({ id, bytes, licence, path: file }) =>
      [
        id.padEnd(12),
        megabytes(bytes).padStart(8),
        licence.padEnd(12),
        file ?? "not in the cache",
      ].join("  "),
    ),
    `cache: ${cache}`,
  ]);
}

async function listBuiltIn(id: BuiltInId): Promise<Listed> {
  const { config, info } = await loadWeights({ weights: id });
  const file = builtInFile(id);
  return {
    id,
    model: config.name,
    bytes: (await stat(file)).size,
    licence: info.licence,
    licenceUrl: "https://www.apache.org/licenses/LICENSE-2.0",
    provenance: info.provenance,
    citation: null,
    sha256: await hashFile(file),
    paramsSha256: info.sha256,
    path: file,
  };
}

function listPublished(id: RegistryId, cache: string): Listed {
  const { urls: _urls, fileName, ...entry } = registry[id];
  const places = [path.join(cache, fileName), importedPath(cache, id)];
  const file = places.find((place) => existsSync(place)) ?? null;
  return { ...entry, path: file };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** @file Published weights into the cache folder. */
import path from "node:path";
import { cacheFolder } from "./cache.ts";
import { download, type DownloadOptions } from "./download.ts";
import { registry, type RegistryEntry, type RegistryId } from "./registry.ts";

export interface PullOptions extends DownloadOptions {
  readonly cache?: string | undefined;
  /** A mirror that holds the registry's files by name, in place of their public URLs. */
  readonly baseUrl?: string | undefined;
}

export interface Pulled {
  readonly entry: RegistryEntry;
  readonly path: string;
  /** False if the file was there already, with the right bytes. */
  readonly downloaded: boolean;
}

/** Downloads the weights of `id` unless the cache has them, byte for byte; see `download` for what can go wrong and how. */
export async function pullWeights(
  id: RegistryId,
  options: PullOptions = {},
): Promise<Pulled> {
  const { cache = cacheFolder(), baseUrl, ...rest } = options;
  const entry = registry[id];
  const target = path.join(cache, entry.fileName);
  const urls = baseUrl
    ? [`${baseUrl.replace(/\/$/, "")}/${entry.fileName}`]
    : entry.urls;
  const downloaded = await download({ ...entry, urls }, target, rest);
  return { entry, path: target, downloaded };
}

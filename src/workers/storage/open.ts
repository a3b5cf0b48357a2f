/** @file The storage that a configuration names. */
import path from "node:path";
import type { ServiceConfig } from "../config.ts";
import { openDirectory } from "./directory.ts";
import type { Storage } from "./storage.ts";

/**
 * `s3://bucket/prefix`, a folder, or by default `files` in the data folder. Rejects with one sentence where it cannot be
 * written to, so that a service does not start with a storage that is not there.
 */
export async function openStorage({
  storageUrl,
  dataDir,
}: Pick<ServiceConfig, "storageUrl" | "dataDir">): Promise<Storage> {
  const url = storageUrl ?? path.join(dataDir, "files");
  const storage = await open(url);
  await storage.ping();
  return storage;
}

async function open(url: string): Promise<Storage> {
  // The SDK takes long to load and most services need none.
  if (url.startsWith("s3://")) return (await import("./s3.ts")).openS3(url);
  // Only the scheme is shown: the rest may hold a password.
  const [scheme] = /^[A-Za-z][A-Za-z0-9+.-]+:\/\//.exec(url) ?? [];
  if (scheme !== undefined)
    throw new RangeError(
      `storage: expected a folder or s3://bucket/prefix, got a URL that begins with ${scheme}`,
    );
  return openDirectory(path.resolve(url));
}

/** @file Where weights live on this machine: the cache folder and the names within it. */
import { homedir } from "node:os";
import path from "node:path";

export interface CacheEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly home: string;
}

/**
 * The weights' cache folder: `UNIREP_CACHE`; else `unirep-ts` under `XDG_CACHE_HOME`; else under the platform's own
 * place for caches (`~/.cache`, `~/Library/Caches`, `%LOCALAPPDATA%`). A relative variable is an Error, since the
 * folder must not depend on where a command is run.
 */
export function cacheFolder(
  { env, platform, home }: CacheEnvironment = {
    env: process.env,
    platform: process.platform,
    home: homedir(),
  },
): string {
  const its = platform === "win32" ? path.win32 : path.posix;
  const given = (name: string): string | undefined => {
    const value = env[name];
    if (!value) return undefined;
    if (!its.isAbsolute(value))
      throw new Error(
        `cache: ${name} must be an absolute path, got "${value}"`,
      );
    return value;
  };
  const own = given("UNIREP_CACHE");
  if (own) return own;
  const xdg = given("XDG_CACHE_HOME");
  if (xdg) return its.join(xdg, "unirep-ts");
  if (platform === "win32")
    return its.join(
      given("LOCALAPPDATA") ?? its.join(home, "AppData", "Local"),
      "unirep-ts",
      "Cache",
    );
  return platform === "darwin"
    ? its.join(home, "Library", "Caches", "unirep-ts")
    : its.join(home, ".cache", "unirep-ts");
}

/** The file that weights imported under `id` take in `cache`; an id that is no plain file name is a TypeError. */
export function importedPath(cache: string, id: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(id)) {
    throw new TypeError(
      `weights: an id must be letters, digits, ".", "_" and "-", at most 100, got "${id}"`,
    );
  }
  return path.join(cache, `${id}.safetensors`);
}

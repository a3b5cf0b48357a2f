/** @file The version of this package, as exported files state it. */
import { createRequire } from "node:module";

/** Asked for by the package's own name, which holds wherever the build puts this file. */
export const packageVersion = (): string =>
  (
    createRequire(import.meta.url)("unirep-ts/package.json") as {
      version: string;
    }
  ).version;

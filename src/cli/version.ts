/** @file The version of this package. */
import { createRequire } from "node:module";

/** Asked for by the package's own name, which holds wherever the build puts this file. */
export function packageVersion(): string {
  const own = createRequire(import.meta.url);
  return (own("unirep-ts/package.json") as { version: string }).version;
}

/** @file Where the program of a compute process lies: beside this file in the sources, in `dist` of the built package. */
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

export interface Entry {
  readonly file: string;
  readonly execArgv: readonly string[];
}

/** Found by the package's own name: the build moves this module to a folder of its choice. */
export function processEntry(): Entry {
  const require = createRequire(import.meta.url);
  const root = path.dirname(require.resolve("unirep-ts/package.json"));
  // Warnings name sequences, and standard error goes to the log; ingest tells the user what they say.
  const quiet = "--no-warnings";
  if (!import.meta.url.endsWith(".ts"))
    return {
      file: path.join(root, "dist/workers/compute/child.js"),
      execArgv: [quiet],
    };
  return {
    file: path.join(root, "src/workers/compute/child.ts"),
    execArgv: [quiet, "--import", pathToFileURL(require.resolve("tsx")).href],
  };
}

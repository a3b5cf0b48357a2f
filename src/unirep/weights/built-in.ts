/** @file The weights that this project has trained itself and that come with the package. */
import { createRequire } from "node:module";
import path from "node:path";
import type { ModelName } from "../model.ts";

/** Ids and models; what else there is to know is in the files themselves and on their cards, `weights/*.md`. */
export const builtIn = {
  "unirep-ts-64": "64",
} as const satisfies Record<string, ModelName>;

export type BuiltInId = keyof typeof builtIn;

export const builtInIds = Object.keys(builtIn) as BuiltInId[];

export const isBuiltInId = (id: string): id is BuiltInId =>
  (builtInIds as readonly string[]).includes(id);

/** The file of these weights, found by the package's own name: that holds wherever the build puts this module. */
export function builtInFile(id: BuiltInId): string {
  const manifest = createRequire(import.meta.url).resolve(
    "unirep-ts/package.json",
  );
  return path.join(path.dirname(manifest), "weights", `${id}.safetensors`);
}

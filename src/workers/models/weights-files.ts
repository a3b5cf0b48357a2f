/** @file Weights of added models: in storage by the hash of their parameters, and copies of them on this machine. */
import { createWriteStream } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { atomically, hashParams, readWeightsFile } from "../../unirep/index.ts";
import type { Storage } from "../storage/storage.ts";

export interface WeightsFiles {
  /** Path of a copy on this machine that has been checked; fetched where there is none. */
  open(sha256: string): Promise<string>;
  /** Removes the copy of this machine. */
  forget(sha256: string): Promise<void>;
}

export const weightsKey = (sha256: string): string =>
  `models/${sha256}.safetensors`;

/** Copies in `folder`. Each is checked once in this process, and fetched again where it is not what it should be. */
export function weightsFiles(folder: string, storage: Storage): WeightsFiles {
  const opening = new Map<string, Promise<string>>();
  const pathOf = (sha256: string) => path.join(folder, `${sha256}.safetensors`);

  async function fetch(sha256: string): Promise<string> {
    const file = pathOf(sha256);
    if ((await hashOf(file)) === sha256) return file;
    await mkdir(folder, { recursive: true });
    const key = weightsKey(sha256);
    await atomically([file], async ([temporary]) => {
      const content = await storage.read(key);
      await pipeline(content, createWriteStream(temporary));
      const found = await hashOf(temporary);
      if (found !== sha256)
        throw new Error(
          `models: ${key}: expected parameters of SHA-256 ${sha256}, got ${found}`,
        );
    });
    return file;
  }

  return {
    async open(sha256) {
      const known = opening.get(sha256);
      if (known && (await exists(await known))) return known;
      // Another caller may have begun meanwhile.
      const begun = opening.get(sha256);
      if (begun && begun !== known) return begun;
      const fetching = fetch(sha256);
      opening.set(sha256, fetching);
      fetching.catch(() => {
        // A failed fetch may be tried again.
        if (opening.get(sha256) === fetching) opening.delete(sha256);
      });
      return fetching;
    },
    async forget(sha256) {
      opening.delete(sha256);
      await rm(pathOf(sha256), { force: true });
    },
  };
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** Of the parameters in `file`, or a word for what is wrong with it. */
async function hashOf(file: string): Promise<string> {
  if (!(await exists(file))) return "no file";
  try {
    return hashParams((await readWeightsFile(file)).params);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return `a damaged file (${error.message.replaceAll(`${file}: `, "")})`;
  }
}

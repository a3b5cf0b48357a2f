/** @file Results of sequences that a process has computed before, as many as fit a number of bytes. */
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { UniRep } from "../../unirep/index.ts";
import type { ResultCache } from "./task-context.ts";
import type { Represented } from "./tasks.ts";

export interface CountingCache extends ResultCache {
  readonly hits: number;
  readonly misses: number;
}

/** What an entry costs beside its numbers: three arrays, a key, and its places in the maps. */
const entryBytes = 1000;

/** The least recently used results go first; a cache of 0 bytes keeps and counts nothing. */
export function createCache(bytes: number): CountingCache {
  if (bytes === 0)
    return { hits: 0, misses: 0, get: () => undefined, set: () => {} };
  const kept = new LRUCache<string, Represented>({
    maxSize: bytes,
    sizeCalculation: ({ hAvg, hFinal, cFinal }) =>
      entryBytes + hAvg.byteLength + hFinal.byteLength + cFinal.byteLength,
  });
  let [hits, misses] = [0, 0];
  return {
    get hits() {
      return hits;
    },
    get misses() {
      return misses;
    },
    get(model, sequence) {
      const value = kept.get(keyOf(model, sequence));
      if (value) hits++;
      else misses++;
      return value;
    },
    set(model, sequence, { hAvg, hFinal, cFinal }) {
      kept.set(keyOf(model, sequence), { hAvg, hFinal, cFinal });
    },
  };
}

/** A hash of fixed length: a key costs the same for a protein of any length. */
const keyOf = ({ info, precision }: UniRep, sequence: string): string =>
  createHash("sha256")
    .update(`${info.sha256} ${precision} ${sequence}`)
    .digest("base64");

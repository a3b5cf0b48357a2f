/** @file Storage in a directory: of one machine, or one that several mount. */
import { constants } from "node:fs";
import { mkdir, open, readdir, realpath, rename, rm } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { diskError } from "../../unirep/index.ts";
import { measured } from "./content.ts";
import { lookUp, makeFolders, pruneFolders, syncFolder } from "./folders.ts";
import { checkKey, checkRange, isKey, MissingFileError, type Storage } from "./storage.ts"; // prettier-ignore
import { openTemporaries } from "./temporaries.ts";

/** No key: "+" is not allowed in one, so that a file being written is never seen. */
const temporaryFolder = "+tmp";

/** Storage in `folder`, which is made; files that killed processes were writing are removed. */
export async function openDirectory(folder: string): Promise<Storage> {
  await onDisk(folder, () => makeRoot(folder));
  const root = await realpath(folder);
  const temporaries = await onDisk(folder, () =>
    openTemporaries(path.join(root, temporaryFolder)),
  );

  async function withTemporary<T>(
    write: (temporary: string) => Promise<T>,
  ): Promise<T> {
    const temporary = temporaries.take();
    try {
      return await write(temporary);
    } finally {
      await temporaries.release(temporary);
    }
  }

  return {
    async write(key, content, { signal } = {}) {
      checkKey(key);
      const { chunks, stored } = measured(content, signal);
      return withTemporary(async (temporary) => {
        await writeSynced(temporary, chunks, key);
        signal?.throwIfAborted();
        await onDisk(key, () => moveTo(root, key, temporary));
        return stored();
      });
    },

    async read(key, range = {}) {
      checkKey(key);
      const { start, end } = checkRange(range, key);
      const found = await lookUp(root, key);
      if (!found?.stats.isFile()) throw missing(key);
      // The file may be removed or replaced meanwhile: what has been opened is read, whole.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW;
      const handle = await open(found.file, flags).catch((error: unknown) => {
        throw isGone(error) ? missing(key) : error;
      });
      if (start < end) return handle.createReadStream({ start, end: end - 1 });
      await handle.close();
      return Readable.from([]);
    },

    async size(key) {
      checkKey(key);
      const found = await lookUp(root, key);
      return found?.stats.isFile() ? found.stats.size : null;
    },

    async list(prefix) {
      checkKey(prefix);
      const found = await lookUp(root, prefix);
      if (!found?.stats.isDirectory()) return [];
      const keys: string[] = [];
      await collect(found.file, prefix, keys);
      return keys.sort();
    },

    async remove(keyOrPrefix) {
      checkKey(keyOrPrefix);
      const found = await lookUp(root, keyOrPrefix);
      if (!found) return;
      await rm(found.file, {
        recursive: true,
        force: true,
        maxRetries: 5, // a folder that another process is writing into
        retryDelay: 20,
      });
      await pruneFolders(root, keyOrPrefix);
    },

    async ping() {
      await withTemporary((temporary) =>
        writeSynced(temporary, [Uint8Array.of(0)], folder),
      );
    },
  };
}

async function makeRoot(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new Error(`storage: expected a folder, got a file at ${folder}`, {
      cause: error,
    });
  }
}

const missing = (key: string) =>
  new MissingFileError(`storage: there is no file ${key}`);

async function writeSynced(
  file: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  name: string,
): Promise<void> {
  const handle = await onDisk(name, () => open(file, "wx"));
  try {
    // Only the disk's own errors speak of the disk: the content may fail with the same codes.
    for await (const chunk of chunks)
      await onDisk(name, () => handle.writeFile(chunk));
    await onDisk(name, () => handle.sync());
  } finally {
    await handle.close();
  }
}

async function moveTo(root: string, key: string, from: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const to = await makeFolders(root, key);
      await rename(from, to);
      break;
    } catch (error) {
      // A neighbour's removal may have pruned a folder that was just found or made.
      if (!isGone(error) || attempt === 20) throw error;
    }
  }
  try {
    await syncFolder(path.dirname(path.join(root, key)));
  } catch (error) {
    // Removed already, file and folder.
    if (!isGone(error)) throw error;
  }
}

const isGone = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException).code === "ENOENT";

async function collect(
  folder: string,
  prefix: string,
  keys: string[],
): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(
    (error: unknown) => {
      if (isGone(error)) return [];
      throw error;
    },
  );
  for (const entry of entries) {
    const key = `${prefix}/${entry.name}`;
    if (entry.isDirectory())
      await collect(path.join(folder, entry.name), key, keys);
    // Links, sockets and names that no key has were not put here by a storage.
    else if (entry.isFile() && isKey(key)) keys.push(key);
  }
}

async function onDisk<T>(name: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw diskError(error, name);
  }
}

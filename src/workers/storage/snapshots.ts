/** @file A local folder kept in storage as one consistent whole, so that work goes on from it on any machine. */
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { hashFile } from "../../unirep/index.ts";
import { measured } from "./content.ts";
import { checkKey, isKey, MissingFileError, type Storage } from "./storage.ts"; // prettier-ignore

/** Where the snapshots of one unit of work lie, and whose they are. */
export interface SnapshotPlace {
  readonly storage: Storage;
  /** Of this unit alone: `jobs/<job id>/snapshots/<unit>`. */
  readonly prefix: string;
  /** Of the activation that saves. */
  readonly fence: number;
}

/**
 * The files of a folder, as `saveFolder` gives them: a small JSON value. It is the snapshot: files in storage that no kept
 * value names do not count, so that a torn upload is never seen.
 */
export type Snapshot = z.infer<typeof snapshotSchema>;

const key = z.string().refine(isKey);
export const snapshotSchema = z.strictObject({
  files: z.array(
    z.strictObject({
      /** Within the folder, with `/` between. */
      path: key,
      key,
      bytes: z.number().int().min(0),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});
type SnapshotFile = Snapshot["files"][number];

/**
 * Uploads the files of `folder` that differ from those of `before`, the snapshot kept last, and names all of them. Nobody
 * may write in the folder meanwhile: a file that changes is an Error. Locks and unfinished files of the library stay away.
 * Keep the value next, then call `removeSuperseded`.
 */
export async function saveFolder(
  { storage, prefix, fence }: SnapshotPlace,
  folder: string,
  before: Snapshot | null,
  signal?: AbortSignal,
): Promise<Snapshot> {
  // Never a name that was there before: an earlier upload may be kept although its activation has not heard so.
  const place = `${prefix}/${fence}-${randomBytes(6).toString("hex")}`;
  const known = new Map(before?.files.map((file) => [file.path, file]));
  const files: SnapshotFile[] = [];
  for (const name of await filesIn(folder)) {
    const local = path.join(folder, name);
    const sha256 = await hashFile(local);
    const old = known.get(name);
    if (old?.sha256 === sha256) {
      files.push(old);
      continue;
    }
    const key = `${place}/${name}`;
    const stored = await storage.write(key, createReadStream(local), {
      signal,
    });
    if (stored.sha256 !== sha256)
      throw new Error(
        `snapshot: ${name}: expected a file at rest, got one that changed while it was saved`,
      );
    files.push({ path: name, key, ...stored });
  }
  return { files };
}

/**
 * Removes what earlier snapshots of the unit, and uploads that were never kept, have left. Only for the activation that
 * has just kept `kept`; files of a later one stay, should this one have been asleep since.
 */
export async function removeSuperseded(
  { storage, prefix, fence }: SnapshotPlace,
  kept: Snapshot,
): Promise<void> {
  const named = new Set(kept.files.map(({ key }) => key));
  for (const key of await storage.list(prefix)) {
    const owner = Number(/^(\d+)-/.exec(key.slice(prefix.length + 1))?.[1]);
    if (owner <= fence && !named.has(key)) await storage.remove(key);
  }
}

/** Storage has lost what a snapshot names: no repetition brings it back. */
export class DamagedSnapshotError extends Error {
  override readonly name = "DamagedSnapshotError";
}

/**
 * Brings `folder`, which must be empty or not there, to the state of `snapshot`. A file that is missing or not the one that
 * was saved is a DamagedSnapshotError naming it.
 */
export async function restoreFolder(
  storage: Storage,
  snapshot: Snapshot,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const [found] = await readdir(folder);
  if (found !== undefined)
    throw new Error(
      `snapshot: expected an empty folder to restore into, got one that holds ${found}`,
    );
  for (const file of snapshot.files) {
    checkKey(file.path);
    const local = path.join(folder, file.path);
    await mkdir(path.dirname(local), { recursive: true });
    const content = measured(await readSaved(storage, file), signal);
    await writeFile(local, content.chunks);
    const { bytes, sha256 } = content.stored();
    if (sha256 !== file.sha256)
      throw new DamagedSnapshotError(
        `snapshot: ${file.path}: expected ${file.bytes} bytes of SHA-256 ${file.sha256}, got ${bytes} of ${sha256} in ${file.key}`,
      );
  }
}

const readSaved = (storage: Storage, { path: name, key }: SnapshotFile) =>
  storage.read(key).catch((error: unknown) => {
    if (!(error instanceof MissingFileError)) throw error;
    throw new DamagedSnapshotError(
      `snapshot: ${name}: expected the file that was saved, got none at ${key}`,
      { cause: error },
    );
  });

/** Paths within `folder`, in order, of what a later activation needs. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, {
    recursive: true,
    withFileTypes: true,
  });
  const names: string[] = [];
  for (const entry of entries) {
    if (entry.isDirectory() || isOfAProcess(entry.name)) continue;
    const name = path
      .relative(folder, path.join(entry.parentPath, entry.name))
      .replaceAll(path.sep, "/");
    checkKey(name);
    if (!entry.isFile())
      throw new Error(
        `snapshot: ${name}: expected a file, got a link or a device`,
      );
    names.push(name);
  }
  return names.sort();
}

/** Locks (`lockFolder`) and unfinished files (`atomically`) mean nothing on another machine or after a kill. */
const isOfAProcess = (name: string): boolean =>
  /^lock\.\d+$|\.[0-9a-f]{12}\.tmp$/.test(name);

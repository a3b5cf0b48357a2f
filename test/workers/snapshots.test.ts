/** @file Snapshots of a folder: whole or not at all, from the newest activation only, and no more than needed. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises"; // prettier-ignore
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDirectory } from "../../src/workers/storage/directory.ts";
import { removeSuperseded, restoreFolder, saveFolder, snapshotSchema, type Snapshot } from "../../src/workers/storage/snapshots.ts"; // prettier-ignore
import type { Storage } from "../../src/workers/storage/storage.ts";

const prefix = "jobs/j1/snapshots/trial-2";
let root: string;
let storage: Storage;
let work: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "snapshots-"));
  storage = await openDirectory(path.join(root, "files"));
  work = path.join(root, "work");
  await put({ "study.jsonl": "1\n", "trial-2/fold-0/last.safetensors": "w0" });
});
afterEach(() => rm(root, { recursive: true }));

async function put(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(work, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}

async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }); // prettier-ignore
  const files: Record<string, string> = {};
  for (const entry of entries) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile())
      files[path.relative(folder, file)] = await readFile(file, "utf8");
  }
  return files;
}

let restored = 0;
async function restore(snapshot: Snapshot): Promise<Record<string, string>> {
  const folder = path.join(root, `restored-${restored++}`);
  await restoreFolder(storage, snapshot, folder);
  return contents(folder);
}

const place = (fence: number) => ({ storage, prefix, fence });

describe("a snapshot", () => {
  test("brings the folder back as it was, also after a journey as JSON", async () => {
    const before = await contents(work);
    const saved = await saveFolder(place(1), work, null);
    const snapshot = snapshotSchema.parse(JSON.parse(JSON.stringify(saved)));
    await put({ "study.jsonl": "1\n2\n", extra: "x" });
    expect(await restore(snapshot)).toEqual(before);
    await restoreFolder(storage, snapshot, path.join(root, "new/folder"));
  });

  test("of an empty folder is an empty folder", async () => {
    await rm(work, { recursive: true });
    await mkdir(work);
    expect(await restore(await saveFolder(place(1), work, null))).toEqual({});
  });

  test("uploads only what has changed since the one before, and follows what is gone", async () => {
    const first = await saveFolder(place(1), work, null);
    await put({ "study.jsonl": "1\n2\n", "trial-3/new": "n" });
    const second = await saveFolder(place(1), work, first);
    expect(await storage.list(prefix)).toHaveLength(4);
    await rm(path.join(work, "trial-2"), { recursive: true });
    const third = await saveFolder(place(2), work, second);
    expect(await storage.list(prefix)).toHaveLength(4);
    expect(await restore(third)).toEqual(await contents(work));
    expect(Object.keys(await restore(first))).toHaveLength(2);
  });

  test("superseded ones leave nothing that the kept one does not name", async () => {
    let kept = await saveFolder(place(1), work, null);
    for (const round of [1, 2, 3]) {
      await put({ "study.jsonl": `${round}\n` });
      kept = await saveFolder(place(round), work, kept);
      await removeSuperseded(place(round), kept);
    }
    expect(await storage.list(prefix)).toEqual(
      kept.files.map(({ key }) => key).sort(),
    );
    expect(await restore(kept)).toEqual(await contents(work));
  });

  test("a torn upload is not seen, and its files go with the next one that is kept", async () => {
    const kept = await saveFolder(place(1), work, null);
    const before = await contents(work);
    await put({ "study.jsonl": "torn", "trial-2/fold-0/last.safetensors": "torn" }); // prettier-ignore
    const failing: Storage = {
      ...storage,
      write: (key, content, options) =>
        key.endsWith("last.safetensors")
          ? Promise.reject(new Error("the storage is away"))
          : storage.write(key, content, options),
    };
    await expect(
      saveFolder({ ...place(1), storage: failing }, work, kept),
    ).rejects.toThrow("the storage is away");
    expect(await storage.list(prefix)).toHaveLength(3);
    expect(await restore(kept)).toEqual(before);
    const next = await saveFolder(place(2), work, kept);
    await removeSuperseded(place(2), next);
    expect(await storage.list(prefix)).toHaveLength(2);
  });

  test("one saved again under the same fence never overwrites one that may have been kept", async () => {
    const first = await saveFolder(place(1), work, null);
    const before = await contents(work);
    await put({ "study.jsonl": "2\n" });
    await saveFolder(place(1), work, null);
    expect(await restore(first)).toEqual(before);
  });

  test("an activation that slept does not remove what a later one has kept", async () => {
    const first = await saveFolder(place(1), work, null);
    await put({ "study.jsonl": "2\n" });
    const second = await saveFolder(place(2), work, first);
    await removeSuperseded(place(1), first);
    expect(await restore(second)).toEqual(await contents(work));
  });

  test("the locks and unfinished files of a process stay away", async () => {
    await put({ "lock.1": "{}", "trial-2/lock.12": "{}", "a.csv.0123456789ab.tmp": "torn", "lock.txt": "kept" }); // prettier-ignore
    const { files } = await saveFolder(place(1), work, null);
    expect(files.map((file) => file.path)).toEqual([
      "lock.txt",
      "study.jsonl",
      "trial-2/fold-0/last.safetensors",
    ]);
  });

  test("a file that changes while it is saved is refused", async () => {
    const busy: Storage = {
      ...storage,
      async write(key, content, options) {
        await put({ "study.jsonl": "1\n2\n" });
        return storage.write(key, content, options);
      },
    };
    await expect(
      saveFolder({ ...place(1), storage: busy }, work, null),
    ).rejects.toThrow(
      "snapshot: study.jsonl: expected a file at rest, got one that changed while it was saved",
    );
  });

  test("an abort ends saving and restoring with its reason", async () => {
    const kept = await saveFolder(place(1), work, null);
    const signal = AbortSignal.abort(new Error("cancelled"));
    await put({ "study.jsonl": "2\n" });
    await expect(saveFolder(place(1), work, kept, signal)).rejects.toThrow(
      "cancelled",
    );
    await expect(
      restoreFolder(storage, kept, path.join(root, "r"), signal),
    ).rejects.toThrow("cancelled");
  });

  test("a link in the folder, or a name that no key can have, is refused", async () => {
    await symlink("/etc/passwd", path.join(work, "link"));
    await expect(saveFolder(place(1), work, null)).rejects.toThrow(
      "snapshot: link: expected a file, got a link or a device",
    );
    await rm(path.join(work, "link"));
    await put({ "a b": "x" });
    await expect(saveFolder(place(1), work, null)).rejects.toThrow(TypeError);
  });

  test("a file that is not the one that was saved is named", async () => {
    const kept = await saveFolder(place(1), work, null);
    const [{ key, sha256 }] = kept.files;
    await storage.write(key, new TextEncoder().encode("other"));
    await expect(restore(kept)).rejects.toThrow(
      `snapshot: study.jsonl: expected 2 bytes of SHA-256 ${sha256}, got 5 of `,
    );
    await storage.remove(key);
    await expect(restore(kept)).rejects.toThrow(
      `snapshot: study.jsonl: expected the file that was saved, got none at ${key}`,
    );
  });

  test("is not mixed with what is there already", async () => {
    const kept = await saveFolder(place(1), work, null);
    await expect(restoreFolder(storage, kept, work)).rejects.toThrow(
      /^snapshot: expected an empty folder to restore into, got one that holds /,
    );
  });

  test.each([
    { path: "../out", key: "a" },
    { path: "/etc/passwd", key: "a" },
    { path: "a", key: "../a" },
    { path: "a", key: "a", sha256: "x" },
    { path: "a", key: "a", more: 1 },
  ])("a value such as %j is none", (file) => {
    const whole = { bytes: 1, sha256: "0".repeat(64), ...file };
    expect(snapshotSchema.safeParse({ files: [whole] }).success).toBe(false);
  });
});

/** @file Storage: one suite over the directory and the object store, and what each must also withstand. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, utimes, writeFile } from "node:fs/promises"; // prettier-ignore
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest"; // prettier-ignore
import { openDirectory } from "../../src/workers/storage/directory.ts";
import { openStorage } from "../../src/workers/storage/open.ts";
import { MissingFileError, type Storage } from "../../src/workers/storage/storage.ts"; // prettier-ignore
import { startS3, type S3Server } from "./s3-server.ts";

let folder: string;
let s3: S3Server;
let storage: Storage;

beforeAll(async () => {
  s3 = await startS3();
  for (const [name, value] of Object.entries(s3.env)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await s3.close();
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(await realpath(tmpdir()), "storage-"));
});
afterEach(async () => {
  s3.fault = () => "none";
  s3.objects.clear();
  s3.uploads.clear();
  s3.requests.length = 0;
  await rm(folder, { recursive: true });
});

const text = (content: string) => new TextEncoder().encode(content);
const sha256 = (content: Uint8Array) =>
  createHash("sha256").update(content).digest("hex");
const readText = async (
  key: string,
  range?: { start?: number; end?: number },
) => (await buffer(await storage.read(key, range))).toString();
/** Everything that lies in the medium, whatever the storage shows. */
const inDirectory = async () => {
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  return all.flatMap((entry) =>
    entry.isDirectory() && entry.name === "+tmp"
      ? []
      : [path.relative(folder, path.join(entry.parentPath, entry.name))],
  );
};

async function* slowly(...chunks: readonly (string | Error)[]) {
  for (const chunk of chunks) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (chunk instanceof Error) throw chunk;
    yield text(chunk);
  }
}

const kinds = [
  {
    kind: "directory",
    open: () => openDirectory(folder),
    left: async () => inDirectory(),
  },
  {
    kind: "object store",
    open: () => openStorage({ storageUrl: s3.url, dataDir: folder }),
    left: () =>
      Promise.resolve([
        ...[...s3.objects.keys()].filter((key) => !key.endsWith("/.ping")),
        ...s3.uploads.keys(),
      ]),
  },
];

describe.each(kinds)("storage in a(n) $kind", ({ open, left }) => {
  beforeEach(async () => {
    storage = await open();
  });

  test("gives back what was written, with its size and SHA-256, whatever carried it", async () => {
    const content = randomBytes(300_000);
    const halves = [content.subarray(0, 1000), content.subarray(1000)];
    const expected = { bytes: content.length, sha256: sha256(content) };
    expect(await storage.write("a/bytes", content)).toEqual(expected);
    expect(await storage.write("a/stream", Readable.from(halves))).toEqual(
      expected,
    );
    for (const key of ["a/bytes", "a/stream"]) {
      expect(await storage.size(key)).toBe(content.length);
      expect(content.equals(await buffer(await storage.read(key)))).toBe(true);
    }
  });

  test("keeps an empty file", async () => {
    expect((await storage.write("empty", new Uint8Array())).bytes).toBe(0);
    expect(await storage.size("empty")).toBe(0);
    expect(await readText("empty")).toBe("");
    await storage.write("none", slowly());
    expect(await storage.size("none")).toBe(0);
  });

  test("replaces a file whole", async () => {
    await storage.write("a", text("a longer text"));
    await storage.write("a", text("short"));
    expect(await readText("a")).toBe("short");
  });

  test.each([
    [{}, "0123456789"],
    [{ start: 3 }, "3456789"],
    [{ end: 4 }, "0123"],
    [{ start: 3, end: 4 }, "3"],
    [{ start: 8, end: 1000 }, "89"],
    [{ start: 4, end: 4 }, ""],
    [{ start: 10 }, ""],
    [{ start: 1000, end: 2000 }, ""],
  ])("reads the range %j as %j", async (range, expected) => {
    await storage.write("digits", text("0123456789"));
    expect(await readText("digits", range)).toBe(expected);
  });

  test.each([[{ start: -1 }], [{ end: 1.5 }], [{ start: NaN }]])(
    "refuses the range %j",
    async (range) => {
      await storage.write("digits", text("0123456789"));
      await expect(storage.read("digits", range)).rejects.toThrow(RangeError);
    },
  );

  test("says that a file is missing, and of which key", async () => {
    await storage.write("a/b", text("x"));
    for (const key of ["c", "a", "a/b/c", "a/bb"]) {
      expect(await storage.size(key)).toBeNull();
      const error = await storage.read(key).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(MissingFileError);
      expect((error as Error).message).toContain(key);
    }
    await expect(storage.read("c", { start: 2, end: 1 })).rejects.toThrow(
      MissingFileError,
    );
  });

  test("lists what lies under a prefix, in order, and nothing beside it", async () => {
    const keys = [
      "a/b/c",
      "a/b-1",
      "a/b.1",
      "a/B",
      "a/10",
      "a/9",
      "ab/c",
      "a-",
    ];
    for (const key of keys) await storage.write(key, text(key));
    const under = keys.filter((key) => key.startsWith("a/")).sort();
    expect(await storage.list("a")).toEqual(under);
    expect(await storage.list("a/b")).toEqual(["a/b/c"]);
    expect(await storage.list("a/b-1")).toEqual([]);
    expect(await storage.list("missing")).toEqual([]);
  });

  test("removes a file or all under a prefix, leaves nothing of it and does not touch neighbours", async () => {
    const keys = ["a/b/c", "a/b/d/e", "a/bb", "x"];
    for (const key of keys) await storage.write(key, text(key));
    await storage.remove("a/b");
    expect(await storage.list("a")).toEqual(["a/bb"]);
    await storage.remove("a/bb");
    await storage.remove("a/bb");
    await storage.remove("never/there");
    expect((await left()).map((key) => path.basename(key))).toEqual(["x"]);
  });

  test("leaves nothing, and the old file as it was, when the content fails", async () => {
    await storage.write("old", text("old"));
    const content = () => slowly("new", new Error("the upload broke"));
    await expect(storage.write("old", content())).rejects.toThrow(
      "the upload broke",
    );
    await expect(storage.write("new/file", content())).rejects.toThrow(
      "the upload broke",
    );
    expect(await readText("old")).toBe("old");
    expect((await left()).map((key) => path.basename(key))).toEqual(["old"]);
  });

  test("an abort ends a write that waits for content, with the abort's reason", async () => {
    const stop = new AbortController();
    const waiting = new Readable({ read: () => undefined });
    waiting.push("begun");
    const { signal } = stop;
    const writing = storage.write("a/b", waiting, { signal });
    const never = storage.write(
      "a/c",
      (async function* () {
        yield text("begun");
        await new Promise(() => undefined);
      })(),
      { signal },
    );
    setTimeout(() => stop.abort(new RangeError("the client has gone")), 30);
    // Together: both end at the same abort, in an order of their own.
    await Promise.all([
      expect(writing).rejects.toThrow("the client has gone"),
      expect(never).rejects.toThrow("the client has gone"),
    ]);
    await expect(
      storage.write("a/d", text("late"), { signal }),
    ).rejects.toThrow("the client has gone");
    expect(waiting.destroyed).toBe(true);
    expect(await left()).toEqual([]);
  });

  test("many writers of one key leave one of their files, whole", async () => {
    const contents = Array.from({ length: 20 }, (_, k) =>
      String(k).padStart(2, "0").repeat(5000),
    );
    await Promise.all(contents.map((c) => storage.write("one", text(c))));
    expect(contents).toContain(await readText("one"));
  });

  test("writers and removers of neighbours do not disturb each other", async () => {
    await Promise.all(
      Array.from({ length: 30 }, async (_, k) => {
        const key = `deep/er/file-${k}`;
        await storage.write(key, text(key));
        if (k % 2 === 0) await storage.remove(key);
      }),
    );
    expect(await storage.list("deep")).toHaveLength(15);
  });

  test.each([
    "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../../b", "a/./b", "a\\b",
    "a b", "a\0b", "ä", "a:b", "+tmp/a", `${"a".repeat(201)}`,
  ])("refuses the key %j everywhere", async (key) => {
    const all = [
      () => storage.write(key, text("x")),
      () => storage.read(key),
      () => storage.size(key),
      () => storage.list(key),
      () => storage.remove(key),
    ];
    for (const act of all) await expect(act()).rejects.toThrow(TypeError);
    expect(await left()).toEqual([]);
  }); // prettier-ignore

  test("answers a ping and shows no trace of it", async () => {
    await storage.ping();
    expect(await left()).toEqual([]);
  });
});

describe("storage in a directory", () => {
  beforeEach(async () => {
    storage = await openDirectory(folder);
  });

  test("follows no link, neither out nor within", async () => {
    const outside = await mkdtemp(path.join(tmpdir(), "outside-"));
    try {
      await writeFile(path.join(outside, "secret"), "secret");
      await storage.write("own/file", text("own"));
      await symlink(outside, path.join(folder, "out"));
      await symlink(path.join(outside, "secret"), path.join(folder, "own/s"));
      await symlink("own", path.join(folder, "within"));
      for (const key of ["out/secret", "own/s", "within/file"]) {
        await expect(storage.read(key)).rejects.toThrow("symbolic link");
        await expect(storage.size(key)).rejects.toThrow("symbolic link");
      }
      for (const key of ["out/new", "out/deep/new", "within/new"])
        await expect(storage.write(key, text("x"))).rejects.toThrow(
          "symbolic link",
        );
      await expect(storage.list("out")).rejects.toThrow("symbolic link");
      await expect(storage.remove("out/secret")).rejects.toThrow(
        "symbolic link",
      );
      expect(await storage.list("own")).toEqual(["own/file"]);
      // A link in the place of a file is replaced, what it leads to stays.
      await storage.write("own/s", text("mine"));
      expect(await readText("own/s")).toBe("mine");
      await storage.remove("own");
      expect(await readdir(outside)).toEqual(["secret"]);
      expect(await readFile(path.join(outside, "secret"), "utf8")).toBe(
        "secret",
      );
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  test("removes at opening what dead processes were writing, and nothing else", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    const host = hostname().replace(/[^A-Za-z0-9-]/g, "");
    const names = {
      dead: `${host}.${child.pid}.0123456789ab`,
      before: `${host}.${process.pid}.0123456789ab`,
      alive: `${host}.${process.ppid}.0123456789ab`,
      elsewhere: `other-host.${child.pid}.0123456789ab`,
      forgotten: `other-host.1.0123456789ab`,
    };
    const temporaries = path.join(folder, "+tmp");
    for (const name of Object.values(names))
      await writeFile(path.join(temporaries, name), "torn");
    const old = new Date(Date.now() - 25 * 3600 * 1000);
    await utimes(path.join(temporaries, names.forgotten), old, old);
    let began = () => undefined as void;
    const begun = new Promise<void>((resolve) => (began = resolve));
    const stop = new AbortController();
    const writing = storage.write(
      "mine",
      (async function* () {
        yield text("x");
        began();
        await new Promise(() => undefined);
      })(),
      { signal: stop.signal },
    );
    await begun;
    await openDirectory(folder);
    const kept = await readdir(temporaries);
    expect(kept).toHaveLength(3);
    expect(kept).toEqual(
      expect.arrayContaining([names.alive, names.elsewhere]),
    );
    stop.abort(new Error("enough"));
    await expect(writing).rejects.toThrow("enough");
    expect(await readdir(temporaries)).toHaveLength(2);
  });

  test("a killed writer leaves no file that anyone sees", async () => {
    const script = `
      import { openDirectory } from ${JSON.stringify(path.resolve("src/workers/storage/directory.ts"))};
      const storage = await openDirectory(${JSON.stringify(folder)});
      await storage.write("whole", new Uint8Array(10));
      await storage.write("torn", (async function* () {
        for (;;) {
          yield new Uint8Array(100_000);
          process.stdout.write(".");
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })());`;
    const child = spawn(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", script],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await storage.size("whole")).toBe(10);
    expect(await storage.size("torn")).toBeNull();
    expect(await readdir(path.join(folder, "+tmp"))).toHaveLength(1);
    await openDirectory(folder);
    expect(await readdir(path.join(folder, "+tmp"))).toEqual([]);
  });

  test("a disk that is full is one sentence that says so, and leaves nothing", async ({
    skip,
  }) => {
    const full = await smallDisk(folder);
    if (typeof full === "string") return skip(full);
    try {
      const small = await openDirectory(full.path);
      await small.write("a/kept", text("kept"));
      const content = Readable.from(
        Array.from({ length: 40 }, () => new Uint8Array(100_000)),
      );
      await expect(small.write("a/big", content)).rejects.toThrow(
        /^cannot write a\/big: the disk is full \(ENOSPC\)$/,
      );
      expect(await small.list("a")).toEqual(["a/kept"]);
      expect(await readdir(path.join(full.path, "+tmp"))).toEqual([]);
      await small.write("a/after", text("there is room again"));
    } finally {
      await full.release();
    }
  });

  test("a link may lead to the directory itself", async () => {
    const link = `${folder}-link`;
    await symlink(folder, link);
    try {
      storage = await openDirectory(link);
      await storage.write("a/b", text("x"));
      expect(await readText("a/b")).toBe("x");
      expect((await lstat(link)).isSymbolicLink()).toBe(true);
    } finally {
      await rm(link);
    }
  });

  test("what stands in the way of a file is named", async () => {
    await storage.write("a", text("x"));
    await expect(storage.write("a/b", text("x"))).rejects.toThrow(
      /^cannot write a\/b: its folder is not a folder \(ENOTDIR\)$/,
    );
    await mkdir(path.join(folder, "c"));
    await expect(storage.write("c", text("x"))).rejects.toThrow(
      /^cannot write c: it is a folder \(EISDIR\)$/,
    );
  });
});

describe("storage in an object store", () => {
  beforeEach(async () => {
    storage = await openStorage({ storageUrl: s3.url, dataDir: folder });
    s3.requests.length = 0;
  });
  const large = () =>
    Readable.from(
      Array.from({ length: 45 }, (_, k) => Buffer.alloc(2 ** 20, k)),
    );
  const called = (method: string) =>
    s3.requests.filter((request) => request.startsWith(method));

  test("keeps its files under the prefix and its own names", async () => {
    await storage.write("a/b", text("x"));
    expect([...s3.objects.keys()].sort()).toEqual([
      "unirep/test/.ping",
      "unirep/test/a/b",
    ]);
  });

  test("sends a large file in parts and puts them together in order", async () => {
    const stored = await storage.write("large", large());
    expect(called("PUT")).toHaveLength(3);
    expect(stored.bytes).toBe(45 * 2 ** 20);
    expect(sha256(s3.objects.get("unirep/test/large") as Buffer)).toBe(
      stored.sha256,
    );
    expect(s3.uploads.size).toBe(0);
  });

  test("removes the parts of a write that is aborted", async () => {
    const stop = new AbortController();
    async function* content() {
      yield* large();
      await new Promise((resolve) => setTimeout(resolve, 20));
      stop.abort(new Error("cancelled"));
      await new Promise(() => undefined);
    }
    await expect(
      storage.write("large", content(), { signal: stop.signal }),
    ).rejects.toThrow("cancelled");
    expect(called("PUT").length).toBeGreaterThan(0);
    expect(s3.uploads.size).toBe(0);
    expect(s3.objects.has("unirep/test/large")).toBe(false);
  });

  test("tries again where the store stumbles, and gives up where it refuses", async () => {
    let stumbles = 2;
    s3.fault = (request) =>
      request.startsWith("PUT") && stumbles-- > 0 ? "error" : "none";
    await storage.write("a", text("x"));
    s3.fault = () => "refuse";
    await expect(storage.write("b", text("x"))).rejects.toThrow(
      /^storage: s3:\/\/lab-files\/unirep\/test: cannot write b: Access Denied$/,
    );
    await expect(storage.read("a")).rejects.toThrow(/cannot read a: Access/);
    await expect(storage.ping()).rejects.toThrow(/cannot write \.ping: Access/);
    await expect(storage.size("a")).rejects.toThrow(/cannot look for a/);
  });

  test("removes the parts of a large write when one is refused", async () => {
    s3.fault = (request) =>
      /partNumber/.test(request) && s3.requests.length > 3 ? "refuse" : "none";
    await expect(storage.write("large", large())).rejects.toThrow(/Denied/);
    expect(s3.uploads.size).toBe(0);
    expect(s3.objects.has("unirep/test/large")).toBe(false);
  });

  test("a connection lost while reading is an error, not an end", async () => {
    await storage.write("a", randomBytes(1_000_000));
    s3.fault = (request) => (request.startsWith("GET") ? "cut" : "none");
    for (const range of [{}, { start: 10 }]) {
      const stream = await storage.read("a", range);
      await expect(buffer(stream)).rejects.toThrow();
    }
  });

  test("a bucket that is not there, or a store that does not answer, is one sentence at start", async () => {
    await expect(
      openStorage({ storageUrl: "s3://other-files", dataDir: folder }),
    ).rejects.toThrow(
      /^storage: s3:\/\/other-files: cannot write \.ping: The bucket does not exist$/,
    );
    vi.stubEnv("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    await expect(
      openStorage({ storageUrl: s3.url, dataDir: folder }),
    ).rejects.toThrow(/cannot write \.ping: .*ECONNREFUSED/);
    vi.stubEnv("AWS_ENDPOINT_URL", s3.env.AWS_ENDPOINT_URL);
  });
});

describe("what a configuration names", () => {
  test.each([
    "s3://", "s3://A", "s3://bucket/../x", "s3://bucket/a b", "http://host/bucket", "file:///files",
  ])("refuses %j", async (storageUrl) => {
    await expect(openStorage({ storageUrl, dataDir: folder })).rejects.toThrow(
      /^storage: expected .*s3:\/\/bucket/,
    );
  }); // prettier-ignore

  test("is DATA_DIR/files by default, or the folder given", async () => {
    const dataDir = path.join(folder, "data");
    storage = await openStorage({ storageUrl: null, dataDir });
    await storage.write("a", text("x"));
    expect(await readFile(path.join(dataDir, "files/a"), "utf8")).toBe("x");
    const storageUrl = path.join(folder, "elsewhere");
    storage = await openStorage({ storageUrl, dataDir });
    await storage.write("a", text("y"));
    expect(await readFile(path.join(storageUrl, "a"), "utf8")).toBe("y");
  });

  test("is refused where it cannot be written to", async () => {
    await writeFile(path.join(folder, "file"), "");
    await expect(
      openStorage({ storageUrl: path.join(folder, "file"), dataDir: folder }),
    ).rejects.toThrow(/^storage: expected a folder, got a file at /);
  });
});

/** A file system of 1 MB, or why there is none. */
async function smallDisk(
  parent: string,
): Promise<string | { path: string; release(): Promise<void> }> {
  const disk = path.join(parent, "small");
  await mkdir(disk);
  const options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk];
  const code = await run("mount", options);
  if (code !== 0)
    return `needs a small disk: mounting a tmpfs ended with ${code}`;
  return {
    path: disk,
    release: async () => {
      await run("umount", [disk]);
    },
  };
}

async function run(command: string, args: string[]): Promise<number | string> {
  const child = spawn(command, args, { stdio: "ignore" });
  return new Promise((resolve) => {
    child.on("error", ({ message }) => resolve(message));
    child.on("exit", (code) => resolve(code ?? "a signal"));
  });
}

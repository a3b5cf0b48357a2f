/** @file What `--model` and `--weights` load, the `unirep weights` command, and the cache folder. */
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  test,
  vi,
} from "vitest";
import { weightsCommand } from "../../../src/cli/weights.ts";
import { customModel, models } from "../../../src/unirep/model.ts";
import { builtInFile, builtInIds } from "../../../src/unirep/weights/built-in.ts"; // prettier-ignore
import {
  cacheFolder,
  importedPath,
} from "../../../src/unirep/weights/cache.ts";
import {
  writeNpyFolder,
  writeSafetensorsFile,
} from "../../../src/unirep/weights/files.ts";
import { hashParams } from "../../../src/unirep/weights/hash.ts";
import { loadWeights } from "../../../src/unirep/weights/load.ts";
import { registry, registryIds } from "../../../src/unirep/weights/registry.ts";
import { closedFormParams } from "./closed-form.ts";

const config = customModel({ units: 4, layers: 2 });
const params = closedFormParams(config);
const sha256 = hashParams(params);
const info = { id: "mine", sha256, licence: "CC0", provenance: "closed form" };
let cache: string;
let folder: string;

beforeAll(async () => {
  cache = await mkdtemp(path.join(tmpdir(), "unirep-cache-"));
  folder = path.join(cache, "given");
  await writeNpyFolder(path.join(folder, "npy"), params);
  await writeSafetensorsFile(path.join(folder, "mine.safetensors"), {
    config,
    params,
    info,
  });
  await writeSafetensorsFile(path.join(folder, "forged.safetensors"), {
    config,
    params,
    info: { ...info, sha256: "0" },
  });
  await writeSafetensorsFile(importedPath(cache, "imported"), {
    config,
    params,
    info: { ...info, id: "imported" },
  });
});
afterAll(() => rm(cache, { recursive: true }));

describe("loadWeights", () => {
  test.each([
    ["a folder", "npy", { id: "npy", licence: "unknown" }],
    ["a file that says what it is", "mine.safetensors", info],
    [
      "a file whose metadata are of other weights",
      "forged.safetensors",
      { id: "forged.safetensors", licence: "unknown" },
    ],
  ])("knows %s", async (_, name, expected) => {
    const weights = await loadWeights(
      { weights: path.join(folder, name) },
      { cache },
    );
    expect(weights.config).toEqual({ ...config, name: "2x4" });
    expect(weights.info).toMatchObject({ sha256, ...expected });
  });
  test("finds imported weights by their id", async () => {
    expect(
      (await loadWeights({ weights: "imported" }, { cache })).info.id,
    ).toBe("imported");
  });
  test.each([
    [{ weights: "random" }, "random-64-seed0"],
    [{ weights: "random:7" }, "random-64-seed7"],
    [{ model: "256", weights: "random" }, "random-256-seed0"],
    [{ weights: "untrained" }, "untrained-64-seed0"],
    [{ model: "256", weights: "untrained:7" }, "untrained-256-seed7"],
  ] as const)("makes random weights for %j", async (spec, id) => {
    const weights = await loadWeights(spec, { cache });
    expect(weights.info.id).toBe(id);
    expect(weights.config).toEqual(models["model" in spec ? spec.model : "64"]);
    expect(weights.info.sha256).toBe(hashParams(weights.params));
  });
  test.each([
    [{}, /expected a model or weights, got neither/],
    [
      { model: "1900" },
      /unirep-1900 is not in the cache \S+: run "unirep weights pull unirep-1900" .* --weights PATH or --weights random$/,
    ],
    [
      { weights: "unirep-64" },
      /run "unirep weights pull unirep-64" .* give --weights unirep-ts-64 or --weights PATH or/,
    ],
    [{ weights: "random:x" }, /expected random:SEED .* got "random:x"/],
    [{ weights: "random:-1" }, /expected random:SEED/],
    [
      { weights: "untrained:1.5" },
      /expected untrained:SEED .* got "untrained:1.5"/,
    ],
    [
      { model: "256", weights: "unirep-ts-64" },
      /is of model 64, not of model 256/,
    ],
    [{ weights: "no-such" }, /no file, folder or imported id "no-such"/],
    [{ weights: "../no/such.pkl" }, /no file, folder or imported id/],
    [
      { model: "64", weights: "imported" },
      /"imported" is of model 2x4, not of model 64/,
    ],
    [{ model: "64", weights: "unirep-256" }, /unirep-256 is not in the cache/],
  ] as const)("refuses %j in one sentence", async (spec, message) => {
    await expect(loadWeights(spec, { cache })).rejects.toThrow(message);
  });
  test("refuses a cached file that is not the published one, and says what to do", async () => {
    const other = path.join(cache, "other");
    await mkdir(other);
    await copyFile(
      importedPath(cache, "imported"),
      importedPath(other, "unirep-64"),
    );
    await expect(
      loadWeights({ model: "64" }, { cache: other }),
    ).rejects.toThrow(
      /is not unirep-64: expected parameters of SHA-256 475e\w+, got \w+; delete it and run "unirep weights pull unirep-64"/,
    );
  });

  // The published weights are not part of this repository; a folder of the pulled files makes this run.
  const published = process.env.UNIREP_TEST_WEIGHTS ?? "";
  test.runIf(published).each(registryIds)(
    "reads the published %s with its registered hash",
    async (id) => {
      const weights = await loadWeights({ weights: id }, { cache: published });
      expect(weights.config).toEqual(models[registry[id].model]);
      expect(weights.info).toMatchObject({ id, licence: "CC BY-NC 4.0" });
    },
  );
});

describe("unirep weights", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
  async function run(...args: string[]): Promise<string> {
    vi.stubEnv("UNIREP_CACHE", cache);
    let out = "";
    vi.spyOn(process.stdout, "write").mockImplementation(
      (text) => ((out += String(text)), true),
    );
    await weightsCommand().parseAsync(args, { from: "user" });
    return out;
  }
  const json = async (...args: string[]) =>
    JSON.parse(await run(...args, "--json")) as Record<string, unknown>;

  test("imports, exports and verifies without changing a parameter", async () => {
    const npy = path.join(folder, "npy");
    expect(await json("import", npy, "--id", "again")).toMatchObject({
      id: "again",
      paramsSha256: sha256,
      licence: "unknown",
    });
    for (const output of ["out.safetensors", "out-folder"]) {
      const written = path.join(folder, output);
      expect(await json("export", "again", "-o", written)).toMatchObject({
        path: written,
        paramsSha256: sha256,
      });
      expect(await json("verify", written)).toMatchObject({
        paramsSha256: sha256,
        published: null,
        parameters: 937,
      });
    }
    expect(await run("verify", "again")).toContain(
      `parameters SHA-256: ${sha256}`,
    );
  });
  test("lists the package's own and the published weights and where they are", async () => {
    const { weights } = (await json("list")) as {
      weights: { id: string; path: string | null }[];
    };
    expect(weights.map(({ id, path: file }) => [id, file])).toEqual([
      ...builtInIds.map((id) => [id, builtInFile(id)]),
      ...registryIds.map((id) => [id, null]),
    ]);
    expect(await run("list")).toMatch(/Apache-2\.0[^]*CC BY-NC 4\.0/);
  });
  test.each([
    [
      ["pull", "unirep-65"],
      /expected one of unirep-64, unirep-256, unirep-1900, got "unirep-65"/,
    ],
    [["import", "no/such/file"], /no file or folder "no\/such\/file"/],
    [
      ["import", "GIVEN", "--id", "unirep-64"],
      /"unirep-64" is reserved for the published weights/,
    ],
    [
      ["import", "GIVEN", "--id", "unirep-ts-64"],
      /"unirep-ts-64" is the name of weights that come with this package/,
    ],
    [["import", "GIVEN", "--id", "../x"], /an id must be letters/],
    [["verify", "nothing"], /no file, folder or imported id "nothing"/],
  ])("%j throws one sentence", async (args, message) => {
    const given = args.map((arg) =>
      arg === "GIVEN" ? path.join(folder, "npy") : arg,
    );
    await expect(run(...given)).rejects.toThrow(message);
  });
  test("leaves nothing behind when an import is refused", async () => {
    const bad = path.join(folder, "bad.pkl");
    await writeFile(bad, "cos\nsystem\n.");
    await expect(run("import", bad)).rejects.toThrow(
      /bad\.pkl: global os\.system .* refused at byte 0$/,
    );
    expect(existsSync(importedPath(cache, "bad"))).toBe(false);
  });
});

describe("the cache folder", () => {
  test.each([
    [{ UNIREP_CACHE: "/w", XDG_CACHE_HOME: "/x" }, "linux", "/w"],
    [{ XDG_CACHE_HOME: "/x" }, "linux", "/x/unirep-ts"],
    [{ XDG_CACHE_HOME: "" }, "linux", "/home/me/.cache/unirep-ts"],
    [{}, "darwin", "/home/me/Library/Caches/unirep-ts"],
    [{ LOCALAPPDATA: "C:\\Local" }, "win32", "C:\\Local\\unirep-ts\\Cache"],
    [{}, "win32", "\\home\\me\\AppData\\Local\\unirep-ts\\Cache"],
  ] as const)("of %j on %s is %s", (env, platform, expected) => {
    expect(cacheFolder({ env, platform, home: "/home/me" })).toBe(expected);
  });
  test("may not depend on where a command is run", () => {
    const given = {
      env: { UNIREP_CACHE: "cache" },
      platform: "linux",
      home: "/home/me",
    } as const;
    expect(() => cacheFolder(given)).toThrow(
      'cache: UNIREP_CACHE must be an absolute path, got "cache"',
    );
  });
});

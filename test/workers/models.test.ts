/** @file The catalogue of models on both backends: whose models are seen, what may be added, and that no weights are lost. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"; // prettier-ignore
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  builtInFile,
  hashParams,
  initParams,
  loadModel,
  models as configs,
  namedParams,
  readWeightsFile,
  registry,
  rep,
  writeSafetensors,
  writeSafetensorsFile,
  type HostTensor,
} from "../../src/unirep/index.ts";
import { BadInputError } from "../../src/workers/handlers/work.ts";
import { TakenModelError, type ModelCatalogue, type ModelRecord } from "../../src/workers/models/catalogue.ts"; // prettier-ignore
import { openCatalogue } from "../../src/workers/models/open.ts";
import { openDirectory } from "../../src/workers/storage/directory.ts";
import type { Storage } from "../../src/workers/storage/storage.ts";
import { onBackends } from "./backends.ts";

/** A small model: 2 layers of 8 units. */
const config = { name: "2x8", units: 8, layers: 2, embedding: 4 };
const paramsOf = (seed: number) =>
  initParams(config, { seed, style: "jax-unirep" });
const hashOf = (seed: number) => hashParams(paramsOf(seed));
type Tensors = [string, HostTensor][];
const named = (seed = 0): Tensors => namedParams(paramsOf(seed));

onBackends("the catalogue", (opened) => {
  let folder: string;
  let storage: Storage;
  let models: ModelCatalogue;
  let ann: string;
  let bob: string;
  let suite = 0;

  const catalogue = (dataDir: string, of = storage) =>
    openCatalogue({
      config: { dataDir: path.join(folder, dataDir) },
      store: opened().backend.store,
      storage: of,
    });

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "models-"));
    storage = await openDirectory(path.join(folder, "files"));
    vi.stubEnv("UNIREP_CACHE", path.join(folder, "cache"));
    models = catalogue("data");
    // The store lives longer than a test.
    ann = `ann${suite}`;
    bob = `bob${suite++}`;
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    const { store } = opened().backend;
    for (const { id } of (await store.list("model", { limit: 1000 })).items)
      await store.remove("model", id);
    await rm(folder, { recursive: true });
  });

  const file = async (seed: number, name = `w${seed}`) => {
    const at = path.join(folder, name);
    await writeFile(at, writeSafetensors(named(seed)));
    return at;
  };
  const facts = (id: string, more: Partial<ModelRecord> = {}) => ({
    id,
    name: `Model ${id}`,
    owner: ann,
    source: "uploaded" as const,
    job: null,
    ...more,
  });
  const idsOf = (list: readonly ModelRecord[]) => list.map(({ id }) => id);

  test("shows the package's model with its facts, and opens it by its id", async () => {
    const found = await models.find("unirep-ts-64", ann);
    const { params } = await readWeightsFile(builtInFile("unirep-ts-64"));
    expect(found).toMatchObject({
      id: "unirep-ts-64",
      source: "package",
      owner: null,
      units: 64,
      layers: 4,
      sha256: hashParams(params),
      bytes: (await stat(builtInFile("unirep-ts-64"))).size,
      key: null,
    });
    expect(found?.licence).not.toMatch(/unknown/);
    expect(idsOf(await models.list(ann))).toEqual(["unirep-ts-64"]);
    expect(await models.open(found!)).toEqual({
      id: "unirep-ts-64",
      sha256: found?.sha256,
      weights: "unirep-ts-64",
    });
    await expect(
      models.open({ ...found!, sha256: "0".repeat(64) }),
    ).rejects.toThrow(
      /^models: unirep-ts-64: expected parameters of SHA-256 0/,
    );
  });

  test("shows published models once they are in the machine's cache", async () => {
    const { paramsSha256, licence } = registry["unirep-256"];
    expect(await models.find("unirep-256", ann)).toBeNull();
    const job = { id: "unirep-256", sha256: paramsSha256, licence, units: 256 };
    await expect(models.open(job)).rejects.toThrow(
      'run "unirep weights pull unirep-256" there',
    );
    const cached = path.join(folder, "cache", "unirep-256.safetensors");
    await writeSafetensorsFile(cached, {
      config: configs["256"],
      params: paramsOf(0),
      info: { id: "x", sha256: "", licence: "", provenance: "" },
    });
    expect(await models.find("unirep-256", ann)).toMatchObject({
      source: "published",
      units: 256,
      layers: 4,
      sha256: paramsSha256,
      licence: "CC BY-NC 4.0",
    });
    expect(idsOf(await models.list(ann))).toEqual(["unirep-ts-64", "unirep-256"]); // prettier-ignore
    expect(await models.open(job)).toMatchObject({ weights: "unirep-256" });
  });

  test("adds weights, and computes with them on a machine that has not seen them", async () => {
    const added = await models.add(await file(1), facts("mine"));
    expect(added).toMatchObject({
      id: "mine",
      name: "Model mine",
      source: "uploaded",
      owner: ann,
      units: 8,
      layers: 2,
      sha256: hashOf(1),
      licence: "unknown: uploaded",
      provenance: "unknown: uploaded",
      key: `models/${hashOf(1)}.safetensors`,
      bytes: await storage.size(`models/${hashOf(1)}.safetensors`),
    });
    expect(await models.find("mine", ann)).toEqual(added);
    const opened = await catalogue("elsewhere").open(added);
    expect(opened).toMatchObject({ id: "mine", sha256: hashOf(1) });
    const model = await loadModel({ weights: opened.weights });
    expect(model.info.sha256).toBe(hashOf(1));
    const [{ hAvg }] = await rep(["MKT"], { model });
    expect(hAvg).toHaveLength(8);
    await model.dispose();
  });

  test("tells a model of another from none, and nobody of the other", async () => {
    await models.add(await file(1), facts("mine"));
    expect(await models.find("mine", bob)).toBeNull();
    expect(await models.remove("mine", bob)).toBe(false);
    expect(idsOf(await models.list(bob))).toEqual(["unirep-ts-64"]);
    // Even the id is free for another.
    await models.add(await file(2), facts("mine", { owner: bob }));
    expect((await models.find("mine", ann))?.sha256).toBe(hashOf(1));
    expect((await models.find("mine", bob))?.sha256).toBe(hashOf(2));
  });

  test("a model without owner is everyone's; one's own of the same id comes first", async () => {
    await models.add(await file(1), facts("mine"));
    await models.add(await file(2), facts("mine", { owner: null }));
    await models.add(await file(2), facts("shared", { owner: null }));
    expect((await models.find("shared", bob))?.owner).toBeNull();
    expect((await models.find("mine", ann))?.sha256).toBe(hashOf(1));
    expect(idsOf(await models.list(ann))).toEqual(["unirep-ts-64", "mine", "shared"]); // prettier-ignore
    await expect(
      models.add(await file(3), facts("shared", { owner: bob })),
    ).rejects.toThrow(TakenModelError);
    expect(await models.remove("shared", bob)).toBe(false);
    expect(await models.remove("shared", null)).toBe(true);
    expect(await models.find("shared", ann)).toBeNull();
  });

  test("lists more models than a page holds, newest first", async () => {
    const { store } = opened().backend;
    const model = await models.add(await file(1), facts("m-000"));
    for (let k = 1; k < 130; k++) {
      const id = `m-${String(k).padStart(3, "0")}`;
      await store.insert("model", `${ann}/${id}`, { ...model, id }, { owner: ann }); // prettier-ignore
    }
    const ids = idsOf(await models.list(ann));
    expect(ids).toHaveLength(131);
    expect(ids.slice(0, 2)).toEqual(["unirep-ts-64", "m-129"]);
  });

  test("an id that is taken is refused, by one of two at the same time too", async () => {
    const first = await models.add(await file(1), facts("mine"));
    await expect(models.add(await file(2), facts("mine"))).rejects.toThrow(
      TakenModelError,
    );
    expect(await models.find("mine", ann)).toEqual(first);
    expect(await storage.list("models")).toEqual([first.key]);
    const files = await Promise.all([3, 4, 5, 6].map((seed) => file(seed)));
    const all = await Promise.allSettled(
      files.map((at) => models.add(at, facts("other"))),
    );
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const other = await models.find("other", ann);
    expect(await storage.list("models")).toEqual(
      [first.key, other!.key].sort(),
    );
  });

  test("a job that adds its model again gets the one it added", async () => {
    const tuned = facts("tuned-1", { source: "tuned", job: "j1" });
    const first = await models.add(await file(1), tuned);
    expect(await models.add(await file(1), tuned)).toEqual(first);
    await expect(models.add(await file(2), tuned)).rejects.toThrow(
      TakenModelError,
    );
    await expect(
      models.add(await file(1), { ...tuned, job: "j2" }),
    ).rejects.toThrow(TakenModelError);
  });

  test.each([
    ["", "ab", "A-model", "models/x", "..", "...", "../../etc/passwd", "a..b", "a b", "a\0b", "__proto__", "-rf", ".hidden", "ä-model", "a".repeat(65)],
  ])("refuses ids that are none: %j", async (...ids) => {
    const at = await file(1);
    for (const id of ids) {
      await expect(models.add(at, facts(id))).rejects.toThrow(
        /^models: expected an id of 3 to 64 lower-case letters/,
      );
      expect(await models.find(id, ann)).toBeNull();
      expect(await models.remove(id, ann)).toBe(false);
    }
    expect(await storage.list("models")).toEqual([]);
  }); // prettier-ignore

  test("refuses ids that mean something else, and takes any other", async () => {
    const at = await file(1);
    for (const id of ["random", "untrained", "published", "unirep-ts-64", "unirep-1900", "unirep-ts-256", "unirep-512"])
      await expect(models.add(at, facts(id))).rejects.toThrow("reserved");
    for (const id of ["constructor", "valueof", "gfp_2.1", "123", "unirep-64-gfp", "a".repeat(64)]) {
      await models.add(at, facts(id));
      expect((await models.find(id, ann))?.id).toBe(id);
    }
  }); // prettier-ignore

  const header = (text: string, data = 0, length = text.length) => {
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(length));
    return Buffer.concat([start, Buffer.from(text), Buffer.alloc(data)]);
  };
  const without = (name: string) =>
    writeSafetensors(named().filter(([key]) => key !== name));
  const changed = (name: string, tensor: (old: HostTensor) => HostTensor) =>
    writeSafetensors(
      named().map(([key, old]) => [key, key === name ? tensor(old) : old]),
    );
  const nested = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;

  test.each<[string, Uint8Array, RegExp]>([
    ["empty", new Uint8Array(), /expected a safetensors file, got an empty file/],
    ["short", Buffer.from("{}"), /begins with bytes 7b7d/],
    ["a pickle", Buffer.from("80049501000000000000002e7b", "hex"), /begins with bytes 8004/],
    ["an archive", Buffer.concat([Buffer.from("PK\u0003\u0004\0\0\0\0{")]), /header of at most 1000000 bytes, got 67324752/],
    ["text", Buffer.from("#!/bin/sh\nrm -rf /\n"), /begins with bytes/],
    ["with a huge header", header("{}", 0, 2 ** 40), /header of at most 1000000 bytes/],
    ["with no header", header("{nonsense"), /not JSON/],
    ["with a deep header", header(`{"a":{"dtype":${nested},"shape":[],"data_offsets":[0,0]}}`), /^model new: /],
    ["with a long name", header(`{"${"x".repeat(100_000)}":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), /^model new: .{400,510}…$/],
    ["with __proto__", header('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), /no parameter of a UniRep model|takes? 0 bytes/],
    ["of another kind", writeSafetensors([["bert.weight", { shape: [1], data: new Float32Array(1) }]]), /"bert.weight" is no parameter of a UniRep model/],
    ["that lacks a tensor", without("layers.1.gx"), /layers\.1\.gx/],
    ["torn", writeSafetensors(named()).subarray(0, -100), /the tensors take \d+ bytes but the file holds/],
    ["with more behind it", Buffer.concat([writeSafetensors(named()), Buffer.alloc(4)]), /the tensors take/],
    ["of a wrong shape", changed("layers.1.wmh", ({ data }) => ({ shape: [4, 16], data })), /layers\.1\.wmh must have shape \[8, 8\], got \[4, 16\]/],
    ["with NaN", changed("head.b", ({ shape, data }) => ({ shape, data: data.with(3, NaN) })), /head\.b must be finite, got NaN at element 3/],
    ["with an infinity", changed("layers.0.wx", ({ shape, data }) => ({ shape, data: data.with(0, -Infinity) })), /layers\.0\.wx must be finite/],
    ["without units", writeSafetensors(namedParams(initParamsOf(0, 1))), /expected at least 1 unit/],
    ["with too many layers", writeSafetensors(namedParams(initParamsOf(1, 65))), /at most 64 layers, got 1, 4 and 65/],
  ])("refuses a file %s, leaving nothing", async (_, content, message) => {
    const at = path.join(folder, "hostile");
    await writeFile(at, content);
    const error = await models.add(at, facts("new")).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BadInputError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain(folder);
    expect(await models.find("new", ann)).toBeNull();
    expect(await storage.list("models")).toEqual([]);
  }); // prettier-ignore

  test("stores parameters only: the same ones are the same file, whatever came with them", async () => {
    const float64 = path.join(folder, "f64");
    await writeFile(float64, asFloat64(named(1)));
    const talking = path.join(folder, "talking");
    await writeFile(
      talking,
      writeSafetensors(named(1).reverse(), { licence: "MIT", note: "hello" }),
    );
    const all = [
      await models.add(await file(1), facts("one")),
      await models.add(float64, facts("two")),
      await models.add(talking, facts("three")),
    ];
    expect(new Set(all.map(({ key, bytes }) => `${key} ${bytes}`)).size).toBe(1); // prettier-ignore
    expect(await storage.list("models")).toEqual([all[0].key]);
    const kept = path.join(folder, "files", all[0].key!);
    expect((await readFile(kept)).includes("hello")).toBe(false);
    // Words about parameters of another hash are nobody's.
    expect(all[2].licence).toBe("unknown: uploaded");
  });

  test.each([
    ["what was given", { licence: "CC0" }, "MIT", "CC0"],
    ["else the file's own word", {}, "MIT", "MIT"],
    ["else unknown", {}, "", "unknown: uploaded"],
  ])("the licence is %s", async (_, given, stated, expected) => {
    const at = path.join(folder, "stated");
    const info = { id: "x", sha256: hashOf(1), licence: stated, provenance: "" }; // prettier-ignore
    await writeSafetensorsFile(at, { config, params: paramsOf(1), info });
    const added = await models.add(at, { ...facts("mine"), ...given });
    expect(added.licence).toBe(expected);
  });

  test("removing a model keeps weights that another one has, and removes them with the last", async () => {
    const { key } = await models.add(await file(1), facts("one"));
    const two = await models.add(await file(1), facts("two", { owner: bob }));
    expect(await models.remove("one", ann)).toBe(true);
    expect(await models.remove("one", ann)).toBe(false);
    expect(await models.find("one", ann)).toBeNull();
    await catalogue("elsewhere").open(two);
    expect(await models.remove("two", bob)).toBe(true);
    expect(await storage.size(key!)).toBeNull();
    await expect(models.open(two)).rejects.toThrow("there is no file");
  });

  test("weights are there for every model there is, whatever is added and removed at once", async () => {
    const at = await file(1);
    for (let round = 0; round < 5; round++) {
      const owners = Array.from({ length: 6 }, (_, k) => `${ann}-${round}-${k}`); // prettier-ignore
      await Promise.all(
        owners.map(async (owner, k) => {
          await models.add(at, facts("same", { owner }));
          if (k < 5) await models.remove("same", owner);
        }),
      );
      const left = await models.find("same", owners[5]);
      expect(await storage.size(left!.key!)).toBe(left!.bytes);
      await models.remove("same", owners[5]);
      expect(await storage.list("models")).toEqual([]);
    }
  });

  test("weights removed between the document's insertion and the look after it are written again", async () => {
    let writes = 0;
    const losing: Storage = {
      ...storage,
      async write(key, content, options) {
        const stored = await storage.write(key, content, options);
        if (writes++ === 0) await storage.remove(key);
        return stored;
      },
    };
    const added = await catalogue("data", losing).add(await file(1), facts("mine")); // prettier-ignore
    expect(writes).toBe(2);
    expect(await storage.size(added.key!)).toBe(added.bytes);
  });

  test("fetches weights once for many callers, and again where the copy was lost or damaged", async () => {
    const added = await models.add(await file(1), facts("mine"));
    let reads = 0;
    const counting: Storage = {
      ...storage,
      read: (...args) => (reads++, storage.read(...args)),
    };
    const there = catalogue("elsewhere", counting);
    const all = await Promise.all(
      Array.from({ length: 20 }, () => there.open(added)),
    );
    const [{ weights }] = all;
    expect(new Set(all.map((one) => one.weights)).size).toBe(1);
    expect(reads).toBe(1);
    await rm(weights);
    await Promise.all([there.open(added), there.open(added)]);
    expect(reads).toBe(2);
    // A copy is checked by each process that uses it.
    const bytes = await readFile(weights);
    await writeFile(weights, bytes.fill(1, bytes.length - 8));
    await catalogue("elsewhere", counting).open(added);
    expect(reads).toBe(3);
    await writeFile(weights, "torn");
    await Promise.all([
      catalogue("elsewhere", counting).open(added),
      catalogue("elsewhere", counting).open(added),
    ]);
    expect(hashParams((await readWeightsFile(weights)).params)).toBe(hashOf(1));
    expect(await readdir(path.dirname(weights))).toHaveLength(1);
  });

  test("weights that are not what their name says are not used", async () => {
    const added = await models.add(await file(1), facts("mine"));
    await storage.write(added.key!, writeSafetensors(named(2)));
    await expect(models.open(added)).rejects.toThrow(
      `models: ${added.key}: expected parameters of SHA-256 ${hashOf(1)}, got ${hashOf(2)}`,
    );
    await storage.write(added.key!, new TextEncoder().encode("damaged"));
    await expect(models.open(added)).rejects.toThrow(/got a damaged file/);
    // Nothing of it stays, and what is mended is used.
    expect(await readdir(path.join(folder, "data", "models"))).toEqual([]);
    await storage.write(added.key!, writeSafetensors(named(1)));
    await models.open(added);
  });
});

function initParamsOf(units: number, layers: number) {
  const some = initParams(
    { name: "", units: 1, layers, embedding: 4 },
    { seed: 0, style: "jax-unirep" },
  );
  if (units === 1) return some;
  const none = (shape: number[]): HostTensor => ({ shape, data: new Float32Array() }); // prettier-ignore
  const [layer] = some.layers;
  return {
    embedding: some.embedding,
    layers: [
      Object.fromEntries(
        Object.entries(layer).map(([name, { shape }]) => [
          name,
          none(
            (shape as number[]).map((_, k) =>
              name === "wx" || name === "wmx" ? (k === 0 ? 4 : 0) : 0,
            ),
          ),
        ]),
      ) as unknown as typeof layer,
    ],
    head: { w: none([0, 25]), b: some.head.b },
  };
}

/** The same tensors as float64, which other programs write. */
function asFloat64(tensors: Tensors): Buffer {
  const header: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  let at = 0;
  for (const [name, { shape, data }] of tensors) {
    const bytes = Buffer.from(Float64Array.from(data).buffer);
    header[name] = { dtype: "F64", shape, data_offsets: [at, at + bytes.length] }; // prettier-ignore
    parts.push(bytes);
    at += bytes.length;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}

/** @file `unirep score`, `info`, `weights` and the help of all commands, in processes of their own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { tableFormats } from "../../src/unirep/index.ts";
import { score } from "../../src/unirep/index.ts";
import { readNpz } from "../unirep/tables/readers.ts";
import { fasta, proteins, unirep } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-score-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));
const random = ["--model", "64", "--weights", "random"];

describe("score", () => {
  const records = [...proteins(20), { ...proteins(1)[0], id: "copy" }];
  const input = at("in.fasta");
  writeFileSync(input, fasta(records));

  test("--json gives sums over tokens, the same from a file, a pipe and with a table, whose rows are what score gives", async () => {
    const expected = await score(
      records.map(({ sequence }) => sequence),
      { model: "64", weights: "random" },
    );
    // From the log-probabilities themselves, all tokens alike.
    const all = expected.flatMap(({ logProbs }) => [...logProbs]);
    const mean = -all.reduce((sum, x) => sum + x, 0) / all.length;
    const hits = expected.reduce(
      (sum, { accuracy, length }) => sum + accuracy * (length + 1),
      0,
    );
    const runs = [
      await unirep(["score", input, "--json", ...random]),
      await unirep(["score", "-", "--json", ...random], {
        stdin: fasta(records),
      }),
      await unirep(["score", input, "-o", at("s.npz"), "--json", ...random]),
    ];
    for (const { code, stdout } of runs) {
      expect(code).toBe(0);
      const summary = JSON.parse(stdout) as Record<string, number>;
      expect(summary.sequences).toBe(21);
      expect(summary.tokens).toBe(all.length);
      expect(summary.crossEntropyPerToken).toBeCloseTo(mean, 5);
      expect(summary.perplexity).toBeCloseTo(Math.exp(mean), 4);
      expect(summary.accuracy).toBeCloseTo(hits / all.length, 12);
    }
    expect(JSON.parse(runs[2].stdout)).toMatchObject({
      duplicates: 1,
      output: [at("s.npz")],
    });
    const { ids, columns } = readNpz(at("s.npz"));
    expect(ids).toEqual(records.map(({ id }) => id));
    expected.forEach((r, i) => {
      expect(columns.cross_entropy[i]).toBeCloseTo(r.crossEntropy, 5);
      expect(columns.perplexity[i]).toBeCloseTo(r.perplexity, 4);
      expect(columns.accuracy[i]).toBeCloseTo(r.accuracy, 12);
      columns.log_probs[i].forEach((x, k) =>
        expect(x).toBeCloseTo(r.logProbs[k], 5),
      );
    });
  });

  test("for people it prints perplexity, counts, weights and what was left out", async () => {
    const mixed = at("mixed.fasta");
    writeFileSync(mixed, ">a\nMKLV\n>b\nM1\n");
    const { code, stdout } = await unirep([
      ...["score", mixed, "--on-error", "skip"],
      ...random,
    ]);
    expect(code).toBe(3);
    expect(stdout).toMatch(
      /^perplexity [\d.]+, cross-entropy [\d.]+ nats a token, accuracy [\d.]+ %, 5 tokens \(residues and one stop a sequence\)\n1 sequence, 4 residues, 1 record left out\nmodel 64, weights random-64-seed0 \(SHA-256 [0-9a-f]{12}, licence none: random numbers\), f32 on cpu\n[\d.]+ s, \d+ residues\/s\n$/,
    );
  });
});

describe("info", () => {
  const env = { UNIREP_CACHE: folder };
  const names = ["js", "cpu", "webgpu", "cuda", "tfjs"];
  interface Device {
    readonly available: boolean;
    readonly detail: string;
  }

  test("names version, devices, the package's weights and every published ones in --json", async () => {
    const { code, stdout, stderr } = await unirep(["info", "--json"], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as {
      version: string;
    };
    const said = JSON.parse(stdout) as { devices: Record<string, Device> };
    expect(said).toMatchObject({
      version,
      node: process.versions.node,
      devices: { cpu: { available: true }, js: { available: true } },
      cache: folder,
      weights: [
        {
          id: "unirep-ts-64",
          licence: "Apache-2.0",
          path: join(import.meta.dirname, "../../weights/unirep-ts-64.safetensors"), // prettier-ignore
        },
        ...["unirep-64", "unirep-256", "unirep-1900"].map((id) => ({
          id,
          licence: "CC BY-NC 4.0",
          path: null,
        })),
      ],
    });
    expect(Object.keys(said.devices)).toEqual(names);
    for (const { detail } of Object.values(said.devices))
      expect(detail).not.toBe("");
  });

  test("says of each device what it runs on or why it does not work, a line each", async () => {
    const [people, machine] = await Promise.all([
      unirep(["info"], { env }),
      unirep(["info", "--json"], { env }),
    ]);
    const { devices } = JSON.parse(machine.stdout) as {
      devices: Record<string, Device>;
    };
    expect(
      people.stdout.split("\n").filter((line) => line.startsWith("device ")),
    ).toEqual(
      names.map((name) => {
        const { available, detail } = devices[name];
        return `device ${name}: ${available ? detail : `not available, ${detail}`}`;
      }),
    );
  });
});

test("weights made random, exported and imported are listed by info with hash and licence", async () => {
  const env = { UNIREP_CACHE: at("cache") };
  const file = at("mine.safetensors");
  expect(
    (await unirep(["weights", "export", "random:7", "-o", file])).code,
  ).toBe(0);
  const { code, stdout } = await unirep(
    ["weights", "import", file, "--id", "mine", "--json"],
    { env },
  );
  expect(code).toBe(0);
  const { paramsSha256 } = JSON.parse(stdout) as { paramsSha256: string };
  const listed = await unirep(["info", "--json"], { env });
  const { weights } = JSON.parse(listed.stdout) as { weights: object[] };
  expect(weights.at(-1)).toEqual({
    id: "mine",
    sha256: paramsSha256,
    licence: "none: random numbers",
    path: join(env.UNIREP_CACHE, "mine.safetensors"),
  });
});

describe("help", () => {
  test.each([
    ["unirep", ["-h"], "unirep embed proteins.fasta -o proteins.npz"],
    ["embed", ["embed", "-h"], "--resume"],
    ["score", ["help", "score"], "unirep score proteins.fasta"],
    ["info", ["info", "-h"], "unirep info --json"],
    ["weights", ["weights", "-h"], "unirep weights pull unirep-1900"],
    ["weights pull", ["weights", "pull", "-h"], "weights pull unirep-64"],
  ])("of %s shows examples", async (_name, args, part) => {
    const { code, stdout } = await unirep(args);
    expect(code).toBe(0);
    expect(stdout).toContain("\nExamples:\n  unirep ");
    expect(stdout).toContain(part);
  });

  test("embed names every format that there is", async () => {
    const { stdout } = await unirep(["embed", "-h"]);
    expect(stdout.replace(/\s+/g, " ")).toContain(tableFormats.join(", "));
  });

  test("--version prints the version alone", async () => {
    const { stdout } = await unirep(["--version"]);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });
});

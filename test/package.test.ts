/** @file The package as a user gets it: packed, installed into an empty project, imported and run. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "..");
const project = mkdtempSync(path.join(tmpdir(), "unirep-package-"));
const npm = (args: string[], cwd: string) =>
  execFileSync(
    "npm",
    [...args, "--ignore-scripts", "--no-audit", "--no-fund"],
    {
      cwd,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    },
  );

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}
let packed: Packed;

describe("the packed package", () => {
  beforeAll(() => {
    [packed] = JSON.parse(
      npm(["pack", "--json", "--pack-destination", project], root),
    ) as Packed[];
    writeFileSync(
      path.join(project, "package.json"),
      JSON.stringify({ type: "module", private: true }),
    );
    npm(["install", "--prefer-offline", `./${packed.filename}`], project);
  }, 180_000);
  afterAll(() => rmSync(project, { recursive: true }));

  test("holds the compiled code, the licence and the documents, and no sources or tests", () => {
    const files = packed.files.map((file) => file.path);
    for (const wanted of [
      "dist/index.js",
      "dist/index.d.ts",
      "dist/cli/main.js",
      "dist/workers/compute/child.js",
      "dist/api/client/index.js",
      "dist/api/page/index.html",
      "weights/unirep-ts-64.safetensors",
      "weights/MODEL_CARD.md",
      "LICENSE",
      "NOTICE",
      "README.md",
    ]) {
      expect(files).toContain(wanted);
    }
    expect(files.filter((file) => /^(src|test|bench)\//.test(file))).toEqual(
      [],
    );
  });

  test("has no any in the types it exports", () => {
    const declarations = packed.files
      .map((file) => file.path)
      // No entry of the package leads to the service's own.
      .filter((file) =>
        /^dist\/(?!api\/(?!client)|workers|cli).*\.d\.ts$/.test(file),
      );
    expect(declarations.length).toBeGreaterThan(100);
    for (const file of declarations) {
      const types = readFileSync(path.join(root, file), "utf8")
        .replaceAll(/\/\*[^]*?\*\/|(?<!:)\/\/.*$/gm, "")
        .replaceAll(/"[^"\n]*"/g, "")
        // `any` is also the name of a reduction.
        .replaceAll(/^(?:ex|im)port (?:type )?\{[^}]*\}/gm, "");
      expect(types, file).not.toMatch(/(?:[:<|&,(]|=>)\s*any\b(?!\s*[:(])/);
    }
  });

  test("gives `rep` to an import and runs it on the weights that come with it", () => {
    writeFileSync(
      path.join(project, "main.js"),
      `import { rep } from "unirep-ts";
       import { jit } from "unirep-ts/ad";
       const [a, b] = await rep(["MKTAYIAKQR", "MKLV"], { model: "64", weights: "unirep-ts-64" });
       console.log(JSON.stringify([a.length, a.hAvg.length, b.id, typeof jit]));`,
    );
    const out = execFileSync(process.execPath, ["main.js"], {
      cwd: project,
      encoding: "utf8",
    });
    expect(JSON.parse(out)).toEqual([10, 64, "2", "function"]);
  });

  test("gives types to a TypeScript user", () => {
    writeFileSync(
      path.join(project, "types.ts"),
      `import { rep, type Representation } from "unirep-ts";
       const one: Representation = await rep("MKLV");
       const many: Representation[] = await rep(["MKLV"]);
       export const sizes: number[] = [one.hAvg.length, many.length];`,
    );
    const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc");
    const args = [
      tsc,
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2023",
      "types.ts",
    ];
    execFileSync(process.execPath, args, { cwd: project, encoding: "utf8" });
  });

  test("gives the command `unirep`", () => {
    const version = execFileSync(
      path.join(project, "node_modules", ".bin", "unirep"),
      ["--version"],
      { encoding: "utf8" },
    );
    const manifest = JSON.parse(
      readFileSync(path.join(root, "package.json"), "utf8"),
    ) as { version: string };
    expect(version.trim()).toBe(manifest.version);
  });
});

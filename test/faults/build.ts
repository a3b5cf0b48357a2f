/** @file The command as users run it, bundled from the sources as they are now: what starts from `.ts` files takes seconds longer. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface BuiltCommand {
  /** Of `unirep`. */
  readonly file: string;
  remove(): void;
}

/** A package of its own, with the sources' program and weights; it lies where the dependencies are found from. */
export async function buildCommand(): Promise<BuiltCommand> {
  const cache = path.join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(path.join(cache, "unirep-faults-"));
  cpSync(path.join(root, "package.json"), path.join(folder, "package.json"));
  symlinkSync(path.join(root, "weights"), path.join(folder, "weights"));
  await build({
    absWorkingDir: root,
    entryPoints: ["src/cli/main.ts", "src/workers/compute/child.ts"],
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    outdir: path.join(folder, "dist"),
    outbase: "src",
    logLevel: "warning",
  });
  return {
    file: path.join(folder, "dist/cli/main.js"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

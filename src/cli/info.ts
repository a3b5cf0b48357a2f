/** @file `unirep info`: version, devices and weights of this installation. */
import { Command } from "commander";
import { existsSync } from "node:fs";
import { report } from "./report.ts";
import { packageVersion } from "./version.ts";

export function infoCommand(): Command {
  return new Command("info")
    .description("show version, devices and weights")
    .option("--json", "print one JSON object on standard output, nothing else")
    .addHelpText(
      "after",
      "\nExamples:\n  unirep info\n  unirep info --json\n  UNIREP_CACHE=/data/weights unirep info",
    )
    .action(info);
}

async function info({ json }: { json?: boolean }): Promise<void> {
  const version = packageVersion();
  const { node } = process.versions;
  const platform = `${process.platform} ${process.arch}`;
  const { devices } = await import("../ad/index.ts");
  const all = await devices();
  const { cacheFolder } = await import("../unirep/index.ts");
  const { knownWeights } = await import("./known-weights.ts");
  const cache = cacheFolder();
  const weights = await knownWeights(cache);
  const byName = Object.fromEntries(
    all.map(({ device, available, detail }) => [device, { available, detail }]),
  );
  report(json, { version, node, platform, devices: byName, cache, weights }, [
    `unirep-ts ${version}, Node ${node}, ${platform}`,
    ...all.map(
      ({ device, available, detail }) =>
        `device ${device}: ${available ? "" : "not available, "}${detail}`,
    ),
    `weights in ${cache}${existsSync(cache) ? "" : " (not there yet)"}:`,
    ...weights.map(
      ({ id, sha256, licence, path }) =>
        `  ${id.padEnd(12)}  ${sha256?.slice(0, 12) ?? "no hash".padEnd(12)}  ${licence}  ${path ?? `not in the cache: unirep weights pull ${id}`}`,
    ),
  ]);
}

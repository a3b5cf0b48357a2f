/** @file Peak memory of `unirep embed` on a whole file against that on its first tenth: it must not grow with the input.
 *
 *     npm run --silent bench -- memory [--input FASTA] [--model 1900] [--weights W] [--precision f32|int8] [--json]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readSequences } from "../src/unirep/index.ts";

const command = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

export async function run(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      input: {
        type: "string",
        default: "../shared/data/uniprot-sample.fasta.gz",
      },
      model: { type: "string", default: "1900" },
      weights: { type: "string", default: "random" },
      precision: { type: "string", default: "f32" },
      json: { type: "boolean", default: false },
    },
  });
  const folder = mkdtempSync(path.join(tmpdir(), "unirep-memory-"));
  try {
    const records: string[] = [];
    for await (const { id, sequence } of readSequences([values.input]))
      records.push(`>${id}\n${sequence}\n`);
    const peak = (name: string, count: number): number => {
      const input = path.join(folder, `${name}.fasta`);
      writeFileSync(input, records.slice(0, count).join(""));
      const args = [
        command, "embed", input, "-o", path.join(folder, `${name}.npy`), "--layer", "h_avg", "--json",
        "--model", values.model, "--weights", values.weights, "--precision", values.precision,
      ]; // prettier-ignore
      const { stdout, stderr, status } = spawnSync(process.execPath, args, {
        encoding: "utf8",
      });
      if (status !== 0)
        throw new Error(`memory: the command ended with ${status}: ${stderr}`);
      return (
        (JSON.parse(stdout) as { peakMemoryBytes: number }).peakMemoryBytes /
        1e6
      );
    };
    const tenthMegabytes = peak("tenth", Math.ceil(records.length / 10));
    const wholeMegabytes = peak("whole", records.length);
    const result = {
      records: records.length,
      tenthMegabytes,
      wholeMegabytes,
      ratio: wholeMegabytes / tenthMegabytes,
    };
    if (values.json) console.log(JSON.stringify(result));
    else
      for (const [key, value] of Object.entries(result))
        console.log(`${key.padEnd(16)} ${value.toFixed(2)}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

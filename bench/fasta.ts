/** @file Bench: how fast `readSequences` reads and validates a FASTA file of about 200 MB, from disk to records. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { emptySummary, readSequences } from "../src/unirep/formats/index.ts";

const aminoAcids = "ACDEFGHIKLMNPQRSTVWY";

/** Prints JSON with `mbPerSecond` (10^6 bytes), the best of three runs after the file was written and so is cached. */
export async function run(argv: string[]): Promise<void> {
  const megabytes = Number(argv[0] ?? 200);
  const folder = await mkdtemp(path.join(tmpdir(), "unirep-bench-"));
  try {
    const file = path.join(folder, "proteins.fasta");
    const block = Buffer.from(proteins(10_000));
    const copies = Math.ceil((megabytes * 1e6) / block.length);
    await writeFile(
      file,
      Array.from({ length: copies }, () => block),
    );
    const runs: number[] = [];
    let summary = emptySummary();
    for (let i = 0; i < 3; i++) {
      summary = emptySummary();
      const start = performance.now();
      for await (const _record of readSequences([file], { summary })) {
        // Reading is what is measured.
      }
      runs.push((performance.now() - start) / 1e3);
    }
    const size = (copies * block.length) / 1e6;
    const seconds = Math.min(...runs);
    const { records, residues } = summary;
    const rssMb = process.resourceUsage().maxRSS / 1e3;
    console.log(
      JSON.stringify({
        bench: "fasta",
        mb: size,
        records,
        residues,
        seconds,
        mbPerSecond: size / seconds,
        maxRssMb: rssMb,
      }),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Proteins with UniProt-like headers, lengths (30 to 1,400, mean about 360) and lines of 60, the same on every machine. */
function proteins(count: number): string {
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const records: string[] = [];
  for (let i = 0; i < count; i++) {
    const length = Math.floor(30 + 1370 * random() ** 3);
    const sequence = Array.from(
      { length },
      () => aminoAcids[Math.floor(20 * random())],
    ).join("");
    const accession = `A0A${String(i).padStart(7, "0")}`;
    const header = `>tr|${accession}|${accession}_ECOLX Uncharacterized protein OS=Escherichia coli OX=562 GN=gene${i} PE=4 SV=1`;
    records.push(`${header}\n${sequence.replace(/.{60}(?=.)/g, "$&\n")}\n`);
  }
  return records.join("");
}

/** @file Holds out families of a sequence set: no held-out protein is more than 30 % identical to one that is trained on.
 *
 *     npx tsx bench/own-weights/split.ts FASTA -o weights/unirep-ts-64.held-out.txt [--seed 0] [--share 0.07]
 *
 * Needs `mmseqs` (Debian's mmseqs2) on the PATH. Prints counts and the commands it ran as one JSON object.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { readSequences } from "../../src/unirep/index.ts";

/** Families by single linkage: at least 30 % identical over at least 30 % of the target. */
const clusterOptions = "--min-seq-id 0.3 -c 0.3 --cov-mode 1 -s 7.5 -e 0.001 --cluster-mode 1 --threads 2 -v 1"; // prettier-ignore
const searchOptions = "-s 7.5 -e 0.001 --max-seqs 1000 --threads 2 -v 1 --format-output query,fident,alnlen"; // prettier-ignore
/** A local alignment that would make a held-out protein known: identity above, residues from. */
const tooNear = { identity: 0.3, residues: 40 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    output: { type: "string", short: "o" },
    seed: { type: "string", default: "0" },
    share: { type: "string", default: "0.07" },
  },
});
const [input] = positionals;
if (input === undefined || values.output === undefined)
  throw new TypeError("split: expected FASTA -o FILE, got less");

const proteins: { id: string; sequence: string }[] = [];
for await (const { id, sequence } of readSequences([input]))
  proteins.push({ id, sequence });

const folder = mkdtempSync(path.join(tmpdir(), "unirep-split-"));
const everyone = proteins.map((_, i) => i);
const commands: string[] = [];
try {
  const families = cluster();
  const drawn = draw(families);
  const { kept, rounds } = moveNear(drawn);
  const heldOut = kept.flat().sort((a, b) => a - b);
  writeFileSync(
    values.output,
    heldOut.map((i) => `${proteins[i].id}\n`).join(""),
  );
  const residues = (of: readonly number[]) =>
    of.reduce((sum, i) => sum + proteins[i].sequence.length, 0);
  const all = residues(everyone);
  const report = {
    mmseqs: mmseqs("version").trim(),
    commands,
    proteins: proteins.length,
    residues: all,
    families: families.length,
    drawn: { families: drawn.length, proteins: drawn.flat().length },
    rounds,
    heldOut: { families: kept.length, proteins: heldOut.length, residues: residues(heldOut) }, // prettier-ignore
    training: { proteins: proteins.length - heldOut.length, residues: all - residues(heldOut) }, // prettier-ignore
  };
  console.log(JSON.stringify(report, null, 2));
} finally {
  rmSync(folder, { recursive: true });
}

function mmseqs(...words: string[]): string {
  return execFileSync("mmseqs", words, { cwd: folder, encoding: "utf8" });
}

/** Runs and records a command over files in the scratch folder. */
function run(command: string): void {
  commands.push(`mmseqs ${command}`);
  mmseqs(...command.split(" "));
}

/** FASTA of the chosen proteins, each named by its place in the input. */
function writeFasta(name: string, chosen: Iterable<number>): void {
  let text = "";
  for (const i of chosen) text += `>${i}\n${proteins[i].sequence}\n`;
  writeFileSync(path.join(folder, name), text);
}

function readRows(name: string): string[][] {
  return readFileSync(path.join(folder, name), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
}

function cluster(): number[][] {
  writeFasta("all.fasta", everyone);
  run(`easy-cluster all.fasta families tmp ${clusterOptions}`);
  const families = new Map<string, number[]>();
  for (const [family, member] of readRows("families_cluster.tsv")) {
    const members = families.get(family) ?? [];
    families.set(family, members);
    members.push(Number(member));
  }
  // Named by its first member, which does not depend on the order in which threads end.
  return [...families.values()].map((members) => members.sort((a, b) => a - b));
}

/** The families of lowest hash: which they are depends on the seed and on nothing else. */
function draw(families: readonly number[][]): number[][] {
  const key = ([first]: readonly number[]) =>
    createHash("sha256").update(`${values.seed} ${first}`).digest("hex");
  const keyed = families.map((members) => ({ members, key: key(members) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
  return keyed
    .slice(0, Math.round(Number(values.share) * families.length))
    .map(({ members }) => members);
}

/** Gives families with a member near a training protein back to training, until none is left. */
function moveNear(drawn: readonly number[][]) {
  let kept = [...drawn];
  const rounds: { nearProteins: number; familiesMoved: number }[] = [];
  for (;;) {
    const heldOut = new Set(kept.flat());
    writeFasta("held-out.fasta", heldOut);
    writeFasta("training.fasta", everyone.filter((i) => !heldOut.has(i))); // prettier-ignore
    run(`easy-search held-out.fasta training.fasta hits.tsv tmp ${searchOptions}`); // prettier-ignore
    const near = new Set(
      readRows("hits.tsv").flatMap(([query, identity, residues]) =>
        Number(identity) > tooNear.identity &&
        Number(residues) >= tooNear.residues
          ? [Number(query)]
          : [],
      ),
    );
    const next = kept.filter((members) => !members.some((i) => near.has(i)));
    rounds.push({ nearProteins: near.size, familiesMoved: kept.length - next.length }); // prettier-ignore
    if (near.size === 0) return { kept, rounds };
    kept = next;
  }
}

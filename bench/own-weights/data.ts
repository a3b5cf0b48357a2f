/** @file The proteins of unirep-ts-64, parted by the list of held-out ids. */
import { readFileSync } from "node:fs";
import { readSequences } from "../../src/unirep/index.ts";

/** Where the list lies that `split.ts` wrote. */
export const heldOutFile = new URL(
  "../../weights/unirep-ts-64.held-out.txt",
  import.meta.url,
);

/** Reads `fasta`; held out is what the list names, in the file's order, and every id of the list has to be there. */
export async function readSplit(
  fasta: string,
): Promise<{ training: string[]; heldOut: string[] }> {
  const ids = new Set(
    readFileSync(heldOutFile, "utf8")
      .split("\n")
      .filter((line) => line !== ""),
  );
  const training: string[] = [];
  const heldOut: string[] = [];
  for await (const { id, sequence } of readSequences([fasta]))
    (ids.has(id) ? heldOut : training).push(sequence);
  if (heldOut.length !== ids.size)
    throw new Error(
      `${fasta}: expected the ${ids.size} proteins held out, got ${heldOut.length}`,
    );
  return { training, heldOut };
}

/** @file SnapGene files as blocks: whether the file is whole, whether it holds a protein, and the blocks that say so. */
import { SequenceError } from "./parsed.ts";

/** Block tags, as Biopython's `SnapGeneIO` and SnapGene's own export name them. */
const tag = {
  dna: 0,
  compressedDna: 1,
  notes: 6,
  cookie: 9,
  protein: 21,
} as const;

/**
 * The cookie, notes and protein blocks of a SnapGene protein file: the rest, features among it, is of no use here and must not get
 * a good sequence refused. `residues` is the length that the protein block declares.
 * Throws a SequenceError for DNA and for a file that is cut off.
 */
export function readSnapGene(
  bytes: Buffer,
  file: string,
): { bytes: Buffer; residues: number } {
  if (bytes.toString("latin1", 0, 13) !== "\t\0\0\0\x0eSnapGene") {
    throw new SequenceError(
      { file },
      "expected a SnapGene file, got other data",
    );
  }
  const kept: Buffer[] = [];
  let residues: number | undefined;
  for (let at = 0; at < bytes.length;) {
    const end =
      at + 5 <= bytes.length ? at + 5 + bytes.readUInt32BE(at + 1) : Infinity;
    if (end > bytes.length) {
      throw new SequenceError(
        { file },
        `expected whole SnapGene blocks, got one cut off at byte ${bytes.length}`,
      );
    }
    const kind = bytes[at];
    if (kind === tag.dna || kind === tag.compressedDna) {
      const advice = "export the translated protein as FASTA and read that";
      throw new SequenceError(
        { file, record: 1 },
        `expected a SnapGene protein, got DNA; ${advice}`,
      );
    }
    if (kind === tag.protein) {
      if (residues !== undefined) {
        throw new SequenceError(
          { file, record: 1 },
          "expected one SnapGene protein block, got several",
        );
      }
      // The first byte of the block holds flags.
      residues = end - at - 6;
    }
    if (kind === tag.cookie || kind === tag.notes || kind === tag.protein) {
      kept.push(bytes.subarray(at, end));
    }
    at = end;
  }
  if (residues === undefined || residues < 1) {
    throw new SequenceError(
      { file, record: 1 },
      "expected a SnapGene protein block with a sequence, got none",
    );
  }
  return { bytes: Buffer.concat(kept), residues };
}

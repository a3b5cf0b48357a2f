/** @file The FASTA that a job computes from: one line a sequence, its SHA-256, and its ranges of whole records. */
import { createHash } from "node:crypto";
import type { SequenceRecord } from "../../unirep/index.ts";
import type { SequenceRange } from "../jobs/record.ts";

/** Residues after which a range is full; a record is never cut, so one may exceed it. */
const RANGE_RESIDUES = 262_144;
/** Bytes after which a range is full whose headers outweigh its sequences. */
const RANGE_BYTES = 4 * RANGE_RESIDUES;

/** Turns records into the bytes of a FASTA, to be taken away block by block. */
export function fastaRanges() {
  const hash = createHash("sha256");
  const ranges: SequenceRange[] = [];
  let pieces: string[] = [];
  let held = 0;
  let open = { start: 0, end: 0, first: 0, sequences: 0, residues: 0 };

  const closeRange = () => {
    if (open.sequences === 0) return;
    const { end, first, sequences } = open;
    ranges.push(open);
    open = { start: end, end, first: first + sequences, sequences: 0, residues: 0 }; // prettier-ignore
  };

  return {
    /** A description's line ends become spaces: they would end its header. */
    add({ id, description, sequence }: SequenceRecord): void {
      const text = description.replace(/[\r\n]+/g, " ");
      const header = text === "" ? id : `${id} ${text}`;
      const bytes = Buffer.byteLength(header) + sequence.length + 3;
      pieces.push(">", header, "\n", sequence, "\n");
      held += bytes;
      open.end += bytes;
      open.sequences += 1;
      open.residues += sequence.length;
      if (
        open.residues >= RANGE_RESIDUES ||
        open.end - open.start >= RANGE_BYTES
      )
        closeRange();
    },
    /** Bytes that wait to be taken. */
    held: () => held,
    take(): Buffer {
      const block = Buffer.from(pieces.join(""));
      pieces = [];
      held = 0;
      hash.update(block);
      return block;
    },
    /** After the last `take`. */
    end(): { readonly sha256: string; readonly ranges: readonly SequenceRange[] } {
      closeRange();
      return { sha256: hash.digest("hex"), ranges };
    },
  };
} // prettier-ignore

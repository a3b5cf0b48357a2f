/** @file One protein as a sequence file gives it, and where in that file it stands. */

/** A validated protein: `sequence` holds upper-case letters of the UniRep alphabet only. */
export interface SequenceRecord {
  /** First word of the header; never empty. */
  readonly id: string;
  /** The rest of the header. */
  readonly description: string;
  readonly sequence: string;
  /** Path as the user gave it; `-` is standard input. */
  readonly file: string;
  /** 1-based position of the record in its file. */
  readonly record: number;
  /** 1-based line of the record's header. */
  readonly line: number;
}

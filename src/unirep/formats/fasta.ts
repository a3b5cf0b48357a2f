/** @file FASTA, streamed: from bytes in chunks of any size to validated records, with the line and column of whatever is refused. */
import { isUtf8 } from "node:buffer";
import {
  emptyReason,
  type GapPolicy,
  letterClass,
  letterReason,
  letterTable,
  type RareLetter,
} from "../alphabet.ts";
import { withoutByteOrderMark } from "./bytes.ts";
import { type Parsed, SequenceError, splitHeader } from "./parsed.ts";

export interface FastaOptions {
  /** Path as the user gave it, for records and errors. */
  readonly file: string;
  readonly gaps?: GapPolicy;
  /** Residues one record may hold. Default 100 million: longer than any protein, short enough for memory. */
  readonly maxResidues?: number;
  /** Bytes one header line may hold. Default 1 MiB: the merged headers of NCBI nr reach hundreds of KiB. */
  readonly maxHeader?: number;
}

const LF = 10;
const CR = 13;
const HEADER = 62; // >
const COMMENT = 59; // ;
const UPPER_CASE = 0xdf;
/** Bytes read into one batch: as many bad records as they can hold are errors in memory at once. */
const SLICE = 1 << 16;

/**
 * Reads FASTA and yields records and refusals in batches, in file order; a refused record never stops the reading.
 * Lines end in LF, CRLF or CR; a UTF-8 byte order mark, blank lines, and white space within sequence lines are layout. Lines that
 * start with `;` are comments only before the first header, as in FASTA of old; later a `;` is a refused letter.
 * Throws a SequenceError when the text is not FASTA: no header at all, or something else before the first one.
 */
export async function* readFasta(
  bytes: AsyncIterable<Uint8Array>,
  options: FastaOptions,
): AsyncGenerator<readonly Parsed[]> {
  const parser = fastaParser(options);
  for await (const chunk of withoutByteOrderMark(bytes)) {
    for (let at = 0; at < chunk.length; at += SLICE) {
      const batch = parser.push(chunk.subarray(at, at + SLICE));
      if (batch.length > 0) yield batch;
    }
  }
  yield parser.end();
}

type Mode =
  | "preamble" // before the first header
  | "comment" // within a comment line of the preamble
  | "header"
  | "sequence"
  | "refused"; // the rest of a refused record

/** The machine behind `readFasta`, free of promises: whole chunks go through one loop, which is what makes it fast. */
function fastaParser({
  file,
  gaps = "refuse",
  maxResidues = 100e6,
  maxHeader = 2 ** 20,
}: FastaOptions) {
  let mode: Mode = "preamble";
  let batch: Parsed[] = [];

  // Position: the column of byte i is i - lineStart + 1, so that no counter moves within a line.
  let line = 1;
  let lineStart = 0;
  let endedByCr = false;
  let hasCr = false;

  // The record being read.
  let record = 0;
  let recordLine = 0;
  let id = "";
  let description = "";
  let letters = Buffer.alloc(1 << 16);
  let length = 0;
  let gapsRemoved = 0;
  let rare: Partial<Record<RareLetter, number>> | undefined;
  let stop: { line: number; column: number } | undefined;
  const headerBytes = { parts: [] as Buffer[], length: 0 };

  function refuse(
    reason: string,
    place: { line: number; column?: number },
  ): void {
    batch.push(
      new SequenceError(
        { file, record, id: id || undefined, ...place },
        reason,
      ),
    );
    mode = "refused";
  }

  function startRecord(): void {
    record++;
    recordLine = line;
    id = description = "";
    length = gapsRemoved = headerBytes.length = 0;
    headerBytes.parts = [];
    rare = stop = undefined;
    mode = "header";
  }

  function endHeader(): void {
    const { parts } = headerBytes;
    const bytes = parts.length === 1 ? parts[0] : Buffer.concat(parts);
    const text = bytes.toString("utf8");
    // Decoding puts U+FFFD in place of what is not UTF-8, and with it would change the id.
    if (text.includes("\uFFFD") && !isUtf8(bytes)) {
      refuse("expected a header in UTF-8, got bytes that are not", {
        line: recordLine,
      });
      return;
    }
    ({ id, description } = splitHeader(text));
    mode = "sequence";
    if (id === "") {
      refuse('expected an identifier after ">", got none', {
        line: recordLine,
      });
    }
  }

  function endRecord(): void {
    if (mode === "header") endHeader();
    if (mode !== "sequence") return;
    if (length === 0) {
      refuse(emptyReason, { line: recordLine });
      return;
    }
    const sequence = letters.toString("latin1", 0, length);
    batch.push({
      record: { id, description, sequence, file, record, line: recordLine },
      gapsRemoved,
      rare,
    });
  }

  /** Position of the next LF or CR, or the end of the chunk; most files hold no CR, and then the native search does. */
  function lineEnd(chunk: Buffer, from: number): number {
    if (!hasCr) {
      const end = chunk.indexOf(LF, from);
      return end < 0 ? chunk.length : end;
    }
    let i = from;
    while (i < chunk.length && chunk[i] !== LF && chunk[i] !== CR) i++;
    return i;
  }

  /** Reads header bytes up to the line's end and returns the position reached. */
  function readHeader(chunk: Buffer, from: number): number {
    const to = lineEnd(chunk, from);
    headerBytes.length += to - from;
    if (headerBytes.length > maxHeader) {
      refuse(
        `expected a header of at most ${maxHeader} bytes, got a longer one`,
        { line },
      );
    } else {
      headerBytes.parts.push(chunk.subarray(from, to));
    }
    return to;
  }

  /** Copies letters while they need no thought and returns the position of the first byte that does. */
  function readLetters(chunk: Buffer, from: number): number {
    if (letters.length < length + chunk.length) {
      const grown = Buffer.alloc(2 * (length + chunk.length));
      letters.copy(grown, 0, 0, length);
      letters = grown;
    }
    // Locals, because V8 reloads module bindings and closure variables for every byte.
    const table = letterTable;
    const out = letters;
    let i = from;
    let n = length;
    // Four at a time while all are letters: only their codes have bit 64, the classes of other bytes do not.
    for (; i < chunk.length - 3; i += 4) {
      const a = table[chunk[i]];
      const b = table[chunk[i + 1]];
      const c = table[chunk[i + 2]];
      const d = table[chunk[i + 3]];
      if ((a & b & c & d & 64) === 0) break;
      out[n] = a;
      out[n + 1] = b;
      out[n + 2] = c;
      out[n + 3] = d;
      n += 4;
    }
    for (; i < chunk.length; i++) {
      const letter = table[chunk[i]];
      if ((letter & 64) === 0) break;
      out[n++] = letter;
    }
    length = n;
    return i;
  }

  /** Everything of a sequence line that is not a standard letter; line ends and headers are dealt with before. */
  function readSpecial(byte: number, i: number): void {
    const kind = letterTable[byte];
    if (kind === letterClass.rare) {
      const code = byte & UPPER_CASE;
      const letter = String.fromCharCode(code) as RareLetter;
      rare ??= {};
      rare[letter] = (rare[letter] ?? 0) + 1;
      letters[length++] = code;
    } else if (kind === letterClass.gap && gaps === "remove") {
      gapsRemoved++;
    } else if (kind === letterClass.stop) {
      stop = { line, column: i - lineStart + 1 };
    } else if (kind !== letterClass.layout) {
      refuse(letterReason(kind, show(byte)), {
        line,
        column: i - lineStart + 1,
      });
    }
  }

  function push(data: Uint8Array): readonly Parsed[] {
    const chunk = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    batch = [];
    hasCr = chunk.includes(CR);
    for (let i = 0; i < chunk.length;) {
      const byte = chunk[i];
      if (byte === LF || byte === CR) {
        // CRLF is one line end, wherever a chunk splits it.
        if (byte === CR || !(endedByCr && i === lineStart)) {
          if (mode === "header") endHeader();
          if (mode === "comment") mode = "preamble";
          line++;
        }
        endedByCr = byte === CR;
        lineStart = ++i;
      } else if (byte === HEADER && i === lineStart) {
        endRecord();
        startRecord();
        i++;
      } else if (mode === "header") {
        i = readHeader(chunk, i);
      } else if (mode === "refused" || mode === "comment") {
        i = lineEnd(chunk, i);
      } else if (mode === "preamble") {
        if (byte === COMMENT && i === lineStart) mode = "comment";
        else if (letterTable[byte] !== letterClass.layout) {
          const reason = `expected a FASTA header line starting with ">", got ${show(byte)}`;
          throw new SequenceError(
            { file, line, column: i - lineStart + 1 },
            reason,
          );
        }
        i++;
      } else if (stop && letterTable[byte] >= letterClass.stop) {
        refuse(letterReason(letterClass.stop, '"*"'), stop);
      } else {
        i = readLetters(chunk, i);
        const whole = length <= maxResidues;
        if (whole && i < chunk.length && chunk[i] !== LF && chunk[i] !== CR) {
          readSpecial(chunk[i], i);
          i++;
        }
        if (mode === "sequence" && length > maxResidues) {
          const reason = `expected at most ${maxResidues} residues in one record, got more`;
          refuse(reason, { line: recordLine });
        }
      }
    }
    lineStart -= chunk.length;
    return batch;
  }

  function end(): readonly Parsed[] {
    batch = [];
    if (record === 0) {
      throw new SequenceError(
        { file },
        'expected a FASTA header line starting with ">", got none',
      );
    }
    endRecord();
    return batch;
  }

  return { push, end };
}

/** A byte as an error can print it: a character of a longer encoding may continue in a chunk that is not here yet. */
function show(byte: number): string {
  return byte > 32 && byte < 127
    ? JSON.stringify(String.fromCharCode(byte))
    : `byte 0x${byte.toString(16).padStart(2, "0")}`;
}

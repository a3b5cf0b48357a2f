/** @file The body of a submission: JSON for sequences at hand, a form for files, a form made on the way for a stream. */
import { toWire } from "../wire.ts";
import type { Call } from "./transport.ts";
import type { SequenceRecord, SubmissionInput } from "./types.ts";

type Body = Required<Pick<Call, "body" | "headers" | "repeatable">>;
type Settings = Readonly<Record<string, unknown>>;

/** Characters; the service takes a larger submission as a file only. */
const mostJson = 1_000_000;

export function submissionBody(
  input: SubmissionInput,
  settings: Settings,
  fileName = "sequences.fasta",
): Body {
  if (input instanceof ReadableStream)
    return streamedForm(input, settings, fileName);
  const list = typeof input === "string" || input instanceof Blob ? [input] : input; // prettier-ignore
  if (isAll(list, isBlob)) return form(list, settings, fileName);
  const sequences = list as readonly (string | SequenceRecord)[];
  const body = JSON.stringify({ ...toWire(settings), sequences });
  if (body.length > mostJson)
    return form([new Blob([fasta(sequences)])], settings, "sequences.fasta");
  const headers = { "content-type": "application/json" };
  return { body, headers, repeatable: true };
}

/** Fields before files: text as it is, anything else as JSON. */
function form(
  files: readonly Blob[],
  settings: Settings,
  fileName: string,
): Body {
  const body = new FormData();
  for (const [name, text] of fields(settings)) body.set(name, text);
  for (const file of files)
    body.append("file", file, (file as Partial<File>).name ?? fileName);
  return { body, headers: {}, repeatable: true };
}

function streamedForm(
  stream: ReadableStream<Uint8Array>,
  settings: Settings,
  fileName: string,
): Body {
  const boundary = `unirep-${randomKey()}`;
  const part = (name: string, more = "") =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n`;
  const head = fields(settings).map(([name, text]) => `${part(name)}${text}\r\n`); // prettier-ignore
  const quoted = fileName.replaceAll(/["\r\n]/g, "_");
  const opening = `${head.join("")}${part("file", `; filename="${quoted}"\r\ncontent-type: application/octet-stream`)}`;
  const encoder = new TextEncoder();
  const body = stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      start: (to) => to.enqueue(encoder.encode(opening)),
      flush: (to) => to.enqueue(encoder.encode(`\r\n--${boundary}--\r\n`)),
    }),
  );
  const headers = { "content-type": `multipart/form-data; boundary=${boundary}` }; // prettier-ignore
  return { body, headers, repeatable: false };
}

const fields = (settings: Settings): [string, string][] =>
  Object.entries(toWire(settings))
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]); // prettier-ignore

/** Named as the service names sequences of JSON; a TypeError for what would be another record, or another id, in a file. */
function fasta(sequences: readonly (string | SequenceRecord)[]): string {
  return sequences
    .map((item, i) => {
      const { id, sequence } = typeof item === "string" ? { id: `seq-${i + 1}`, sequence: item } : item; // prettier-ignore
      if (!/^[^\s\p{Cc}]+$/u.test(id) || !/^[A-Za-z*.-]+$/.test(sequence))
        throw new TypeError(
          `client: sequence ${i + 1}: expected an id without spaces and letters of amino acids, got others`,
        );
      return `>${id}\n${sequence}\n`;
    })
    .join("");
}

const isBlob = (item: unknown): item is Blob => item instanceof Blob;
const isAll = <T, U extends T>(
  list: readonly T[],
  is: (item: T) => item is U,
): list is readonly U[] => list.length > 0 && list.every(is);

/** 128 random bits; `crypto.randomUUID` is not there on pages without TLS. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** @file The safetensors format: a validating reader for F32 and F64 tensors and a deterministic F32 writer. */
import type { HostTensor } from "../params.ts";
import { elementCount, floatBytes, tensorFromBytes } from "./bytes.ts";

// The limit of the format's own reference implementation.
const MAX_HEADER = 100_000_000;

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** The header's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  readonly name: string;
  readonly bits: 32 | 64;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * The tensors and metadata of a safetensors file; tensors may share memory with `bytes`.
 * The header is not trusted: unknown dtypes, overlaps, gaps and sizes that do not match are TypeErrors naming `file`.
 */
export function readSafetensors(
  bytes: Uint8Array,
  file = "safetensors",
): SafetensorsFile {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = buffer.length < 8 ? 0n : buffer.readBigUInt64LE(0);
  if (
    length < 2n ||
    length > BigInt(MAX_HEADER) ||
    length > BigInt(buffer.length - 8)
  ) {
    throw new TypeError(
      `${file}: expected a safetensors header length from 2 to ${Math.min(MAX_HEADER, Math.max(0, buffer.length - 8))}, got ${length}`,
    );
  }
  const dataStart = 8 + Number(length);
  const header = parseHeader(buffer.subarray(8, dataStart), file);
  const { __metadata__: metadata = {}, ...rest } = header;
  if (
    !isRecord(metadata) ||
    !Object.values(metadata).every((value) => typeof value === "string")
  ) {
    throw new TypeError(`${file}: __metadata__ must map strings to strings`);
  }
  const entries = Object.entries(rest).map(([name, value]) =>
    parseEntry(name, value, file),
  );
  // Contiguous from zero to the end: no tensor overlaps another and no byte goes unread.
  let at = 0;
  for (const { name, begin, end } of [...entries].sort(
    (a, b) => a.begin - b.begin || a.end - b.end,
  )) {
    if (begin !== at) {
      const what =
        begin < at ? "overlaps the tensor before it" : "leaves a gap before it";
      throw new TypeError(
        `${file}: tensor ${name} ${what}: expected data offset ${at}, got ${begin}`,
      );
    }
    at = end;
  }
  if (dataStart + at !== buffer.length) {
    throw new TypeError(
      `${file}: the tensors take ${at} bytes but the file holds ${buffer.length - dataStart}`,
    );
  }
  const tensors = new Map(
    entries.map(({ name, bits, shape, begin, end }) => [
      name,
      tensorFromBytes(
        bytes.subarray(dataStart + begin, dataStart + end),
        { bits, shape },
        `${file}: tensor ${name}`,
      ),
    ]),
  );
  return { tensors, metadata: metadata as Record<string, string> };
}

/** A safetensors file of float32 tensors in the given order, data 8-byte aligned; equal input gives equal bytes. */
export function writeSafetensors(
  tensors: Iterable<readonly [name: string, tensor: HostTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, { shape, data }] of tensors) {
    header[name] = {
      dtype: "F32",
      shape,
      data_offsets: [at, at + data.byteLength],
    };
    parts.push(floatBytes(data));
    at += data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padding = Buffer.alloc(-json.length & 7, " ");
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length + padding.length));
  return Buffer.concat([length, json, padding, ...parts]);
}

function parseHeader(bytes: Uint8Array, file: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    );
  } catch (cause) {
    throw new TypeError(
      `${file}: the safetensors header is not JSON: ${(cause as Error).message}`,
      { cause },
    );
  }
  if (!isRecord(header) || bytes[0] !== 0x7b) {
    throw new TypeError(
      `${file}: expected the safetensors header to be a JSON object beginning with {`,
    );
  }
  return header;
}

function parseEntry(name: string, value: unknown, file: string): Entry {
  const who = `${file}: tensor ${name}`;
  if (
    !isRecord(value) ||
    !Array.isArray(value.shape) ||
    !Array.isArray(value.data_offsets)
  ) {
    throw new TypeError(`${who}: expected dtype, shape and data_offsets`);
  }
  const { dtype } = value;
  if (dtype !== "F32" && dtype !== "F64") {
    throw new TypeError(
      `${who}: expected dtype F32 or F64, got ${JSON.stringify(dtype) ?? "none"}`,
    );
  }
  const bits = dtype === "F32" ? 32 : 64;
  const bytes = elementCount(value.shape, who) * (bits / 8);
  const [begin, end] = value.data_offsets as unknown[];
  if (
    value.data_offsets.length !== 2 ||
    !isOffset(begin) ||
    !isOffset(end) ||
    end - begin !== bytes
  ) {
    throw new TypeError(
      `${who}: shape [${value.shape.join(", ")}] of ${dtype} needs ${bytes} bytes, got data_offsets ${JSON.stringify(value.data_offsets)}`,
    );
  }
  return { name, bits, shape: value.shape as number[], begin, end };
}

function isOffset(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

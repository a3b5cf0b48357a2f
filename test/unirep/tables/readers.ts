/** @file Independent readers of the six formats, each giving the same plain picture of a table. */
import { readFileSync } from "node:fs";
import { File, ready } from "h5wasm/node";
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
} from "hyparquet";

/** Per column the flat values of each record. */
export interface Picture {
  readonly ids: string[];
  readonly columns: Readonly<Record<string, number[][]>>;
  readonly meta: unknown;
}

export interface NpyPicture {
  readonly descr: string;
  readonly shape: number[];
  readonly values: (number | string)[];
}

/** numpy.lib.format 1.0 by the letter. */
export function parseNpy(bytes: Buffer): NpyPicture {
  if (bytes.toString("latin1", 0, 8) !== "\x93NUMPY\x01\x00")
    throw new Error("not .npy 1.0");
  const start = 10 + bytes.readUInt16LE(8);
  if (start % 64 !== 0 || bytes[start - 1] !== 10)
    throw new Error("header is not padded");
  const match =
    /^{'descr': '(.+)', 'fortran_order': False, 'shape': \((.*)\), } *\n$/.exec(
      bytes.toString("latin1", 10, start),
    );
  if (!match) throw new Error("header is not the documented dictionary");
  const [, descr, dims] = match;
  const shape = dims
    .split(",")
    .filter((dim) => dim.trim() !== "")
    .map(Number);
  const count = shape.reduce((a, b) => a * b, 1);
  const item = descr.startsWith("<U")
    ? 4 * Number(descr.slice(2))
    : Number(descr.slice(2));
  if (bytes.length !== start + count * item)
    throw new Error("data does not fill the shape");
  const read: Record<string, (at: number) => number | string> = {
    "<f4": (at) => bytes.readFloatLE(at),
    "<f8": (at) => bytes.readDoubleLE(at),
    "<i8": (at) => Number(bytes.readBigInt64LE(at)),
  };
  const text = (at: number) => {
    const points = Array.from({ length: item / 4 }, (_, k) =>
      bytes.readUInt32LE(at + 4 * k),
    );
    return String.fromCodePoint(...points).replace(/\0+$/, "");
  };
  const one = read[descr] ?? text;
  return {
    descr,
    shape,
    values: Array.from({ length: count }, (_, k) => one(start + k * item)),
  };
}

/** The stored entries of a zip through its central directory (APPNOTE 4.3). */
export function parseZip(bytes: Buffer): Map<string, Buffer> {
  const end = bytes.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  const entries = new Map<string, Buffer>();
  let at = bytes.readUInt32LE(end + 16);
  for (let k = bytes.readUInt16LE(end + 10); k > 0; k--) {
    if (bytes.readUInt16LE(at + 10) !== 0)
      throw new Error("entry is not stored");
    const [size, name, extra, comment] = [24, 28, 30, 32].map((field, j) =>
      j === 0 ? bytes.readUInt32LE(at + field) : bytes.readUInt16LE(at + field),
    );
    const local = bytes.readUInt32LE(at + 42);
    const data =
      local +
      30 +
      bytes.readUInt16LE(local + 26) +
      bytes.readUInt16LE(local + 28);
    entries.set(
      bytes.toString("utf8", at + 46, at + 46 + name),
      bytes.subarray(data, data + size),
    );
    at += 46 + name + extra + comment;
  }
  return entries;
}

function split(
  values: readonly number[],
  ends: readonly number[],
  width: number,
): number[][] {
  return ends
    .slice(1)
    .map((end, k) => values.slice(ends[k] * width, end * width));
}

function perRecord(
  values: readonly number[],
  shape: readonly number[],
  offsets: readonly number[] | undefined,
) {
  const width = shape[1] ?? 1;
  return split(
    values,
    offsets ?? Array.from({ length: shape[0] + 1 }, (_, k) => k),
    width,
  );
}

export function readNpz(path: string): Picture & { lengths: number[] } {
  const arrays = new Map(
    [...parseZip(readFileSync(path))].map(([name, bytes]) => [
      name.slice(0, -4),
      parseNpy(bytes),
    ]),
  );
  const values = (name: string) => arrays.get(name)?.values as number[];
  const names = [...arrays.keys()].filter(
    (name) => !/^(ids|lengths|meta|.*_offsets)$/.test(name),
  );
  return {
    ids: arrays.get("ids")?.values as string[],
    lengths: values("lengths"),
    meta: JSON.parse(arrays.get("meta")?.values[0] as string),
    columns: Object.fromEntries(
      names.map((name) => [
        name,
        perRecord(
          values(name),
          arrays.get(name)?.shape ?? [],
          values(`${name}_offsets`),
        ),
      ]),
    ),
  };
}

export async function readH5(
  path: string,
): Promise<Picture & { lengths: number[] }> {
  await ready;
  const file = new File(path, "r");
  try {
    const get = (name: string) => {
      const dataset = file.get(name) as {
        value: ArrayLike<number | bigint | string>;
        shape: number[];
      } | null;
      return (
        dataset && { shape: dataset.shape, values: Array.from(dataset.value) }
      );
    };
    const numbers = (name: string) => get(name)?.values.map(Number);
    const names = file
      .keys()
      .filter((name) => !/^(ids|lengths|.*_offsets)$/.test(name));
    return {
      ids: get("ids")?.values as string[],
      lengths: numbers("lengths") ?? [],
      meta: JSON.parse(file.get_attribute("meta", false) as string),
      columns: Object.fromEntries(
        names.map((name) => [
          name,
          perRecord(
            numbers(name) ?? [],
            get(name)?.shape ?? [],
            numbers(`${name}_offsets`),
          ),
        ]),
      ),
    };
  } finally {
    file.close();
  }
}

/** Flat numbers of whatever nesting a reader gives. */
function flat(value: unknown): number[] {
  return (Array.isArray(value) ? value.flat(Infinity) : [value]).map(Number);
}

function fromObjects(
  objects: readonly Record<string, unknown>[],
  names: readonly string[],
  meta: unknown,
): Picture {
  return {
    ids: objects.map(({ id }) => id as string),
    meta,
    columns: Object.fromEntries(
      names.map((name) => [name, objects.map((object) => flat(object[name]))]),
    ),
  };
}

/** Objects with `position` are the positions of a ragged table: gathered by record. */
export function gathered(
  objects: readonly Record<string, unknown>[],
): Record<string, unknown>[] {
  const records: Record<string, unknown>[] = [];
  for (const object of objects) {
    if (Number(object.position) === 0) records.push({});
    const record = records[records.length - 1];
    for (const [key, value] of Object.entries(object)) {
      record[key] =
        key === "id" || key === "position"
          ? value
          : [...((record[key] as unknown[]) ?? []), value];
    }
  }
  return records;
}

export async function readParquet(
  path: string,
  names: readonly string[],
): Promise<Picture> {
  const file = await asyncBufferFromFile(path);
  const { key_value_metadata: pairs } = await parquetMetadataAsync(file);
  const objects = (await parquetReadObjects({ file })) as Record<
    string,
    unknown
  >[];
  const meta = JSON.parse(
    pairs?.find(({ key }) => key === "meta")?.value ?? "null",
  ) as unknown;
  return fromObjects(
    objects.length > 0 && "position" in objects[0]
      ? gathered(objects)
      : objects,
    names,
    meta,
  );
}

export function readJsonl(path: string, names: readonly string[]): Picture {
  const [first, ...rest] = readFileSync(path, "utf8").trimEnd().split("\n");
  const objects = rest.map(
    (text) => JSON.parse(text) as Record<string, unknown>,
  );
  return fromObjects(
    objects,
    names,
    (JSON.parse(first) as { meta: unknown }).meta,
  );
}

/** RFC 4180 cells. */
export function parseCsvLine(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) =>
      quoted === undefined ? plain : quoted.replaceAll('""', '"'),
  );
}

export function readCsv(path: string, names: readonly string[]): Picture {
  const [comment, header, ...lines] = readFileSync(path, "utf8")
    .trimEnd()
    .split("\n");
  const keys = parseCsvLine(header);
  const objects = lines.map((line) => {
    const object: Record<string, unknown> = {};
    parseCsvLine(line).forEach((cell, k) => {
      const vector = names.find((name) =>
        new RegExp(`^${name}_\\d+$`).test(keys[k]),
      );
      if (vector)
        object[vector] = [
          ...((object[vector] as number[]) ?? []),
          Number(cell),
        ];
      else object[keys[k]] = cell.startsWith("[") ? JSON.parse(cell) : cell;
    });
    return object;
  });
  const records = keys.includes("position") ? gathered(objects) : objects;
  return fromObjects(records, names, JSON.parse(comment.slice(2)));
}

export function readNpyPair(path: string): {
  matrix: NpyPicture;
  sidecar: Record<string, unknown>;
} {
  const sidecar = readFileSync(path.replace(/\.npy$/, ".ids.json"), "utf8");
  return {
    matrix: parseNpy(readFileSync(path)),
    sidecar: JSON.parse(sidecar) as Record<string, unknown>,
  };
}

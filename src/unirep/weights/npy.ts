/** @file NumPy's `.npy` format: reads versions 1 to 3 of float32 and float64 arrays, writes version 1. */
import type { HostTensor } from "../params.ts";
import { floatBytes, tensorFromBytes } from "./bytes.ts";

const MAGIC = Buffer.from("\x93NUMPY", "latin1");

/**
 * Header of a version 1 `.npy` file for a row-major array, e.g. `npyHeader("<f4", [2, 3])`, as `numpy.save` writes it:
 * the data that follow start at a multiple of 64 bytes. `dtype` is a NumPy type string such as `<f4`, `<i8`, `|b1`.
 */
export function npyHeader(dtype: string, shape: readonly number[]): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const header = `{'descr': '${dtype}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const total = Math.ceil((MAGIC.length + 4 + header.length + 1) / 64) * 64;
  const size = Buffer.alloc(4);
  size.writeUInt8(1, 0); // version 1.0
  size.writeUInt16LE(total - MAGIC.length - 4, 2);
  const padded = header.padEnd(total - MAGIC.length - 5) + "\n";
  return Buffer.concat([MAGIC, size, Buffer.from(padded, "latin1")]);
}

/** The bytes of a row-major float32 `.npy` file, byte for byte those of `numpy.save`. */
export function writeNpy({ shape, data }: HostTensor): Buffer {
  return Buffer.concat([npyHeader("<f4", shape), floatBytes(data)]);
}

/**
 * The array of a `.npy` file: `<f4`, `>f4`, `<f8` or `>f8`, C or Fortran order, made row-major float32.
 * May share memory with `bytes`. Anything else, and a file one byte too short or long, is a TypeError naming `name`.
 */
export function readNpy(bytes: Uint8Array, name = "npy"): HostTensor {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (file.length < 12 || !file.subarray(0, 6).equals(MAGIC)) {
    throw new TypeError(
      `${name}: expected a .npy file beginning with \\x93NUMPY, got ${describeStart(file)}`,
    );
  }
  const version = file[6];
  if (version < 1 || version > 3)
    throw new TypeError(
      `${name}: expected .npy version 1, 2 or 3, got ${version}`,
    );
  const start = version === 1 ? 10 : 12;
  const end =
    start + (version === 1 ? file.readUInt16LE(8) : file.readUInt32LE(8));
  if (end > file.length) {
    throw new TypeError(
      `${name}: the .npy header ends at byte ${end} but the file has only ${file.length} bytes`,
    );
  }
  const { dtype, fortran, shape } = parseHeader(
    file.toString("latin1", start, end),
    name,
  );
  const type = /^([<>])f([48])$/.exec(dtype);
  if (!type)
    throw new TypeError(
      `${name}: expected dtype float32 or float64 (<f4, >f4, <f8, >f8), got ${dtype}`,
    );
  const layout = {
    shape,
    bits: type[2] === "4" ? 32 : 64,
    bigEndian: type[1] === ">",
    fortran,
  } as const;
  return tensorFromBytes(bytes.subarray(end), layout, name);
}

function parseHeader(
  text: string,
  name: string,
): { dtype: string; fortran: boolean; shape: number[] } {
  // A Python dict literal with exactly three keys in any order; Python 2 wrote its sizes as 26L.
  const fields = new Map<string, string>();
  const entry =
    /\s*'(descr|fortran_order|shape)'\s*:\s*('[^']*'|True|False|\([0-9L, ]*\))\s*(?:,|(?=\}))/y;
  const refuse = () =>
    new TypeError(
      `${name}: expected a .npy header with descr, fortran_order and shape, got ${text.slice(0, 80).trim()}`,
    );
  const open = text.indexOf("{");
  if (open < 0 || text.slice(0, open).trim() !== "") throw refuse();
  entry.lastIndex = open + 1;
  let close = entry.lastIndex;
  for (let match = entry.exec(text); match; match = entry.exec(text)) {
    if (fields.has(match[1])) throw refuse();
    fields.set(match[1], match[2]);
    close = entry.lastIndex;
  }
  const dtype = fields.get("descr");
  const order = fields.get("fortran_order");
  const shape = fields.get("shape");
  if (
    text.slice(close).trim() !== "}" ||
    !dtype?.startsWith("'") ||
    !shape?.startsWith("(")
  )
    throw refuse();
  if (order !== "True" && order !== "False") throw refuse();
  const sizes = shape.slice(1, -1).replaceAll("L", "").trim().replace(/,$/, "");
  return {
    dtype: dtype.slice(1, -1),
    fortran: order === "True",
    shape:
      sizes === ""
        ? []
        : sizes
            .split(",")
            .map((size) => (size.trim() === "" ? NaN : Number(size))),
  };
}

function describeStart(file: Buffer): string {
  return file.length === 0
    ? "an empty file"
    : `bytes ${file.subarray(0, 6).toString("hex")}`;
}

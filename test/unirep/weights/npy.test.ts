/** @file NumPy files, read and written, against the bytes of NumPy. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  npyHeader,
  readNpy,
  writeNpy,
} from "../../../src/unirep/weights/npy.ts";
import { bytesOf, expected, goldens, shifted } from "./format-goldens.ts";

describe("npy", () => {
  test.each(goldens.npy)("reads what numpy wrote: $name", ({ bytes }) => {
    for (const by of [0, 1, 4])
      expect(readNpy(shifted(bytesOf(bytes), by))).toEqual(expected);
  });
  test.each(goldens.npyShapes)("reads shape $name", ({ bytes, shape }) => {
    expect(readNpy(bytesOf(bytes)).shape).toEqual(shape);
  });
  test.each(goldens.npyRefused)("refuses dtype $name by name", ({ bytes }) => {
    expect(() => readNpy(bytesOf(bytes), "x.npy")).toThrow(
      /^x\.npy: expected dtype float32 or float64 .* got </,
    );
  });
  test("writes the bytes that numpy.save writes", () => {
    const row = goldens.npy.find(
      ({ name }) => name === "<f4, C order, version 1",
    );
    expect(writeNpy(expected).toString("base64")).toBe(row?.bytes);
    for (const { bytes, shape } of goldens.npyShapes) {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1);
      expect(writeNpy({ shape, data }).toString("base64")).toBe(bytes);
    }
  });
  test("round-trips any tensor", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { maxLength: 4 }), (shape) => {
        const data = Float32Array.from(
          { length: shape.reduce((a, b) => a * b, 1) },
          (_, i) => Math.sin(i),
        );
        expect(readNpy(writeNpy({ shape, data }))).toEqual({ shape, data });
      }),
    );
  });
  test("refuses a file cut or extended by one byte", () => {
    const whole = writeNpy(expected);
    for (let length = 0; length < whole.length; length++) {
      expect(() => readNpy(whole.subarray(0, length))).toThrow(TypeError);
    }
    expect(() => readNpy(Buffer.concat([whole, Buffer.alloc(1)]))).toThrow(
      /needs 24 bytes, got 25/,
    );
  });
  test.each([
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }", true],
    ["{'shape': (2, 3), 'fortran_order': False, 'descr': '<f4'}", true],
    [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1}",
      false,
    ],
    [
      "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
      false,
    ],
    ["{'descr': '<f4', 'shape': (2, 3)}", false],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (2, , 3)}", false],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (6)} junk", false],
    [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 0)}",
      false,
    ],
    ["__import__('os')", false],
  ])("judges the header %s", (text, good) => {
    const size = Buffer.from([1, 0, 0, 0]);
    size.writeUInt16LE(text.length, 2);
    const file = Buffer.concat([
      Buffer.from("\x93NUMPY", "latin1"),
      size,
      Buffer.from(text),
      Buffer.alloc(24),
    ]);
    if (good) expect(readNpy(file).shape).toEqual([2, 3]);
    else expect(() => readNpy(file)).toThrow(TypeError);
  });
  test("aligns data to 64 bytes for any dtype and shape", () => {
    for (const shape of [[], [7], [1000000, 1], Array<number>(20).fill(3)]) {
      expect(npyHeader("<i8", shape).length % 64).toBe(0);
    }
  });
});

/** @file Safetensors files of the safetensors package and our own, and hostile ones. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  readSafetensors,
  writeSafetensors,
} from "../../../src/unirep/weights/safetensors.ts";
import { bytesOf, expected, goldens, shifted } from "./format-goldens.ts";

describe("safetensors", () => {
  const tensor = { shape: [3], data: Float32Array.of(1, 2, 3) };
  test("reads what the safetensors package wrote, at any alignment", () => {
    for (const by of [0, 1, 4]) {
      const { tensors, metadata } = readSafetensors(
        shifted(bytesOf(goldens.safetensors), by),
      );
      expect(Object.fromEntries(tensors)).toEqual({
        a: expected,
        b: expected,
        c: { shape: [3], data: Float32Array.of(1, 1, 1) },
      });
      expect(metadata).toEqual({ licence: "none" });
    }
  });
  test("round-trips names, shapes, bits and metadata, and writes equal bytes for equal input", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc
            .string({ minLength: 1 })
            .filter((name) => name !== "__metadata__" && name !== "__proto__"),
          { maxLength: 5 },
        ),
        fc.array(fc.nat(4), { maxLength: 3 }),
        fc.string(),
        (names, shape, note) => {
          const data = Float32Array.from(
            { length: shape.reduce((a, b) => a * b, 1) },
            (_, i) => Math.cos(i),
          );
          const file = writeSafetensors(
            names.map((name) => [name, { shape, data }] as const),
            { note },
          );
          const read = readSafetensors(file);
          expect([...read.tensors.keys()].sort()).toEqual([...names].sort());
          for (const found of read.tensors.values())
            expect(found).toEqual({ shape, data });
          expect(read.metadata).toEqual({ note });
          expect(
            writeSafetensors(
              names.map((name) => [name, { shape, data }] as const),
              { note },
            ),
          ).toEqual(file);
          expect((8 + Number(Buffer.from(file).readBigUInt64LE(0))) % 8).toBe(
            0,
          );
        },
      ),
    );
  });

  const file = (header: unknown, dataBytes: number) => {
    const json = Buffer.from(
      typeof header === "string" ? header : JSON.stringify(header),
    );
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(json.length));
    return Buffer.concat([size, json, Buffer.alloc(dataBytes)]);
  };
  const entry = (
    begin: number,
    end: number,
    shape: unknown = [(end - begin) / 4],
    dtype: unknown = "F32",
  ) => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });
  test.each<[string, Buffer, RegExp]>([
    ["an empty file", Buffer.alloc(0), /header length/],
    [
      "a header of 2^63 bytes",
      Buffer.from([0, 0, 0, 0, 0, 0, 0, 128, 123]),
      /header length from 2 to 1, got 9223372036854775808/,
    ],
    ["a header that is no JSON", file("{oops", 0), /not JSON/],
    [
      "a header that is no UTF-8",
      Buffer.concat([
        Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]),
        Buffer.from([0x7b, 0x22, 0xff, 0x7d]),
      ]),
      /not JSON/,
    ],
    ["an array for a header", file([1], 0), /JSON object/],
    [
      "overlapping tensors",
      file({ a: entry(0, 8), b: entry(4, 12) }, 12),
      /tensor b overlaps .* offset 8, got 4/,
    ],
    [
      "a gap",
      file({ a: entry(0, 4), b: entry(8, 12) }, 12),
      /tensor b leaves a gap/,
    ],
    [
      "bytes that belong to no tensor",
      file({ a: entry(0, 4) }, 8),
      /take 4 bytes but the file holds 8/,
    ],
    [
      "offsets past the end",
      file({ a: entry(0, 8) }, 4),
      /take 8 bytes but the file holds 4/,
    ],
    [
      "offsets in reverse",
      file({ a: entry(8, 0, [0]) }, 8),
      /data_offsets \[8,0\]/,
    ],
    [
      "fractional offsets",
      file({ a: entry(0.5, 4.5, [1]) }, 5),
      /data_offsets/,
    ],
    [
      "a negative size",
      file({ a: entry(0, 4, [-1, -1]) }, 4),
      /non-negative integers, got \[-1, -1\]/,
    ],
    [
      "a size beyond integers",
      file({ a: entry(0, 0, [2 ** 40, 2 ** 40]) }, 0),
      /non-negative integers/,
    ],
    [
      "half precision",
      file({ a: entry(0, 4, [2], "F16") }, 4),
      /tensor a: expected dtype F32 or F64, got "F16"/,
    ],
    [
      "metadata that is no text",
      file({ __metadata__: { a: 1 } }, 0),
      /__metadata__/,
    ],
    [
      "a tensor that is no object",
      file({ a: 7 }, 0),
      /dtype, shape and data_offsets/,
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(message);
  });
  test("random headers and damaged files give a TypeError or tensors within the file, never a crash", () => {
    const whole = writeSafetensors(
      [
        ["a", tensor],
        ["b", tensor],
      ],
      { x: "y" },
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), {
          maxLength: 4,
        }),
        (damage) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of damage) bytes[at] = value;
          try {
            for (const { shape, data } of readSafetensors(
              bytes,
            ).tensors.values()) {
              expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
            }
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
          }
        },
      ),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.json(), fc.nat(16), (header, size) => {
        try {
          readSafetensors(file(header, size));
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
    );
  });
});

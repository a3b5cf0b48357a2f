/** @file NumPy archives, whole and damaged, against those of NumPy. */
import { deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readNpz } from "../../../src/unirep/weights/npz.ts";
import { bytesOf, expected, goldens } from "./format-goldens.ts";

describe("npz", () => {
  test.each(goldens.npz)("reads what numpy.$name wrote", ({ bytes }) => {
    expect(Object.fromEntries(readNpz(bytesOf(bytes)))).toEqual({
      "mlstm.0.wx": expected,
      "dense.b": { shape: [3], data: expected.data.slice(0, 3) },
    });
  });
  test.each(goldens.npz)(
    "$name: every cut and every flipped byte is refused or harmless",
    ({ bytes }) => {
      const whole = bytesOf(bytes);
      for (let i = 0; i < whole.length; i++) {
        expect(() => readNpz(whole.subarray(0, i))).toThrow(TypeError);
        const damaged = Buffer.from(whole);
        damaged[i] ^= 0xff;
        try {
          for (const { data } of readNpz(damaged).values()) {
            expect(expected.data.subarray(0, data.length)).toEqual(
              Float32Array.from(data),
            );
          }
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError); // never a crash, never other numbers
        }
      }
    },
  );
  test("refuses a member that unpacks to more than it says", () => {
    const whole = bytesOf(goldens.npz[1].bytes);
    const bomb = deflateRawSync(Buffer.alloc(1 << 20));
    const end = whole.lastIndexOf("PK\x05\x06", undefined, "latin1");
    const entry = whole.readUInt32LE(end + 16);
    const damaged = Buffer.from(whole);
    const start = 30 + whole.readUInt16LE(26) + whole.readUInt16LE(28);
    bomb.copy(
      damaged,
      start,
      0,
      Math.min(bomb.length, whole.readUInt32LE(entry + 20)),
    );
    expect(() => readNpz(damaged)).toThrow(TypeError);
  });
});

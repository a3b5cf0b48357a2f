/** @file Part files: what is written in any order comes back in order, and a torn one is known. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Column, Value } from "../../src/unirep/index.ts";
import { checkPart, partRows, writePart } from "../../src/workers/compute/part-file.ts"; // prettier-ignore
import { all } from "../unirep/formats/streams.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-part-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "part");

const columns: readonly Column[] = [
  { kind: "scalar", name: "perplexity" },
  { kind: "vector", name: "h_avg", width: 3 },
  { kind: "list", name: "log_probs" },
  { kind: "ragged", name: "per_residue", width: 2 },
];
const lengths = [2, 1, 70_000, 5];
const header = {
  first: 7,
  columns,
  weights: "abc",
  ids: ["a", "Ü", "b\u2028", "a"],
  lengths,
};
const floats = (count: number, from: number) =>
  Float32Array.from({ length: count }, (_, k) => from + k / 3);
const rows: Value[][] = lengths.map((length, k) => [
  Math.PI * k,
  floats(3, k),
  floats(length + 1, -k),
  floats(2 * (length + 1), 100 * k),
]);
const write = (order = [2, 0, 3, 1], values = rows) =>
  writePart(path, header, async (put) => {
    for (const k of order) await put(k, values[k]);
  });

describe("a part", () => {
  test("gives its rows in order, whatever the order they came in, with the columns asked for", async () => {
    await write();
    expect(await checkPart(path)).toEqual(header);
    for (const picks of [[0, 1, 2, 3], [3], [2, 0], []]) {
      const read = await all(partRows(path, picks.map((c) => columns[c]))); // prettier-ignore
      expect(read).toEqual(
        rows.map((values, k) => ({
          id: header.ids[k],
          length: lengths[k],
          values: picks.map((c) => values[c]),
        })),
      );
    }
  });

  test("is the same bytes whatever the order its rows came in", async () => {
    await write();
    const bytes = readFileSync(path);
    await write([0, 1, 2, 3]);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  test.each<[string, number[], Value[][]]>([
    ["a record that is missing", [0, 1, 2], rows],
    ["a record given twice", [0, 1, 1, 2], rows],
    ["a row of another size", [1, 0, 2, 3], rows.map((row) => [...row.slice(0, 3), floats(3, 0)])], // prettier-ignore
  ])("is not written with %s", async (_, order, values) => {
    rmSync(path, { force: true });
    await expect(write(order, values)).rejects.toThrow(/^part: expected /);
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each<[string, () => void]>([
    ["cut off within its rows", () => truncateSync(path, 3000)],
    ["without its last byte", () => truncateSync(path, readFileSync(path).length - 1)], // prettier-ignore
    ["cut off in its first bytes", () => truncateSync(path, 9)],
    ["empty", () => truncateSync(path, 0)],
    ["of zeros, as a power failure leaves it", () => writeFileSync(path, Buffer.alloc(5000))], // prettier-ignore
    ["with one bit changed", () => {
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1] ^= 1;
      writeFileSync(path, bytes);
    }], // prettier-ignore
  ])("%s is refused in a sentence", async (_, damage) => {
    await write();
    damage();
    await expect(checkPart(path)).rejects.toThrow(
      /^part \S+: expected a whole part of a result, got /,
    );
  });
});

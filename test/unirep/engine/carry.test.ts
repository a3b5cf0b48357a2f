/** @file Moving the states of lanes between chunks. */
import { describe, expect, test } from "vitest";
import {
  arrangeCarry,
  carryFrom,
  joinCarries,
} from "../../../src/unirep/engine/carry.ts";
import type { Floats } from "../../../src/unirep/engine/job.ts";
import type { Carry } from "../../../src/unirep/engine/program.ts";
import { customModel } from "../../../src/unirep/model.ts";

const config = customModel({ units: 2, layers: 2 });
const floats = (size: number) => new Float32Array(size);

/** A state in which lane i of tensor t holds 100 t + 10 i + unit. */
function carryOf(lanes: number): Carry<Floats> {
  const tensor = (t: number) =>
    Float32Array.from(
      { length: lanes * 2 },
      (_, k) => 100 * t + 10 * (k >> 1) + (k & 1),
    );
  return {
    layers: [
      { h: tensor(1), c: tensor(2) },
      { h: tensor(3), c: tensor(4) },
    ],
    sum: tensor(5),
  };
}

const tensors = ({ layers, sum }: Carry<Floats>) => [
  ...layers.flatMap(({ h, c }) => [h, c]),
  sum,
];

describe("arrangeCarry", () => {
  test.each<[string, lanes: number, rows: number[]]>([
    ["drops lanes", 4, [0, 3]],
    ["opens lanes", 2, [0, 1, -1, -1]],
    ["moves lanes, as many as before", 3, [2, 0, 1]],
    ["replaces one", 3, [0, -1, 2]],
    ["starts from nothing", 0, [-1, -1]],
  ])("%s, in every tensor alike", (_, lanes, rows) => {
    const from = lanes === 0 ? null : carryOf(lanes);
    const moved = tensors(arrangeCarry(from, rows, config, floats));
    expect(moved.map((x) => Array.from(x))).toEqual(
      [1, 2, 3, 4, 5].map((t) =>
        rows.flatMap((row) =>
          row < 0 ? [0, 0] : [100 * t + 10 * row, 100 * t + 10 * row + 1],
        ),
      ),
    );
  });

  test("copies nothing when every lane stays", () => {
    const from = carryOf(3);
    expect(arrangeCarry(from, [0, 1, 2], config, floats)).toBe(from);
  });
});

test("the states of lanes next to each other, joined, are the whole", () => {
  const whole = carryOf(5);
  const parts = [
    [0, 2],
    [2, 1],
    [3, 2],
  ].map(([first, count]) => carryFrom(whole, first, count, config));
  expect(parts.map(({ sum }) => sum.length)).toEqual([4, 2, 4]);
  expect(tensors(joinCarries(parts, floats))).toEqual(tensors(whole));
  expect(joinCarries([whole], floats)).toBe(whole);
});

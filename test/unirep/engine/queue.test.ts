/** @file The waiting line: longest first within a caller, callers in turn, nobody forgotten. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WaitingLine } from "../../../src/unirep/engine/queue.ts";

const item = (name: string, length: number) => ({
  name,
  tokens: new Uint8Array(length),
});
type Item = ReturnType<typeof item>;
const drain = (line: WaitingLine<Item>): string[] => {
  const names: string[] = [];
  for (let next = line.take(); next; next = line.take()) names.push(next.name);
  return names;
};

describe("WaitingLine", () => {
  test.each<[string, [caller: number, name: string, length: number][], string]>(
    [
      [
        "gives the longest first",
        [
          [0, "a", 3],
          [0, "b", 9],
          [0, "c", 5],
        ],
        "b c a",
      ],
      [
        "gives equally long ones in the order they came",
        [
          [0, "a", 3],
          [0, "b", 3],
          [0, "c", 3],
        ],
        "a b c",
      ],
      [
        "lets callers take turns",
        [
          [0, "a", 9],
          [0, "b", 8],
          [0, "c", 7],
          [1, "x", 1],
        ],
        "a x b c",
      ],
      [
        "starts with the caller that came first",
        [
          [1, "x", 1],
          [0, "a", 9],
          [1, "y", 2],
        ],
        "y a x",
      ],
    ],
  )("%s", (_, added, expected) => {
    const callers = [{}, {}];
    const line = new WaitingLine<Item>();
    for (const [caller, name, length] of added)
      line.add(callers[caller], item(name, length));
    expect(line.size).toBe(added.length);
    expect(drain(line).join(" ")).toBe(expected);
    expect(line.size).toBe(0);
  });

  test("serves a newcomer after at most one item of each other caller", () => {
    const line = new WaitingLine<Item>();
    const callers = [{}, {}, {}];
    callers.forEach((caller, i) => {
      for (let k = 0; k < 10; k++) line.add(caller, item(`${i}`, 5));
    });
    line.take();
    line.add({}, item("new", 1));
    expect(drain(line).indexOf("new")).toBeLessThanOrEqual(3);
  });

  test("gives everything once, whatever is added, taken and removed", () => {
    const action = fc.oneof(
      fc.record({
        kind: fc.constant("add" as const),
        caller: fc.integer({ min: 0, max: 3 }),
        length: fc.integer({ min: 1, max: 6 }),
      }),
      fc.record({ kind: fc.constant("take" as const) }),
      fc.record({
        kind: fc.constant("remove" as const),
        length: fc.integer({ min: 1, max: 6 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const line = new WaitingLine<Item>();
        const callers = [{}, {}, {}, {}];
        const expected = new Set<string>();
        actions.forEach((a, i) => {
          if (a.kind === "add") {
            expected.add(`${i}:${a.length}`);
            line.add(callers[a.caller], item(`${i}:${a.length}`, a.length));
          } else if (a.kind === "take") {
            const taken = line.take();
            expect(taken === null).toBe(expected.size === 0);
            if (taken) expect(expected.delete(taken.name)).toBe(true);
          } else {
            line.remove(({ tokens }) => tokens.length === a.length);
            for (const name of expected)
              if (name.endsWith(`:${a.length}`)) expected.delete(name);
          }
          expect(line.size).toBe(expected.size);
          const lengths = [...expected].map((name) =>
            Number(name.split(":")[1]),
          );
          expect(line.tokens).toBe(lengths.reduce((sum, n) => sum + n, 0));
          expect(line.longest).toBe(Math.max(0, ...lengths));
        });
        expect(new Set(drain(line))).toEqual(expected);
      }),
    );
  });
});

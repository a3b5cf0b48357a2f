/** @file Windows of packed lanes: whatever their shape, they hold every sequence once an epoch. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  epochOrder,
  Windows,
  type Position,
  type Window,
  type WindowOptions,
} from "../../src/training/windows.ts";
import { proteins } from "./training-model.ts";

const START = 24;
const STOP_CLASS = 24;

const cases = fc.record({
  lengths: fc.array(fc.integer({ min: 1, max: 25 }), {
    minLength: 1,
    maxLength: 12,
  }),
  lanes: fc.integer({ min: 1, max: 6 }),
  window: fc.integer({ min: 1, max: 12 }),
  epochs: fc.integer({ min: 1, max: 3 }),
  seed: fc.integer({ min: 0, max: 1000 }),
});

function dealAll(
  sequences: readonly Uint8Array[],
  options: WindowOptions,
  position?: Position,
): { windows: Window[]; positions: Position[] } {
  const dealer = new Windows(sequences, options, position);
  const [windows, positions]: [Window[], Position[]] = [[], []];
  for (let w = dealer.take(); w; w = dealer.take()) {
    windows.push(w);
    positions.push(dealer.position);
  }
  expect(dealer.ended).toBe(true);
  expect(dealer.take()).toBeNull();
  return { windows, positions };
}

/** What each lane reads, cut where `keep` is 0: [tokens read, classes asked for] in the order in which they begin. */
function readBack(windows: readonly Window[], lanes: number, steps: number) {
  const open: { tokens: number[]; targets: number[] }[] = [];
  const all: { tokens: number[]; targets: number[] }[] = [];
  for (const window of windows)
    for (let i = 0; i < steps * lanes; i++) {
      const lane = i % lanes;
      if (window.mask[i] === 0) continue;
      if (window.keep[i] === 0)
        all.push((open[lane] = { tokens: [], targets: [] }));
      open[lane].tokens.push(window.tokens[i]);
      open[lane].targets.push(window.targets[i]);
    }
  return all;
}

const names = (list: readonly ArrayLike<number>[]) =>
  list.map((x) => Array.from(x).join()).sort();

describe("windows", () => {
  test("hold every sequence once an epoch, from start to stop, each target the token after", () => {
    fc.assert(
      fc.property(cases, ({ lengths, ...options }) => {
        const sequences = proteins(lengths);
        const { windows } = dealAll(sequences, options);
        const read = readBack(windows, options.lanes, options.window);
        for (const { tokens, targets } of read) {
          expect(tokens[0]).toBe(START);
          expect(targets[targets.length - 1]).toBe(STOP_CLASS);
          expect(targets.slice(0, -1)).toEqual(tokens.slice(1).map((t) => t - 1)); // prettier-ignore
        }
        const residues = read.map(({ tokens }) => tokens.slice(1));
        // Sequences begin in the order in which they are dealt, so epochs are consecutive runs of them.
        for (let e = 0; e < options.epochs; e++) {
          const epoch = residues.slice(e * sequences.length, (e + 1) * sequences.length); // prettier-ignore
          expect(names(epoch)).toEqual(names(sequences));
        }
        expect(residues).toHaveLength(options.epochs * sequences.length);
        const total = lengths.reduce((sum, x) => sum + x, 0) * options.epochs;
        const sum = (pick: (w: Window) => number) =>
          windows.reduce((n, w) => n + pick(w), 0);
        expect(sum((w) => w.residues)).toBe(total);
        expect(sum((w) => w.count)).toBe(total + residues.length);
        expect(sum((w) => w.mask.reduce((a, b) => a + b, 0))).toBe(sum((w) => w.count)); // prettier-ignore
      }),
    );
  });

  test("begin with forgotten states: keep is 0 at a sequence's first token only, and in lanes that have run out", () => {
    fc.assert(
      fc.property(cases, ({ lengths, ...options }) => {
        for (const w of dealAll(proteins(lengths), options).windows)
          w.keep.forEach((keep, i) => {
            const begins = w.tokens[i] === START || w.mask[i] === 0;
            expect(keep).toBe(begins ? 0 : 1);
          });
      }),
    );
  });

  test("go on from any position, through JSON, with the very same windows", () => {
    fc.assert(
      fc.property(cases, fc.nat(), ({ lengths, ...options }, pick) => {
        const sequences = proteins(lengths);
        const { windows, positions } = dealAll(sequences, options);
        const k = pick % windows.length;
        const position = JSON.parse(JSON.stringify(positions[k])) as Position;
        const rest = dealAll(sequences, options, position).windows;
        expect(rest).toEqual(windows.slice(k + 1));
      }),
    );
  });

  test("leave lanes empty only when no sequence is left to begin", () => {
    fc.assert(
      fc.property(cases, ({ lengths, ...options }) => {
        const { windows } = dealAll(proteins(lengths), options);
        const flat = windows.flatMap((w) => Array.from(w.mask));
        const tokens = windows.flatMap((w) => Array.from(w.tokens));
        const firstEmpty = flat.indexOf(0);
        if (firstEmpty < 0) return;
        expect(tokens.slice(firstEmpty)).not.toContain(START);
      }),
    );
  });

  test("keep the given order when asked to", () => {
    const sequences = proteins([3, 1, 2]);
    const options = { lanes: 1, window: 4, seed: 9, epochs: 1, inOrder: true };
    const read = readBack(dealAll(sequences, options).windows, 1, 4);
    expect(read.map(({ tokens }) => tokens.slice(1))).toEqual(
      sequences.map((x) => Array.from(x)),
    );
  });
});

describe("the order of an epoch", () => {
  test("is a permutation that depends on seed and epoch, and on nothing else", () => {
    const orders = [0, 1, 2].flatMap((seed) =>
      [0, 1, 5, 2 ** 32].map((epoch) => {
        const order = Array.from(epochOrder(50, seed, epoch));
        expect(order).toEqual(Array.from(epochOrder(50, seed, epoch)));
        expect([...order].sort((a, b) => a - b)).toEqual(
          Array.from({ length: 50 }, (_, i) => i),
        );
        return order.join();
      }),
    );
    expect(new Set(orders).size).toBe(orders.length);
  });

  test("puts every sequence first about equally often (chi-square, 9 degrees of freedom, p > 1e-4)", () => {
    const counts = new Array<number>(10).fill(0);
    const draws = 2000;
    for (let e = 0; e < draws; e++) counts[epochOrder(10, 7, e)[0]]++;
    const expected = draws / 10;
    const chiSquare = counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0); // prettier-ignore
    expect(chiSquare).toBeLessThan(33.7);
  });
});

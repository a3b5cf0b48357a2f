/** @file The window of work in flight: bounded, in the order asked for, and closed however it ends. */
import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { windowed, type WindowOptions } from "../../src/unirep/window.ts";

const options = {
  most: 4,
  mostCost: Infinity,
  cost: () => 1,
  order: "input",
} as const satisfies WindowOptions<number>;

async function collect<T>(
  stream: AsyncIterable<T>,
): Promise<{ values: T[]; error: unknown }> {
  const values: T[] = [];
  try {
    for await (const value of stream) values.push(value);
  } catch (error) {
    return { values, error };
  }
  return { values, error: null };
}

/** 0, 1, ... count - 1, counting what is taken and whether it is closed. */
function numbers(count: number, { failAt = -1, slow = false } = {}) {
  const seen = { taken: 0, closed: false };
  function* sync() {
    try {
      for (let i = 0; i < count; i++) {
        if (i === failAt) throw new Error("source failed");
        seen.taken++;
        yield i;
      }
    } finally {
      seen.closed = true;
    }
  }
  async function* async() {
    for (const i of sync()) {
      if (slow) await turn();
      yield i;
    }
  }
  return { seen, sync: sync(), async: async() };
}

const square = async (x: number) => {
  await turn();
  return x * x;
};

describe.each(["sync", "async"] as const)(
  "over a source that is %s",
  (kind) => {
    test.each(["input", "completion"] as const)(
      "gives every result once, order %s",
      async (order) => {
        const results = windowed(numbers(50)[kind], square, {
          ...options,
          order,
        });
        const { values, error } = await collect(results);
        expect(error).toBeNull();
        const expected = Array.from({ length: 50 }, (_, i) => i * i);
        expect(
          order === "input" ? values : values.sort((a, b) => a - b),
        ).toEqual(expected);
      },
    );

    test("gives nothing for nothing", async () => {
      expect(
        await collect(windowed(numbers(0)[kind], square, options)),
      ).toEqual({
        values: [],
        error: null,
      });
    });

    test("gives the results before a failure of the source, then the failure", async () => {
      const source = numbers(50, { failAt: 3 })[kind];
      const { values, error } = await collect(
        windowed(source, square, options),
      );
      expect(values).toEqual([0, 1, 4]);
      expect(error).toEqual(new Error("source failed"));
    });

    test("gives the results before a failure of the work, then the failure, and closes the source", async () => {
      const source = numbers(50);
      const stops: AbortSignal[] = [];
      const { values, error } = await collect(
        windowed(
          source[kind],
          async (x, stop) => {
            stops.push(stop);
            if (x === 2) throw new Error("work failed");
            return square(x);
          },
          options,
        ),
      );
      expect(values).toEqual([0, 1]);
      expect(error).toEqual(new Error("work failed"));
      expect(source.seen.closed).toBe(true);
      expect(stops.every((stop) => stop.aborted)).toBe(true);
    });

    test("stops the work and closes the source when its reader leaves", async () => {
      const source = numbers(50);
      let stopped = 0;
      const work = (x: number, stop: AbortSignal) => {
        stop.addEventListener("abort", () => stopped++);
        return x === 0 ? Promise.resolve(x) : new Promise<number>(() => {});
      };
      for await (const _ of windowed(source[kind], work, options)) break;
      expect(stopped).toBe(source.seen.taken);
      expect(source.seen.closed).toBe(true);
    });

    test("is never further ahead of its reader than the window", async () => {
      const source = numbers(60);
      let read = 0;
      for await (const _ of windowed(source[kind], square, options)) {
        await turn();
        expect(source.seen.taken - read).toBeLessThanOrEqual(options.most);
        read++;
      }
      expect(read).toBe(60);
    });
  },
);

test.each<[string, costs: number[], mostCost: number, together: number]>([
  ["cheap items fill the window", [1, 1, 1, 1, 1], 100, 4],
  ["costly items wait for one another", [50, 50, 50, 50], 100, 2],
  ["an item above the limit runs all the same", [500, 500, 500], 100, 1],
])("%s", async (_, costs, mostCost, together) => {
  let running = 0;
  let most = 0;
  const work = async (x: number) => {
    most = Math.max(most, ++running);
    await turn();
    running--;
    return x;
  };
  const { values } = await collect(
    windowed(costs, work, { ...options, mostCost, cost: (x) => x }),
  );
  expect(values).toEqual(costs);
  expect(most).toBe(together);
});

test("room is given back as costly items are handed out", async () => {
  let running = 0;
  let pairs = 0;
  const work = async (x: number) => {
    if (++running === 2) pairs++;
    await wait(x % 2);
    running--;
    return x;
  };
  const items = Array.from({ length: 20 }, (_, i) => i);
  const all = { ...options, mostCost: 100, cost: () => 50 };
  await collect(windowed(items, work, all));
  expect(pairs).toBeGreaterThan(5);
});

test("a slow source does not hold back finished results", async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  async function* source() {
    yield 1;
    yield 2;
    await gate;
    yield 3;
  }
  const results = windowed(source(), square, options);
  expect((await results.next()).value).toBe(1);
  expect((await results.next()).value).toBe(4);
  open();
  expect((await results.next()).value).toBe(9);
});

test("by completion, a slow item does not hold back the others", async () => {
  const results = windowed(
    [9, 1, 5],
    async (x) => {
      await wait(x * 10);
      return x;
    },
    { ...options, order: "completion" },
  );
  expect(await collect(results)).toEqual({ values: [1, 5, 9], error: null });
});

describe("an endless wait for the source", () => {
  async function* stuck(): AsyncGenerator<number> {
    yield 1;
    await new Promise(() => {});
  }

  test("ends with the signal's reason when that is aborted", async () => {
    const controller = new AbortController();
    const results = windowed(stuck(), square, {
      ...options,
      signal: controller.signal,
    });
    expect((await results.next()).value).toBe(1);
    const next = results.next();
    await turn();
    controller.abort(new Error("enough"));
    await expect(next).rejects.toThrow("enough");
  });

  test("does not keep a reader from leaving", async () => {
    for await (const value of windowed(stuck(), square, options)) {
      expect(value).toBe(1);
      break;
    }
  });
});

test("an item that arrives after the end is not worked on", async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  async function* source() {
    yield 1;
    await gate;
    yield 2;
  }
  const worked: number[] = [];
  for await (const _ of windowed(
    source(),
    (x) => {
      worked.push(x);
      return square(x);
    },
    options,
  ))
    break;
  open();
  await wait(10);
  expect(worked).toEqual([1]);
});

test("a signal aborted beforehand leaves the source untouched", async () => {
  const source = numbers(3);
  const results = windowed(source.async, square, {
    ...options,
    signal: AbortSignal.abort(new Error("too late")),
  });
  await expect(results.next()).rejects.toThrow("too late");
  expect(source.seen.taken).toBe(0);
});

test("whatever the durations, costs and failures, results are those of one at a time up to the first failure", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          turns: fc.nat(4),
          cost: fc.integer({ min: 0, max: 5 }),
        }),
        { maxLength: 25 },
      ),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(30),
      fc.boolean(),
      async (items, most, mostCost, failAt, slow) => {
        const source = numbers(items.length, { slow });
        const { values, error } = await collect(
          windowed(
            source.async,
            async (i) => {
              for (let k = 0; k < items[i].turns; k++) await turn();
              if (i === failAt) throw new Error(`item ${i}`);
              return i;
            },
            { most, mostCost, cost: (i) => items[i].cost, order: "input" },
          ),
        );
        const good = Math.min(failAt, items.length);
        expect(values).toEqual(Array.from({ length: good }, (_, i) => i));
        expect(error).toEqual(
          failAt < items.length ? new Error(`item ${failAt}`) : null,
        );
      },
    ),
    { numRuns: 50 },
  );
});

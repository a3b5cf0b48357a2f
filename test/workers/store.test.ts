/** @file The store's contract, on PostgreSQL and on Redis. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Store } from "../../src/workers/store/store.ts";
import { compareEventIds } from "../../src/workers/store/text.ts";
import { onBackends } from "./backends.ts";

interface Note {
  readonly text: string;
  readonly n: number;
}

declare module "../../src/workers/store/store.ts" {
  interface Documents {
    note: Note;
    anything: unknown;
  }
}

const note = (n: number): Note => ({ text: `note ${n}`, n });

/** Every page of a list, `limit` at a time. */
async function pages(store: Store, owner: string | undefined, limit: number) {
  const found: { id: string; value: Note }[][] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list("note", { owner, limit, cursor });
    found.push([...page.items]);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return found;
}

onBackends("the store", (opened) => {
  const store = () => opened().backend.store;

  describe("a document", () => {
    test("is there after it was inserted, once", async () => {
      const id = randomUUID();
      expect(await store().get("note", id)).toBeNull();
      expect(await store().insert("note", id, note(1))).toBe(true);
      expect(await store().insert("note", id, note(2))).toBe(false);
      expect(await store().get("note", id)).toEqual(note(1));
    });

    test("of 50 insertions at once is inserted by one", async () => {
      const id = randomUUID();
      const inserted = await Promise.all(
        Array.from({ length: 50 }, (_, n) => store().insert("note", id, note(n))), // prettier-ignore
      );
      const winner = inserted.indexOf(true);
      expect(inserted.filter(Boolean)).toHaveLength(1);
      expect(await store().get("note", id)).toEqual(note(winner));
    });

    test("is one of its kind: the same id under another kind is another", async () => {
      const id = randomUUID();
      await store().insert("note", id, note(1));
      expect(await store().insert("anything", id, [1])).toBe(true);
      expect(await store().remove("anything", id)).toBe(true);
      expect(await store().get("note", id)).toEqual(note(1));
    });

    test("adds up 50 updates at once", async () => {
      const id = randomUUID();
      await store().insert("note", id, note(0));
      const add = (value: Note) => ({ ...value, n: value.n + 1 });
      await Promise.all(
        Array.from({ length: 50 }, () => store().update("note", id, add)),
      );
      expect((await store().get("note", id))?.n).toBe(50);
    });

    test("is what an update resolves to, and null where there is none", async () => {
      const id = randomUUID();
      const change = () => note(7);
      expect(await store().update("note", id, change)).toBeNull();
      await store().insert("note", id, note(1));
      expect(await store().update("note", id, change)).toEqual(note(7));
      expect(await store().get("note", id)).toEqual(note(7));
    });

    test("stays as it is where the change gives back its argument or throws", async () => {
      const id = randomUUID();
      await store().insert("note", id, note(1));
      let calls = 0;
      const same = (value: Note) => ((calls += 1), value);
      expect(await store().update("note", id, same)).toEqual(note(1));
      expect(calls).toBe(1);
      const fail = () => {
        throw new Error("no");
      };
      await expect(store().update("note", id, fail)).rejects.toThrow("no");
      expect(await store().get("note", id)).toEqual(note(1));
    });

    test("is gone after it was removed, from lists too, and can be inserted again", async () => {
      const [id, owner] = [randomUUID(), randomUUID()];
      await store().insert("note", id, note(1), { owner });
      expect(await store().remove("note", id)).toBe(true);
      expect(await store().remove("note", id)).toBe(false);
      expect(await store().get("note", id)).toBeNull();
      expect(await pages(store(), owner, 5)).toEqual([[]]);
      expect(await store().insert("note", id, note(2), { owner })).toBe(true);
      expect(await pages(store(), owner, 5)).toEqual([[{ id, value: note(2) }]]); // prettier-ignore
    });

    test("removed and inserted again is not taken for its old self by an update under way", async () => {
      const id = randomUUID();
      await store().insert("note", id, note(1));
      let again: Promise<unknown> | undefined;
      await store().update("note", id, (value) => {
        again ??= store().remove("note", id).then(() => store().insert("note", id, note(10))); // prettier-ignore
        return { ...value, n: value.n + 1 };
      });
      await again;
      // The update came before the removal, or was applied to the new document; never the old value over the new one.
      expect([10, 11]).toContain((await store().get("note", id))?.n);
    });
  });

  describe("what expires", () => {
    test("is gone after its time: from get, update and lists", async () => {
      const [id, owner] = [randomUUID(), randomUUID()];
      await store().insert("note", id, note(1), { owner, expiresIn: 1 });
      await store().insert("note", `${id}-stays`, note(2), { owner, expiresIn: 60 }); // prettier-ignore
      expect(await store().get("note", id)).toEqual(note(1));
      expect((await pages(store(), owner, 5))[0]).toHaveLength(2);
      await sleep(1100);
      expect(await store().get("note", id)).toBeNull();
      expect(await store().update("note", id, () => note(3))).toBeNull();
      expect(await pages(store(), owner, 5)).toEqual([[{ id: `${id}-stays`, value: note(2) }]]); // prettier-ignore
      expect(await store().remove("note", id)).toBe(false);
    });

    test("keeps its time through updates", async () => {
      const id = randomUUID();
      await store().insert("note", id, note(1), { expiresIn: 1 });
      await store().update("note", id, () => note(2));
      expect(await store().get("note", id)).toEqual(note(2));
      await sleep(1100);
      expect(await store().get("note", id)).toBeNull();
    });

    test("leaves nothing behind in Redis' lists when others are inserted after it", async () => {
      const { redis } = opened().backend;
      const [ids, owner] = [[1, 2, 3].map(() => randomUUID()), randomUUID()];
      for (const id of ids)
        await store().insert("note", id, note(1), { owner, expiresIn: 0.1 });
      await sleep(300);
      await store().insert("note", randomUUID(), note(2));
      // PostgreSQL lists by its documents; nothing else can stay.
      const listed = await redis?.zrange("unirep:all:note", "0", "-1");
      expect(ids.filter((id) => listed?.includes(id))).toEqual([]);
      expect(await redis?.exists(`unirep:own:note:=${owner}`)).not.toBe(1);
    });

    test("may be inserted again, for another owner, who alone lists it", async () => {
      const [id, one, two] = [randomUUID(), randomUUID(), randomUUID()];
      await store().insert("note", id, note(1), { owner: one, expiresIn: 0.2 });
      await sleep(300);
      expect(await store().insert("note", id, note(2), { owner: two })).toBe(true); // prettier-ignore
      expect(await pages(store(), one, 5)).toEqual([[]]);
      expect(await pages(store(), two, 5)).toEqual([[{ id, value: note(2) }]]);
    });
  });

  describe("a list", () => {
    test.each([1, 2, 3, 7, 50])(
      "in pages of %d has all of an owner's documents, newest first",
      async (limit) => {
        const owner = randomUUID();
        const ids = Array.from({ length: 7 }, (_, n) => `${owner}-${n}`);
        for (const [n, id] of ids.entries()) {
          await store().insert("note", id, note(n), { owner });
          await store().insert("note", `${id}-other`, note(n), { owner: `${owner}-other` }); // prettier-ignore
        }
        const found = await pages(store(), owner, limit);
        expect(found.flat().map(({ id }) => id)).toEqual(ids.toReversed());
        expect(found.every((page) => page.length <= limit)).toBe(true);
        expect(found).toHaveLength(Math.ceil(7 / limit));
      },
    );

    test("of a kind has everyone's", async () => {
      const ids = [randomUUID(), randomUUID()];
      await store().insert("note", ids[0], note(1), { owner: "a" });
      await store().insert("note", ids[1], note(2));
      const { items } = await store().list("note", { limit: 2 });
      expect(items.map(({ id }) => id)).toEqual(ids.toReversed());
    });

    test("skips and repeats nothing while documents are added, changed and removed", async () => {
      const owner = randomUUID();
      const ids = Array.from({ length: 10 }, (_, n) => `${owner}-${n}`);
      for (const id of ids)
        await store().insert("note", id, note(0), { owner });
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await store().list("note", { owner, limit: 3, cursor });
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.next ?? undefined;
        await store().insert("note", randomUUID(), note(1), { owner });
        await store().update("note", ids[0], () => note(2));
        await store().remove("note", ids[9]);
      } while (cursor !== undefined);
      expect(seen).toEqual(ids.toReversed());
    });

    test.each(["", "x", "-1", "1e3", "9".repeat(40), "(1", "+inf"])(
      "refuses the cursor %j",
      async (cursor) => {
        const listed = store().list("note", { limit: 1, cursor });
        await expect(listed).rejects.toThrow(RangeError);
      },
    );
  });

  describe("values", () => {
    const odd = JSON.parse(`{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"z":1,"a":[null,true,1e-9]}`) as object; // prettier-ignore
    test.each<[string, unknown]>([
      ["with keys of prototypes", odd],
      ["of every plane, with NUL and half a surrogate pair", { "\u0000é\ud800": "Ω🧬\u0000\udfff" }],
      ["of 5 MB", "ACDEFGHIKLMNPQRSTVWY".repeat(250_000)],
      ["that are numbers at their limits", [Number.MAX_SAFE_INTEGER, -0.1, 5e-324, 1.7976931348623157e308]],
      ["that are empty", { array: [], object: {}, text: "", nothing: null }],
    ])("%s come back as they were", async (_, value) => {
      const id = randomUUID();
      await store().insert("anything", id, value);
      const found = await store().get("anything", id);
      expect(JSON.stringify(found)).toBe(JSON.stringify(value));
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
      const changed = await store().update("anything", id, (v) => ({ v }));
      expect(JSON.stringify(changed)).toBe(JSON.stringify({ v: value }));
      await store().remove("anything", id);
    }); // prettier-ignore

    test("of any JSON, under any id and owner, come back as they were", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.string({ unit: "binary", maxLength: 30 }),
          fc.string({ unit: "binary", maxLength: 30 }),
          fc.jsonValue(),
          async (name, who, value) => {
            const [id, owner] = [`${name}${randomUUID()}`, `${who}${randomUUID()}`]; // prettier-ignore
            await store().insert("anything", id, value, { owner });
            const { items } = await store().list("anything", { owner, limit: 2 }); // prettier-ignore
            expect(items.map((item) => item.id)).toEqual([id]);
            expect(JSON.stringify(items[0].value)).toBe(JSON.stringify(value));
            expect(await store().remove("anything", id)).toBe(true);
          },
        ),
        { numRuns: 60 },
      );
    });

    test.each(["__proto__", "constructor", "%00", "\u0000", "a:b", "a b", '"', "\\", "", "..", "*"])(
      "are kept apart under the id %j",
      async (id) => {
        expect(await store().get("anything", id)).toBeNull();
        expect(await store().insert("anything", id, id)).toBe(true);
        expect(await store().get("anything", id)).toBe(id);
        expect(await store().remove("anything", id)).toBe(true);
      },
    ); // prettier-ignore
  });

  describe("a log of events", () => {
    test("keeps their order, and continues after any of them", async () => {
      const stream = randomUUID();
      const ids: string[] = [];
      for (let n = 0; n < 30; n++)
        ids.push(await store().appendEvent(stream, { n }));
      expect(ids.toSorted(compareEventIds)).toEqual(ids);
      const read = async (after: string | null, limit: number) =>
        (await store().readEvents(stream, after, limit)).map(({ id, event }) => [id, event]); // prettier-ignore
      const all = ids.map((id, n) => [id, { n }]);
      expect(await read(null, 100)).toEqual(all);
      expect(await read(null, 4)).toEqual(all.slice(0, 4));
      expect(await read(ids[3], 100)).toEqual(all.slice(4));
      expect(await read(ids[29], 100)).toEqual([]);
      expect(await store().readEvents(`${stream}x`, null, 5)).toEqual([]);
    });

    test("gives every event of many writers its own id", async () => {
      const stream = randomUUID();
      const ids = await Promise.all(
        Array.from({ length: 100 }, (_, n) => store().appendEvent(stream, n)),
      );
      expect(new Set(ids).size).toBe(100);
      const events = await store().readEvents(stream, null, 1000);
      expect(events.map(({ id }) => id)).toEqual(ids.toSorted(compareEventIds));
    });

    test("keeps its last 5,000 events", async () => {
      const stream = randomUUID();
      for (let n = 0; n < 5010; n += 501)
        await Promise.all(
          Array.from({ length: 501 }, (_, i) => store().appendEvent(stream, n + i)), // prettier-ignore
        );
      const events = await store().readEvents(stream, null, 10_000);
      expect(events).toHaveLength(5000);
      expect(events.at(-1)?.event).toBe(5009);
      // One that has been trimmed is a position still.
      const later = await store().readEvents(stream, "1", 10_000);
      expect(later).toHaveLength(5000);
    });

    test("is empty after it was removed, and begins again", async () => {
      const stream = randomUUID();
      await store().appendEvent(stream, 1);
      await store().removeEvents(stream);
      expect(await store().readEvents(stream, null, 10)).toEqual([]);
      await store().appendEvent(stream, 2);
      expect(await store().readEvents(stream, null, 10)).toMatchObject([{ event: 2 }]); // prettier-ignore
    });

    test.each(["", "x", "-", "+", "(1", "1-", "1-2-3", "9".repeat(30)])(
      "refuses the id %j",
      async (after) => {
        const read = store().readEvents("any", after, 1);
        await expect(read).rejects.toThrow(RangeError);
      },
    );
  });

  describe("a counter", () => {
    test("adds up what many add at once", async () => {
      const counter = randomUUID();
      const sums = await Promise.all(
        Array.from({ length: 40 }, () => store().count(counter, 3, 60)),
      );
      expect(sums.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 40 }, (_, n) => 3 * (n + 1)),
      );
      expect(await store().count(counter, 10_000_000_000, 60)).toBe(10_000_000_120); // prettier-ignore
    });

    test("begins again when its window, counted from the first addition, is over", async () => {
      const counter = randomUUID();
      expect(await store().count(counter, 1, 2)).toBe(1);
      await sleep(1200);
      expect(await store().count(counter, 1, 2)).toBe(2);
      await sleep(1200);
      expect(await store().count(counter, 1, 2)).toBe(1);
    });
  });

  test("answers a ping", async () => {
    await expect(store().ping()).resolves.toBeUndefined();
  });
});

describe("ids of events", () => {
  test.each([
    ["9", "10", -1],
    ["10", "10", 0],
    ["1700000000000-2", "1700000000000-10", -1],
    ["1700000000001-0", "1700000000000-99", 1],
    ["5", "5-0", 0],
  ])("%s and %s compare as %d", (a, b, sign) => {
    expect(Math.sign(compareEventIds(a, b))).toBe(sign);
    expect(Math.sign(compareEventIds(b, a))).toBe(sign === 0 ? 0 : -sign);
  });
});

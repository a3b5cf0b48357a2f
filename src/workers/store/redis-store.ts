/** @file The store in Redis: a hash a document, sorted sets that list them, a stream a log, a number a counter. */
import type { Redis } from "ioredis";
import { countScript, insertScript, listScript, removeScript, replaceScript } from "./redis-scripts.ts"; // prettier-ignore
import type { Documents, Kind, ListOptions, Store } from "./store.ts";
import { cursorPosition, eventIdParts, fromName, keptEvents, toName } from "./text.ts"; // prettier-ignore

const prefix = "unirep:";

/** The store in the Redis that `redis` is connected to; calls reject as its commands do. */
export function redisStore(redis: Redis): Store {
  const run = (script: string, ...args: (string | number)[]) =>
    redis.eval(script, 0, prefix, ...args);
  const docKey = (kind: Kind, id: string) => `${prefix}doc:${kind}:${toName(id)}`; // prettier-ignore
  const logKey = (stream: string) => `${prefix}log:${toName(stream)}`;
  return {
    async insert(kind, id, value, { owner, expiresIn } = {}) {
      const life = expiresIn === undefined ? "" : Math.max(1, Math.ceil(expiresIn * 1000)); // prettier-ignore
      const added = await run(insertScript, kind, toName(id), ownerName(owner), JSON.stringify(value), life); // prettier-ignore
      return added === 1;
    },
    async get<K extends Kind>(kind: K, id: string) {
      const value = await redis.hget(docKey(kind, id), "value");
      return value === null ? null : (JSON.parse(value) as Documents[K]);
    },
    async update<K extends Kind>(
      kind: K,
      id: string,
      change: (value: Documents[K]) => Documents[K],
    ) {
      for (;;) {
        const [text, version] = await redis.hmget(docKey(kind, id), "value", "version"); // prettier-ignore
        if (text === null || version === null) return null;
        const found = JSON.parse(text) as Documents[K];
        const value = change(found);
        if (value === found) return value;
        const done = await run(replaceScript, kind, toName(id), version, JSON.stringify(value)); // prettier-ignore
        if (done === 1) return value;
      }
    },
    remove: async (kind, id) =>
      (await run(removeScript, kind, toName(id))) === 1,
    async list<K extends Kind>(kind: K, options: ListOptions) {
      const { owner, limit, cursor } = options;
      const below = cursor === undefined ? "+inf" : `(${cursorPosition(cursor)}`; // prettier-ignore
      // One more than asked for tells whether this is the end.
      const flat = (await run(listScript, kind, ownerName(owner), below, limit + 1)) as string[]; // prettier-ignore
      const items = Array.from(
        { length: Math.min(limit, flat.length / 3) },
        (_, i) => ({
          id: fromName(flat[3 * i]),
          value: JSON.parse(flat[3 * i + 1]) as Documents[K],
        }),
      );
      return { items, next: flat.length > 3 * limit ? flat[3 * limit - 1] : null }; // prettier-ignore
    },
    async appendEvent(stream, event) {
      const id = await redis.xadd(logKey(stream), "MAXLEN", keptEvents, "*", "event", JSON.stringify(event)); // prettier-ignore
      return id as string;
    },
    async readEvents(stream, after, limit) {
      const from = after === null ? "-" : `(${eventIdParts(after).join("-")}`;
      const entries = await redis.xrange(logKey(stream), from, "+", "COUNT", limit); // prettier-ignore
      return entries.map(([id, [, event]]) => ({
        id,
        event: JSON.parse(event) as unknown,
      }));
    },
    async removeEvents(stream) {
      await redis.del(logKey(stream));
    },
    count: async (counter, amount, seconds) =>
      (await run(countScript, toName(counter), amount, Math.ceil(seconds * 1000))) as number, // prettier-ignore
    async ping() {
      await redis.ping();
    },
  };
}

/** "" is nobody; an owner may have any name, the empty one too. */
const ownerName = (owner: string | undefined) =>
  owner === undefined ? "" : `=${toName(owner)}`;

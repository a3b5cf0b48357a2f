/** @file The store in PostgreSQL: three tables in the schema `unirep`, every call one statement. */
import type { PgQueryable } from "bullmq";
import type { Documents, Kind, Store } from "./store.ts";
import { cursorPosition, eventIdParts, fromName, keptEvents, toName } from "./text.ts"; // prettier-ignore

/**
 * Values are text, because `jsonb` refuses "\u0000" and reorders keys. `number` orders documents; `version` changes with
 * every write and is never used twice, so that a document removed and added again is not taken for its old self.
 */
const tables = `
  CREATE SCHEMA IF NOT EXISTS unirep;
  CREATE SEQUENCE IF NOT EXISTS unirep.numbers;
  CREATE TABLE IF NOT EXISTS unirep.documents (
    kind text NOT NULL, id text NOT NULL, owner text, value text NOT NULL,
    number bigint NOT NULL DEFAULT nextval('unirep.numbers'),
    version bigint NOT NULL DEFAULT nextval('unirep.numbers'),
    expires_at bigint, PRIMARY KEY (kind, id));
  CREATE INDEX IF NOT EXISTS documents_by_kind ON unirep.documents (kind, number);
  CREATE INDEX IF NOT EXISTS documents_by_owner ON unirep.documents (kind, owner, number);
  CREATE INDEX IF NOT EXISTS documents_by_end ON unirep.documents (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE IF NOT EXISTS unirep.logs (stream text PRIMARY KEY, last bigint NOT NULL);
  CREATE TABLE IF NOT EXISTS unirep.events (
    stream text NOT NULL, number bigint NOT NULL, event text NOT NULL, PRIMARY KEY (stream, number));
  CREATE TABLE IF NOT EXISTS unirep.counters (
    counter text PRIMARY KEY, sum bigint NOT NULL, ends_at bigint NOT NULL);
  CREATE INDEX IF NOT EXISTS counters_by_end ON unirep.counters (ends_at);`;

const alive = "(expires_at IS NULL OR expires_at > $1)";

const sql = {
  purge: "DELETE FROM unirep.documents WHERE expires_at <= $1",
  // One that has expired and was not purged yet gives way.
  insert: `
    INSERT INTO unirep.documents AS d (kind, id, owner, value, expires_at) VALUES ($2, $3, $4, $5, $6)
    ON CONFLICT (kind, id) DO UPDATE
      SET owner = excluded.owner, value = excluded.value, number = excluded.number,
          version = excluded.version, expires_at = excluded.expires_at
      WHERE d.expires_at <= $1`,
  get: `SELECT value, version FROM unirep.documents WHERE ${alive} AND kind = $2 AND id = $3`,
  replace: `
    UPDATE unirep.documents SET value = $5, version = nextval('unirep.numbers')
    WHERE ${alive} AND kind = $2 AND id = $3 AND version = $4`,
  remove: `DELETE FROM unirep.documents WHERE kind = $2 AND id = $3 RETURNING ${alive} AS alive`,
  list: `
    SELECT id, value, number FROM unirep.documents
    WHERE ${alive} AND kind = $2 AND number < $3 ORDER BY number DESC LIMIT $4`,
  listOwned: `
    SELECT id, value, number FROM unirep.documents
    WHERE ${alive} AND kind = $2 AND number < $3 AND owner = $5 ORDER BY number DESC LIMIT $4`,
  append: `
    WITH log AS (
      INSERT INTO unirep.logs AS l (stream, last) VALUES ($1, 1)
      ON CONFLICT (stream) DO UPDATE SET last = l.last + 1 RETURNING last),
    trimmed AS (
      DELETE FROM unirep.events e USING log WHERE e.stream = $1 AND e.number <= log.last - ${keptEvents})
    INSERT INTO unirep.events (stream, number, event) SELECT $1, last, $2 FROM log RETURNING number`,
  read: `
    SELECT number, event FROM unirep.events WHERE stream = $1 AND number > $2 ORDER BY number LIMIT $3`,
  removeEvents: `
    WITH log AS (DELETE FROM unirep.logs WHERE stream = $1) DELETE FROM unirep.events WHERE stream = $1`,
  count: `
    INSERT INTO unirep.counters AS c (counter, sum, ends_at) VALUES ($2, $3, $4)
    ON CONFLICT (counter) DO UPDATE SET
      sum = CASE WHEN c.ends_at <= $1 THEN excluded.sum ELSE c.sum + excluded.sum END,
      ends_at = CASE WHEN c.ends_at <= $1 THEN excluded.ends_at ELSE c.ends_at END
    RETURNING sum, ends_at`,
  purgeCounters: "DELETE FROM unirep.counters WHERE ends_at <= $1",
};

interface Row {
  readonly id: string;
  readonly value: string;
  readonly version: number;
  readonly number: number;
}

/** The store in `db`, with its tables made where they are missing. */
export async function postgresStore(db: PgQueryable): Promise<Store> {
  await db.query(tables);
  const get = async <K extends Kind>(kind: K, id: string) => {
    const { rows } = await db.query<Row>(sql.get, [Date.now(), kind, toName(id)]); // prettier-ignore
    return rows.length === 0 ? null : { value: JSON.parse(rows[0].value) as Documents[K], version: rows[0].version }; // prettier-ignore
  };
  return {
    async insert(kind, id, value, { owner, expiresIn } = {}) {
      const now = Date.now();
      const end = expiresIn === undefined ? null : Math.ceil(now + expiresIn * 1000); // prettier-ignore
      if (end !== null) await db.query(sql.purge, [now]);
      const { rowCount } = await db.query(sql.insert, [now, kind, toName(id), owner === undefined ? null : toName(owner), JSON.stringify(value), end]); // prettier-ignore
      return rowCount === 1;
    },
    get: async (kind, id) => (await get(kind, id))?.value ?? null,
    async update(kind, id, change) {
      for (;;) {
        const found = await get(kind, id);
        if (found === null) return null;
        const value = change(found.value);
        if (value === found.value) return value;
        const { rowCount } = await db.query(sql.replace, [Date.now(), kind, toName(id), found.version, JSON.stringify(value)]); // prettier-ignore
        if (rowCount === 1) return value;
      }
    },
    async remove(kind, id) {
      const { rows } = await db.query<{ alive: boolean }>(sql.remove, [Date.now(), kind, toName(id)]); // prettier-ignore
      return rows.length === 1 && rows[0].alive;
    },
    async list<K extends Kind>(kind: K, { owner, limit, cursor }: Parameters<Store["list"]>[1]) {
      const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : cursorPosition(cursor); // prettier-ignore
      // One more than asked for tells whether this is the end.
      const params = [Date.now(), kind, before, limit + 1];
      const { rows } = owner === undefined ? await db.query<Row>(sql.list, params) : await db.query<Row>(sql.listOwned, [...params, toName(owner)]); // prettier-ignore
      const page = rows.slice(0, limit);
      return {
        items: page.map((row) => ({
          id: fromName(row.id),
          value: JSON.parse(row.value) as Documents[K],
        })),
        next: rows.length > limit ? String(page[limit - 1].number) : null,
      };
    }, // prettier-ignore
    async appendEvent(stream, event) {
      const { rows } = await db.query<Row>(sql.append, [toName(stream), JSON.stringify(event)]); // prettier-ignore
      return String(rows[0].number);
    },
    async readEvents(stream, after, limit) {
      const from = after === null ? "0" : String(eventIdParts(after)[0]);
      const { rows } = await db.query<{ number: number; event: string }>(sql.read, [toName(stream), from, limit]); // prettier-ignore
      return rows.map(({ number, event }) => ({
        id: String(number),
        event: JSON.parse(event) as unknown,
      }));
    },
    async removeEvents(stream) {
      await db.query(sql.removeEvents, [toName(stream)]);
    },
    async count(counter, amount, seconds) {
      const now = Date.now();
      const end = Math.ceil(now + seconds * 1000);
      const { rows } = await db.query<{ sum: number; ends_at: number }>(sql.count, [now, toName(counter), amount, end]); // prettier-ignore
      // Where a window begins others have ended.
      if (rows[0].ends_at === end) await db.query(sql.purgeCounters, [now]);
      return rows[0].sum;
    },
    async ping() {
      await db.query("SELECT 1");
    },
  };
}

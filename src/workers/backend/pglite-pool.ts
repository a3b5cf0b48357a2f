/** @file PGlite as BullMQ's PostgreSQL backend wants it: a look-alike of `pg.Pool` over one database in this process. */
import { EventEmitter } from "node:events";
import type { PGlite } from "@electric-sql/pglite";
import type { PgPool, PgPoolClient, PgQueryable, PgQueryResult } from "bullmq"; // prettier-ignore

/** Queries run one at a time, whoever sends them. */
export interface Database extends PgQueryable {
  readonly pool: PgPool;
  /** Waits for the queries sent before, then closes the database. */
  close(): Promise<void>;
}

/**
 * A pool without transactions: its clients share one session, so that a BEGIN of one would take in the others' queries.
 * BullMQ 6.7 sends each of its operations as one statement; only its migrations have a transaction, before anything else.
 */
export function databaseOver(db: PGlite): Database {
  const query = oneAtATime(db);
  const clients = new Set<EventEmitter>();
  db.onNotification((channel, payload) => {
    for (const client of clients)
      client.emit("notification", { channel, payload });
  });
  const connect = () => {
    const client = Object.assign(new EventEmitter(), {
      query,
      release: () => clients.delete(client),
      // Each worker and waiting queue listens here.
    }).setMaxListeners(0);
    clients.add(client);
    return Promise.resolve(client as unknown as PgPoolClient);
  };
  const pool: PgPool = Object.assign(new EventEmitter(), {
    query,
    connect,
    end: () => Promise.resolve(),
    // Notifications of a database in this process cannot get lost, so a worker may wait for one as long as it likes.
    options: { keepAlive: true },
  }).setMaxListeners(0);
  return { query, pool, close: () => db.close() };
}

/**
 * PGlite answers in microtasks, so that a loop of queries would starve timers and sockets; every answer therefore takes
 * one turn of the event loop.
 */
function oneAtATime(db: PGlite): PgQueryable["query"] {
  let last: Promise<unknown> = Promise.resolve();
  return <R>(text: string, params?: readonly unknown[]) => {
    const answer = last.then(() => run<R>(db, text, params));
    last = answer.then(nextTurn, nextTurn);
    return answer;
  };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

async function run<R>(
  db: PGlite,
  text: string,
  params: readonly unknown[] = [],
): Promise<PgQueryResult<R>> {
  try {
    // Only `exec` takes several statements, as migrations are.
    const { rows, affectedRows } = params.length > 0 ? await db.query<R>(text, [...params]) : (await db.exec(text)).at(-1) ?? { rows: [], affectedRows: 0 }; // prettier-ignore
    return { rows: rows as R[], rowCount: rows.length || (affectedRows ?? 0) };
  } catch (error) {
    // PGlite hangs the values of the query on its errors, and errors end in logs.
    if (error instanceof Error)
      for (const key of ["params", "query", "queryOptions"])
        Reflect.deleteProperty(error, key);
    throw error;
  }
}

/** @file Opens the embedded database: PostgreSQL (PGlite) in a folder, made in a child process the first time. */
import { spawn } from "node:child_process";
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { runMigrations } from "bullmq";
import { databaseOver, type Database } from "./pglite-pool.ts";

/** One session and small documents: PostgreSQL's own defaults take 130 MB more. */
const settings = ["shared_buffers=8MB", "wal_buffers=1MB", "max_connections=5"];

/**
 * The database in `folder`, with BullMQ's tables. The caller holds the lock of the data folder. Committed changes survive
 * a killed process; PGlite does not ask the system to write them through, so a power failure may take the last seconds.
 * Throws, one sentence, for a folder that holds something else or a damaged database.
 */
export async function openDatabase(folder: string): Promise<Database> {
  removeDrafts(folder);
  const content = existsSync(folder) ? readdirSync(folder) : [];
  if (content.length === 0) await create(folder);
  else if (!content.includes("PG_VERSION"))
    throw new Error(
      `backend: expected a database of this service, got other files in ${folder}`,
    );
  const db = await open(folder);
  try {
    await runMigrations(db);
    await db.query("SET search_path TO bullmq, public");
    return db;
  } catch (error) {
    await db.close().catch(() => {});
    throw damaged(folder, error);
  }
}

async function open(folder: string): Promise<Database> {
  try {
    return databaseOver(await PGlite.create({ dataDir: folder, postgresqlconf: settings })); // prettier-ignore
  } catch (error) {
    throw damaged(folder, error);
  }
}

function damaged(folder: string, cause: unknown): Error {
  const text = cause instanceof Error ? cause.message : String(cause);
  const version = readFileSync(path.join(folder, "PG_VERSION"), "utf8").trim();
  return new Error(
    `backend: expected a whole database that this PGlite can read in ${folder} (made by PostgreSQL ${version}), got "${text.split("\n")[0]}"`,
    { cause },
  );
}

const draftOf = (folder: string) => `${folder}.new-${process.pid}`;

/** What a process killed in its first start has left. */
function removeDrafts(folder: string): void {
  const parent = path.dirname(folder);
  const name = `${path.basename(folder)}.new-`;
  for (const entry of readdirSync(parent))
    if (entry.startsWith(name))
      rmSync(path.join(parent, entry), { recursive: true, force: true });
}

/** Making a database takes 840 MB, which a process never gives back: a child makes it, under another name until it is whole. */
async function create(folder: string): Promise<void> {
  const draft = draftOf(folder);
  const program = `require(process.argv[1]).PGlite.create({ dataDir: process.argv[2] }).then((db) => db.close())`;
  const library = createRequire(import.meta.url).resolve("@electric-sql/pglite"); // prettier-ignore
  const child = spawn(process.execPath, ["-e", program, library, draft], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  const ended = await new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal ?? String(code)));
  });
  if (ended !== "0" || !existsSync(path.join(draft, "PG_VERSION"))) {
    rmSync(draft, { recursive: true, force: true });
    throw new Error(
      `backend: expected to make a database in ${folder}, got exit ${ended} of the process that makes it: ${complaint.trim().split("\n").at(-1)}`,
    );
  }
  // An empty folder may lie in the way.
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
}

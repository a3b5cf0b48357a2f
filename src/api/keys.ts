/** @file API keys: made, shown once, kept as a hash, checked, revoked. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Service, Store } from "../workers/index.ts";
import { scopes, type Caller, type Scope } from "./api.ts";

/** A key as it is kept; the secret itself is kept nowhere. */
export interface KeyRecord {
  readonly id: string;
  readonly name: string;
  /** Whose jobs and models it sees: its own id, or a name that several keys share. */
  readonly owner: string;
  /** SHA-256 of the whole key; it has 256 random bits, so that a slow hash would protect nothing more. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** To the minute. */
  readonly lastUsedAt: string | null;
}

declare module "../workers/store/store.ts" {
  interface Documents {
    key: KeyRecord;
    /** Held while a server looks whether a first admin key is needed. */
    "key-lock": { readonly at: string };
  }
}

export interface NewKey {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly owner?: string | undefined;
  readonly expiresAt?: string | null | undefined;
}

const shape = /^ur_([0-9a-f]{16})_([0-9a-f]{64})_([0-9a-f]{8})$/;
const usedMs = 60_000;

/** Makes a key of id `id`; `secret` is what its holder sends and is never seen again. */
export async function createKey(
  store: Store,
  facts: NewKey,
  id: string = newKeyId(),
): Promise<{ readonly secret: string; readonly record: KeyRecord }> {
  const body = `ur_${id}_${randomBytes(32).toString("hex")}`;
  const secret = `${body}_${checksum(body)}`;
  const record: KeyRecord = {
    id,
    name: facts.name,
    owner: facts.owner ?? id,
    hash: sha256(secret).toString("hex"),
    scopes: facts.scopes,
    createdAt: new Date().toISOString(),
    expiresAt: facts.expiresAt ?? null,
    revokedAt: null,
    lastUsedAt: null,
  };
  if (!(await store.insert("key", id, record)))
    throw new Error(`keys: expected a new id, got ${id}, which exists`);
  return { secret, record };
}

export const newKeyId = (): string => randomBytes(8).toString("hex");

/** Who sent a key, or null where it is none, or has been revoked, or its time has run out. */
export async function checkKey(
  store: Store,
  secret: string,
): Promise<Caller | null> {
  const [, id, , crc] = shape.exec(secret) ?? [];
  // A typing error needs no look at the store.
  if (id === undefined || checksum(secret.slice(0, -9)) !== crc) return null;
  const record = await store.get("key", id);
  const same = timingSafeEqual(
    sha256(secret),
    Buffer.from(record?.hash ?? "0".repeat(64), "hex"),
  );
  if (record === null || !same || !works(record)) return null;
  await noteUse(store, record);
  return { keyId: id, owner: record.owner, scopes: record.scopes };
}

const works = ({ revokedAt, expiresAt }: KeyRecord) =>
  revokedAt === null &&
  (expiresAt === null || Date.parse(expiresAt) > Date.now());

async function noteUse(store: Store, record: KeyRecord): Promise<void> {
  const now = Date.now();
  const stale = (at: string | null) =>
    at === null || now - Date.parse(at) >= usedMs;
  if (!stale(record.lastUsedAt)) return;
  await store.update("key", record.id, (was) =>
    stale(was.lastUsedAt)
      ? { ...was, lastUsedAt: new Date(now).toISOString() }
      : was,
  );
}

/** The key after it, which no longer works; null where there is none. */
export const revokeKey = (store: Store, id: string): Promise<KeyRecord | null> =>
  store.update("key", id, (was) =>
    was.revokedAt === null
      ? { ...was, revokedAt: new Date().toISOString() }
      : was,
  ); // prettier-ignore

/**
 * Makes a key for everything where no admin key works, and returns it to be shown to the operator; null where one does.
 * Servers that start at the same time make one between them.
 */
export async function ensureAdminKey(
  service: Pick<Service, "backend">,
): Promise<string | null> {
  const { store } = service.backend;
  if (await hasAdmin(store)) return null;
  // It runs out, so that a server killed here does not lock everyone out for ever.
  const alone = await store.insert("key-lock", "admin", { at: new Date().toISOString() }, { expiresIn: 30 }); // prettier-ignore
  if (!alone || (await hasAdmin(store))) return null;
  const { secret } = await createKey(store, { name: "first admin", scopes });
  return secret;
}

async function hasAdmin(store: Store): Promise<boolean> {
  let cursor: string | undefined;
  do {
    const page = await store.list("key", { limit: 100, cursor });
    if (page.items.some(({ value }) => value.scopes.includes("admin") && works(value))) return true; // prettier-ignore
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return false;
}

const checksum = (text: string) => crc32(text).toString(16).padStart(8, "0");
const sha256 = (text: string) => createHash("sha256").update(text).digest();

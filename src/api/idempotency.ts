/** @file Idempotency-Key: one effect for any number of the same request, through crashes in between. */
import { createHash, randomUUID } from "node:crypto";
import type { Store } from "../workers/index.ts";
import type { Api, Caller } from "./api.ts";
import { Problem } from "./problems.ts";
import type { Call, Reply } from "./route.ts";

/** How long an answer is kept. */
const keptSeconds = 24 * 3600;
/** A holder that has not renewed its claim for so long has died. */
const claimMs = 15_000;

/** What became of a request with an Idempotency-Key. */
export interface IdempotencyRecord {
  /** Of method, path and body: the same key with another is refused. */
  readonly fingerprint: string;
  /** Id of what is created, the same for whoever takes the claim over: a second creation finds the first. */
  readonly created: string;
  /** Who works on it. */
  readonly holder: string;
  /** Milliseconds since 1970, after which another may take over. */
  readonly until: number;
  readonly reply: Reply | null;
}

declare module "../workers/store/store.ts" {
  interface Documents {
    idempotency: IdempotencyRecord;
  }
}

export interface Creation extends Reply {
  /** Body for replays where it differs: what is shown only once is not kept. */
  readonly replayBody?: unknown;
}

/**
 * Runs `create` once for an Idempotency-Key, with the id of what it creates. `fingerprint` covers the body (its hash);
 * method and path are added here. Without the header it just runs. What `create` rejects with is not kept: the key is free again.
 * `create` must be repeatable for the same id, since a holder may die between its effect and its record.
 */
export async function once(
  api: Api,
  call: Pick<Call<object, object, unknown, Caller>, "req" | "caller">,
  fingerprint: string,
  create: (id: string) => Promise<Creation>,
): Promise<Reply> {
  const key = call.req.get("Idempotency-Key");
  if (key === undefined) return withoutReplay(await create(randomUUID()));
  if (!/^[\x21-\x7e]{1,200}$/.test(key))
    throw new Problem("bad-request", "api: expected an Idempotency-Key of 1 to 200 visible ASCII characters, got another"); // prettier-ignore
  const { store } = api.service.backend;
  const id = `${call.caller.keyId}.${sha256(key)}`;
  const print = sha256(`${call.req.method} ${call.req.path} ${fingerprint}`);
  const claimed = await claim(store, id, print);
  if (claimed.reply !== null)
    return {
      ...claimed.reply,
      headers: { ...claimed.reply.headers, "Idempotency-Replayed": "true" },
    };
  return hold(store, id, claimed, create);
}

/** A record that this call holds, or one with its reply; a Problem where another holds it or asked for something else. */
async function claim(
  store: Store,
  id: string,
  fingerprint: string,
): Promise<IdempotencyRecord> {
  const holder = randomUUID();
  const mine: IdempotencyRecord = { fingerprint, created: randomUUID(), holder, until: Date.now() + claimMs, reply: null }; // prettier-ignore
  if (await store.insert("idempotency", id, mine, { expiresIn: keptSeconds }))
    return mine;
  const found = await store.update("idempotency", id, (was) =>
    was.fingerprint !== fingerprint ||
    was.reply !== null ||
    was.until > Date.now()
      ? was
      : { ...was, holder, until: Date.now() + claimMs },
  );
  // It was freed or ran out between the two calls.
  if (found === null) return claim(store, id, fingerprint);
  if (found.fingerprint !== fingerprint)
    throw new Problem("key-reused", "api: expected the request that this Idempotency-Key was first used with, got another method, path or body"); // prettier-ignore
  if (found.reply === null && found.holder !== holder)
    throw new Problem("in-progress", "api: the first request with this Idempotency-Key still runs", { retryAfter: 2 }); // prettier-ignore
  return found;
}

async function hold(
  store: Store,
  id: string,
  record: IdempotencyRecord,
  create: (id: string) => Promise<Creation>,
): Promise<Reply> {
  const change = (to: Partial<IdempotencyRecord>) =>
    store.update("idempotency", id, (was) =>
      was.holder === record.holder ? { ...was, ...to } : was,
    );
  const renewal = setInterval(() => {
    // A missed renewal is made up by the next; a lost claim does no harm, since the id is the same.
    change({ until: Date.now() + claimMs }).catch(() => {});
  }, claimMs / 3);
  try {
    const { replayBody, ...reply } = await create(record.created).catch(
      async (error: unknown) => {
        await giveBack(store, id, record.holder, error);
        throw error;
      },
    );
    await change({ reply: replayBody === undefined ? reply : { ...reply, body: replayBody } }); // prettier-ignore
    return reply;
  } finally {
    clearInterval(renewal);
  }
}

/**
 * A refusal created nothing and frees the key. After any other failure something may have been created: the id stays,
 * and the next request with the key goes on with it. Where the backend is away the claim runs out by itself.
 */
async function giveBack(
  store: Store,
  id: string,
  holder: string,
  error: unknown,
): Promise<void> {
  const refused = error instanceof Problem && error.status < 500;
  try {
    const now = await store.update("idempotency", id, (was) =>
      was.holder === holder ? { ...was, until: 0 } : was,
    );
    if (refused && now?.holder === holder) await store.remove("idempotency", id); // prettier-ignore
  } catch {
    return;
  }
}

function withoutReplay({ replayBody: _, ...reply }: Creation): Reply {
  return reply;
}

const sha256 = (text: string) =>
  createHash("sha256").update(text).digest("hex");

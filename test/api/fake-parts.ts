/** @file Parts of a service in memory, for tests of the API: store, files, models, jobs. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"; // prettier-ignore
import path from "node:path";
import { Readable } from "node:stream";
import {
  checkKey,
  isEnded,
  MissingFileError,
  TakenModelError,
  type JobRecord,
  type Jobs,
  type Kind,
  type ModelCatalogue,
  type ModelRecord,
  type Storage,
  type Store,
  type StoredEvent,
} from "../../src/workers/index.ts";

/** Units of the fake model. */
export const units = 4;

export interface FakeJobs extends Jobs {
  readonly records: Map<string, JobRecord>;
  /** Appends an event and, for a state, changes the record. */
  set(id: string, change: Partial<JobRecord>, event?: unknown): Promise<void>;
  /** What `depth` gives as waiting in each queue. */
  waiting: number;
}

const sha256 = (data: string | Uint8Array) =>
  createHash("sha256").update(data).digest("hex");

/** One package model that everyone sees; others as tests add them. */
export function fakeCatalogue(): ModelCatalogue {
  const shared: ModelRecord = { id: "unirep-ts-64", source: "package", owner: null, name: "UniRep 64", units, layers: 1, sha256: "a".repeat(64), licence: "Apache-2.0", provenance: "test", bytes: 1000, createdAt: null, job: null, key: null }; // prettier-ignore
  const all = new Map([[shared.id, shared]]);
  const visible = (m: ModelRecord | undefined, owner: string) =>
    m && (m.owner === null || m.owner === owner) ? m : null;
  return {
    list: (owner) => Promise.resolve([...all.values()].filter((m) => visible(m, owner))), // prettier-ignore
    find: (id, owner) => Promise.resolve(visible(all.get(id), owner)),
    add: async (file, { licence = "unknown", provenance = "uploaded", ...facts }) => {
      if (all.has(facts.id)) throw new TakenModelError(`models: expected an id that is free, got ${facts.id}`); // prettier-ignore
      const bytes = await readFile(file);
      const model: ModelRecord = { ...shared, ...facts, licence, provenance, bytes: bytes.length, sha256: sha256(bytes), createdAt: new Date().toISOString(), key: `models/${sha256(bytes)}.safetensors` }; // prettier-ignore
      all.set(model.id, model);
      return model;
    }, // prettier-ignore
    remove: (id, owner) =>
      Promise.resolve(all.get(id)?.owner === owner && all.delete(id)),
    open: (model) => Promise.resolve({ weights: model.id, id: model.id, sha256: model.sha256 }), // prettier-ignore
  };
}

export function fakeJobs(store: Store): FakeJobs {
  const records = new Map<string, JobRecord>();
  const mine = (id: string, owner: string) => {
    const job = records.get(id);
    return job?.owner === owner ? job : null;
  };
  const jobs: FakeJobs = {
    records,
    waiting: 0,
    async set(id, change, event) {
      records.set(id, { ...(records.get(id) as JobRecord), ...change });
      if (event ?? change.state)
        await store.appendEvent(
          id,
          event ?? { type: "state", state: change.state },
        );
    },
    async submit(request) {
      const { id, kind, owner, name, model, options, input } = request;
      const known = records.get(id);
      if (known) return known as never;
      const job: JobRecord = { id, kind, owner, name, state: "queued", createdAt: new Date().toISOString(), startedAt: null, endedAt: null, model, input, options, progress: { done: 0, total: input.residues }, result: null, failure: null }; // prettier-ignore
      records.set(id, job);
      await store.appendEvent(id, { type: "state", state: "queued" });
      return job as never;
    },
    get: (id, owner) => Promise.resolve(mine(id, owner)),
    list(owner, { limit, cursor, state, kind }) {
      const all = [...records.values()]
        .filter(
          (job) =>
            job.owner === owner &&
            (state ?? job.state) === job.state &&
            (kind ?? job.kind) === job.kind,
        ) // prettier-ignore
        .reverse();
      const from = cursor === undefined ? 0 : Number(cursor);
      const items = all.slice(from, from + limit).map((value) => ({ id: value.id, value })); // prettier-ignore
      return Promise.resolve({ items, next: from + limit < all.length ? String(from + limit) : null }); // prettier-ignore
    },
    async cancel(id, owner) {
      const job = mine(id, owner);
      if (job && !isEnded(job.state)) await jobs.set(id, { state: job.state === "queued" ? "cancelled" : "cancelling" }); // prettier-ignore
      return mine(id, owner);
    },
    events: (id, after, limit) => store.readEvents(id, after, limit),
    table: (job) =>
      job.result
        ? Promise.resolve({ key: job.result.key, bytes: job.result.bytes })
        : Promise.reject(new Error("fake: no result")),
    depth() {
      const queue = { waiting: jobs.waiting, active: 0 };
      return Promise.resolve({ embed: queue, score: queue, evotune: queue, sample: queue }); // prettier-ignore
    },
  };
  return jobs;
}

/** Every call takes a turn of the event loop, so that races are real. */
export function memoryStore(): Store {
  const documents = new Map<string, { kind: Kind; id: string; value: unknown; owner?: string | undefined; until: number }>(); // prettier-ignore
  const logs = new Map<string, StoredEvent[]>();
  const counters = new Map<string, { sum: number; until: number }>();
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const at = (kind: Kind, id: string) => {
    const found = documents.get(`${kind}/${id}`);
    if (found && found.until <= Date.now()) documents.delete(`${kind}/${id}`);
    return documents.get(`${kind}/${id}`);
  };
  let events = 0;
  return {
    async insert(kind, id, value, { owner, expiresIn } = {}) {
      await turn();
      if (at(kind, id)) return false;
      const until = expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000; // prettier-ignore
      documents.set(`${kind}/${id}`, { kind, id, value: structuredClone(value), owner, until }); // prettier-ignore
      return true;
    },
    async get(kind, id) {
      await turn();
      return (at(kind, id)?.value ?? null) as never;
    },
    async update(kind, id, change) {
      await turn();
      const found = at(kind, id);
      if (!found) return null;
      found.value = structuredClone(change(found.value as never));
      return found.value as never;
    },
    async remove(kind, id) {
      await turn();
      return documents.delete(`${kind}/${id}`);
    },
    async list(kind, { owner, limit, cursor }) {
      await turn();
      const all = [...documents.values()]
        .filter((d) => d.kind === kind && (owner ?? d.owner) === d.owner)
        .reverse();
      const from = cursor === undefined ? 0 : Number(cursor);
      const items = all.slice(from, from + limit).map(({ id, value }) => ({ id, value: value as never })); // prettier-ignore
      return { items, next: from + limit < all.length ? String(from + limit) : null }; // prettier-ignore
    },
    async appendEvent(stream, event) {
      await turn();
      const id = `${++events}`;
      logs.set(stream, [...(logs.get(stream) ?? []), { id, event }]);
      return id;
    },
    async readEvents(stream, after, limit) {
      await turn();
      return (logs.get(stream) ?? [])
        .filter(({ id }) => after === null || Number(id) > Number(after))
        .slice(0, limit);
    },
    async removeEvents(stream) {
      await turn();
      logs.delete(stream);
    },
    async count(counter, amount, seconds) {
      await turn();
      const found = counters.get(counter);
      const now = found && found.until > Date.now() ? found : { sum: 0, until: Date.now() + seconds * 1000 }; // prettier-ignore
      counters.set(counter, { ...now, sum: now.sum + amount });
      return now.sum + amount;
    },
    ping: () => Promise.resolve(),
  };
}

/** Files of one folder, without the care of the real one. */
export function folderStorage(root: string): Storage {
  const at = (key: string) => {
    checkKey(key);
    return path.join(root, key);
  };
  const storage: Storage = {
    async write(key, content, options) {
      const chunks: Uint8Array[] = [];
      if (content instanceof Uint8Array) chunks.push(content);
      else for await (const chunk of content) chunks.push(chunk);
      options?.signal?.throwIfAborted();
      await mkdir(path.dirname(at(key)), { recursive: true });
      const bytes = Buffer.concat(chunks);
      await writeFile(at(key), bytes);
      return { bytes: bytes.length, sha256: sha256(bytes) };
    },
    async read(key, { start = 0, end } = {}) {
      const bytes = await readFile(at(key)).catch(() => {
        throw new MissingFileError(`storage: no file ${key}`);
      });
      return Readable.from([bytes.subarray(start, end)]);
    },
    size: (key) => stat(at(key)).then((s) => s.size, () => null), // prettier-ignore
    async list(prefix) {
      const found = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []); // prettier-ignore
      return found
        .filter((entry) => entry.isFile())
        .map((entry) =>
          path.relative(root, path.join(entry.parentPath, entry.name)),
        ) // prettier-ignore
        .filter((key) => key.startsWith(`${prefix}/`))
        .sort();
    },
    remove: (key) => rm(at(key), { recursive: true, force: true }),
    ping: () => Promise.resolve(),
  };
  return storage;
}

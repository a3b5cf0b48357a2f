/** @file What the service must remember outside its queues: documents, event logs and counters, on any backend. */

/**
 * Documents, logs of events and counters. Every call is one atomic effect; what it has acknowledged survives a killed
 * process. Implementations: PostgreSQL (embedded) and Redis, held to one test suite.
 */
export interface Store {
  /** Adds a document; false, and nothing changes, where one with this id exists. */
  insert<K extends Kind>(
    kind: K,
    id: string,
    value: Documents[K],
    options?: InsertOptions,
  ): Promise<boolean>;
  /** The document, or null where none exists or its time has run out. */
  get<K extends Kind>(kind: K, id: string): Promise<Documents[K] | null>;
  /**
   * Applies `change` to the document as it is, again with the newer one where another writer came between. A change that
   * returns its argument writes nothing. Resolves to the document after it, or null where none exists.
   */
  update<K extends Kind>(
    kind: K,
    id: string,
    change: (value: Documents[K]) => Documents[K],
  ): Promise<Documents[K] | null>;
  /** False where there was none. */
  remove(kind: Kind, id: string): Promise<boolean>;
  /** Newest first, `limit` at a time; `next` continues, and is null at the end. */
  list<K extends Kind>(
    kind: K,
    options: ListOptions,
  ): Promise<Page<Documents[K]>>;
  /** Adds to the log of `stream` and returns the event's id; ids of a log grow in `compareEventIds`' order. */
  appendEvent(stream: string, event: unknown): Promise<string>;
  /** Events after `after` (null: from the oldest kept on), oldest first. A log keeps its last 5,000 events. */
  readEvents(
    stream: string,
    after: string | null,
    limit: number,
  ): Promise<StoredEvent[]>;
  removeEvents(stream: string): Promise<void>;
  /** Adds to a counter and returns its sum; it begins again `seconds` after the first addition. */
  count(counter: string, amount: number, seconds: number): Promise<number>;
  /** Rejects where the backend does not answer. */
  ping(): Promise<void>;
}

export interface InsertOptions {
  /** Whose it is, for `list`. */
  readonly owner?: string | undefined;
  /** The document is gone after so many seconds. */
  readonly expiresIn?: number | undefined;
}

export interface ListOptions {
  /** Only this owner's documents. */
  readonly owner?: string | undefined;
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
}

export interface Page<T> {
  readonly items: readonly { readonly id: string; readonly value: T }[];
  readonly next: string | null;
}

export interface StoredEvent {
  readonly id: string;
  readonly event: unknown;
}

/** The kinds of documents; other folders of the service add theirs by declaration merging. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- merged into by the files that own a kind
export interface Documents {}

export type Kind = keyof Documents;

/** @file What carries queues and records: PostgreSQL inside this process, or a Redis that several machines share. */
import type {
  FlowProducer,
  FlowProducerOptions,
  Processor,
  Queue,
  QueueOptions,
  Worker,
  WorkerOptions,
} from "bullmq";
import type { Redis } from "ioredis";
import type { Store } from "../store/store.ts";

type Without<T> = Omit<T, "connection" | "prefix">;

export interface Backend {
  readonly kind: "embedded" | "redis";
  readonly store: Store;
  /** For what needs Redis itself (shared rate limits); null where embedded. */
  readonly redis: Redis | null;
  /** Warnings for the operator, found when it was opened: no persistence, an old version. */
  readonly warnings: readonly string[];
  /** A queue to add to. While the backend is away its calls reject at once (503), they do not wait. */
  queue(name: string, options?: Without<QueueOptions>): Queue;
  flows(options?: Without<FlowProducerOptions>): FlowProducer;
  /** A worker; it waits for a backend that is away and goes on when it is back. */
  worker(
    name: string,
    processor: Processor,
    options?: Without<WorkerOptions>,
  ): Worker;
  /** Closes connections and database, after the caller has closed its workers; queues and flows are closed here. */
  close(): Promise<void>;
}

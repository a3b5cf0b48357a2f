/** @file What every part of the service works with; opened once in a process. */
import type { Backend } from "./backend/backend.ts";
import type { ServiceConfig } from "./config.ts";
import type { ModelFile } from "./compute/tasks.ts";
import type { ModelCatalogue } from "./models/catalogue.ts";
import type { Storage } from "./storage/storage.ts";

export interface Service {
  readonly config: ServiceConfig;
  readonly backend: Backend;
  readonly storage: Storage;
  readonly models: ModelCatalogue;
  /** Working copies of files; emptied of what no running work needs at start. */
  readonly scratch: string;
  readonly log: Log;
}

/** Structured logs; fields never hold sequences or secrets. pino fits. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export type { ModelFile };

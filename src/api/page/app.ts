/** @file What the sections of the page share: the client, the models, where the user is. */
import type { Model, UnirepClient } from "../client/index.ts";
import type { Observable } from "./observable.ts";

export const views = ["embed", "evotune", "jobs", "models"] as const;
export type View = (typeof views)[number];

export interface Place {
  readonly view: View;
  /** Job that the view shows. */
  readonly job: string | null;
}

/** Where in the address a place is: `#embed`, `#embed/<job>`. */
export const addressOf = (view: View, job?: string): string =>
  `#${view}${job === undefined ? "" : `/${job}`}`;

export interface App {
  /** Null while there is no key that works. */
  readonly client: Observable<UnirepClient | null>;
  readonly models: Observable<readonly Model[]>;
  readonly place: Observable<Place>;
  /** Rejects with the service's error. */
  refreshModels(): Promise<void>;
  go(view: View, job?: string): void;
}

/** The client; an error for the user where there is no key yet. */
export function clientOf(app: App): UnirepClient {
  const client = app.client.get();
  if (client) return client;
  throw new Error("Enter an API key first, at the top of the page.");
}

/** @file Whether this server can work: backend and storage answer, its engine is warm, and it does not drain. */
import type { Base } from "./api.ts";

export interface Readiness {
  readonly ready: boolean;
  readonly backend: "ok" | "away";
  readonly storage: "ok" | "away";
  readonly draining: boolean;
  /** Why the engine cannot answer yet, or null. */
  readonly unready: string | null;
}

/** An answer is given again for so long: probes cost nothing however many come. */
const freshMs = 1000;
const pingMs = 2000;

/** A function that looks at most once a second; draining shows at once. */
export function readiness(api: Base): () => Promise<Readiness> {
  let at = -Infinity;
  let last = Promise.resolve([false, false]);
  return async () => {
    if (performance.now() - at >= freshMs) {
      at = performance.now();
      const { backend, storage } = api.service;
      last = Promise.all([answers(backend.store), answers(storage)]);
    }
    const [backend, storage] = await last;
    const draining = api.draining.aborted;
    const unready = api.unready();
    return {
      ready: backend && storage && !draining && unready === null,
      backend: backend ? "ok" : "away",
      storage: storage ? "ok" : "away",
      draining,
      unready,
    };
  };
}

async function answers(part: { ping(): Promise<void> }): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), pingMs);
  });
  const ping = part.ping().then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([ping, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @file Whether this server can work: backend and storage answer, and it does not drain. */
import type { Api } from "./api.ts";

export interface Readiness {
  readonly ready: boolean;
  readonly backend: "ok" | "away";
  readonly storage: "ok" | "away";
  readonly draining: boolean;
}

/** An answer is given again for so long: probes cost nothing however many come. */
const freshMs = 1000;
const pingMs = 2000;

/** A function that looks at most once a second; draining shows at once. */
export function readiness(api: Api): () => Promise<Readiness> {
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
    return {
      ready: backend && storage && !draining,
      backend: backend ? "ok" : "away",
      storage: storage ? "ok" : "away",
      draining,
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

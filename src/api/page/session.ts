/** @file The API key: from the field, the address or this tab's storage; and the client that carries it. */
import { UnirepClient } from "../client/index.ts";

const slot = "unirep-key";
/** A page can tell that it waits; a few repetitions are enough. */
const retries = 2;

/** The key in `#key=…`, which leaves the address at once. */
export function keyInAddress(): string | null {
  const [, key] = /^#key=(.+)$/.exec(location.hash) ?? [];
  if (key === undefined) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return decoded(key);
}

export const keptKey = (): string | null => sessionStorage.getItem(slot);

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const keepKey = (key: string): void => sessionStorage.setItem(slot, key);
export const forgetKey = (): void => sessionStorage.removeItem(slot);

export const clientFor = (key: string): UnirepClient =>
  new UnirepClient({ url: location.origin, key, retries });

/** @file What can be seen of an API key without asking the service. */

/** The public part of a key, or what is wrong with it, in one sentence. */
export function readKey(
  key: string,
): { readonly id: string } | { readonly wrong: string } {
  const [, id] = /^ur_([0-9a-f]{16})_[0-9a-f]{64}_[0-9a-f]{8}$/.exec(key) ?? [];
  if (id !== undefined) return { id };
  if (key === "") return { wrong: "Expected an API key, got nothing." };
  if (!key.startsWith("ur_"))
    return { wrong: "Expected an API key, which begins with ur_." };
  const length = "ur_".length + 16 + 1 + 64 + 1 + 8;
  return key.length === length
    ? { wrong: "Expected an API key: ur_, then groups of 16, 64 and 8 of 0–9 and a–f. A character is mistyped." } // prettier-ignore
    : { wrong: `Expected an API key of ${length} characters, got ${key.length}. Part of it is missing, or something is beside it.` }; // prettier-ignore
}

/** @file What makes two runs the same run, and where two of them first differ. */

type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** `key.path "was", now "is"` for the first difference between two JSON-serialisable values, or undefined when there is none. */
export function firstDifference(was: unknown, is: unknown): string | undefined {
  return compare(normal(was), normal(is), "");
}

/** The value as it comes back from a JSON file. */
function normal(value: unknown): Json | undefined {
  return value === undefined
    ? undefined
    : (JSON.parse(JSON.stringify(value)) as Json);
}

function compare(
  was: Json | undefined,
  is: Json | undefined,
  path: string,
): string | undefined {
  if (
    isContainer(was) &&
    isContainer(is) &&
    Array.isArray(was) === Array.isArray(is)
  ) {
    const [before, after] = [
      new Map(Object.entries(was)),
      new Map(Object.entries(is)),
    ];
    for (const key of new Set([...before.keys(), ...after.keys()])) {
      const difference = compare(
        before.get(key),
        after.get(key),
        path === "" ? key : `${path}.${key}`,
      );
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  if (Object.is(was, is)) return undefined;
  return `${path} was ${JSON.stringify(was) ?? "absent"}, now ${JSON.stringify(is) ?? "absent"}`;
}

function isContainer(
  value: Json | undefined,
): value is readonly Json[] | { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null;
}

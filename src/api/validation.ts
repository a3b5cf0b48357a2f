/** @file What a zod schema finds wrong, as a 422 problem with one pointer a fault. */
import type { z } from "zod";
import { Problem, type FieldError } from "./problems.ts";

const shownErrors = 100;

/** The value as the schema gives it; an `invalid` Problem that points at every fault (the first 100) otherwise. */
export function parse<S extends z.ZodType>(
  schema: S,
  value: unknown,
  where: "body" | "query",
): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap(faults);
  const [first] = errors;
  throw new Problem(
    "invalid",
    `api: ${where}${first.pointer && ` at ${first.pointer}`}: ${first.detail}${errors.length > 1 ? `; ${errors.length - 1} more in errors` : ""}`,
    { errors: errors.slice(0, shownErrors) },
  );
}

function faults(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // The alternative that was meant is the one with the least wrong.
    const [nearest] = issue.errors.toSorted((a, b) => a.length - b.length);
    return nearest.flatMap((inner) =>
      faults({ ...inner, path: [...issue.path, ...inner.path] }),
    );
  }
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      pointer: pointer([...issue.path, key]),
      detail: "expected a field that exists here, got an unknown one",
    }));
  return [{ pointer: pointer(issue.path), detail: sentence(issue.message) }];
}

/** zod's own words, in the form that all errors have. */
const sentence = (message: string) =>
  message.replace(/^(Invalid|Too) \w+: /, "").replace(", received ", ", got ");

/** RFC 6901; a name that is too long to be one is cut, since it came from the caller. */
const pointer = (path: readonly PropertyKey[]) =>
  path
    .map(
      (key) =>
        `/${String(key).slice(0, 100).replaceAll("~", "~0").replaceAll("/", "~1")}`,
    ) // prettier-ignore
    .join("");

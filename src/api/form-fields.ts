/** @file Options in a form's fields: text where the option is text, JSON where it is not. */
import type { z } from "zod";
import { parse } from "./validation.ts";

/** The fields as `schema` gives them; 422 as for a JSON body. */
export function fieldsOf<S extends z.ZodObject>(
  schema: S,
  fields: ReadonlyMap<string, readonly string[]>,
): z.output<S> {
  const value = Object.fromEntries(
    [...fields].map(([name, texts]) => [
      name,
      reading(own(schema.shape, name), texts),
    ]),
  );
  return parse(schema, value, "body");
}

/** The first reading that the option accepts: the text, JSON, a list of the texts; the first one where none fits. */
function reading(
  option: z.core.$ZodType | undefined,
  texts: readonly string[],
): unknown {
  const single = texts.length === 1 ? [texts[0], ...json(texts[0])] : [];
  const readings: unknown[] = [...single, texts];
  const fits = (x: unknown) => (option as z.ZodType).safeParse(x).success;
  return (option && readings.find(fits)) ?? readings.at(single.length > 1 ? 1 : 0); // prettier-ignore
}

const own = (shape: z.core.$ZodShape, name: string) =>
  Object.hasOwn(shape, name) ? shape[name] : undefined;

function json(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}

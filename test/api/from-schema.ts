/** @file Values from JSON schemas for fast-check: what a schema allows, and the same with something wrong in it. */
import fc from "fast-check";
import type { Schema } from "./document.ts";

type Value = fc.JsonValue;
type Schemas = Readonly<Record<string, Schema>>;

/** Values that the schema allows, as far as its keywords tell; refinements that only the service knows may refuse them. */
export function allowedBy(
  schema: Schema,
  schemas: Schemas,
): fc.Arbitrary<Value> {
  const of = (inner: unknown) => allowedBy(inner as Schema, schemas);
  const { $ref, anyOf, oneOf, allOf, enum: options, type } = schema as {
    readonly $ref?: string;
    readonly anyOf?: Schema[];
    readonly oneOf?: Schema[];
    readonly allOf?: Schema[];
    readonly enum?: Value[];
    readonly type?: string | string[];
  }; // prettier-ignore
  if ($ref !== undefined) return of(schemas[$ref.split("/").at(-1)!]);
  if (options) return fc.constantFrom(...options);
  if ("const" in schema) return fc.constant(schema.const as Value);
  if (anyOf ?? oneOf) return fc.oneof(...(anyOf ?? oneOf)!.map(of));
  if (allOf)
    return fc.tuple(...allOf.map(of)).map((all) => Object.assign({}, ...all) as Value); // prettier-ignore
  if (Array.isArray(type))
    return fc.oneof(...type.map((one) => of({ ...schema, type: one })));
  switch (type) {
    case "object":
      return objects(schema, of);
    case "array":
      return fc.array(of(schema.items), { minLength: Number(schema.minItems ?? 0), maxLength: Math.min(3, Number(schema.maxItems ?? 3)) }); // prettier-ignore
    case "string":
      return strings(schema);
    case "integer":
    case "number":
      return numbers(schema, type);
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objects(
  { properties = {}, required = [] }: Schema,
  of: (inner: unknown) => fc.Arbitrary<Value>,
): fc.Arbitrary<Value> {
  const record = Object.fromEntries(Object.entries(properties as Schemas).map(([name, inner]) => [name, of(inner)])); // prettier-ignore
  return fc.record(record, { requiredKeys: required as string[] });
}

/** A protein now and then, since no schema says what one is. */
function strings(schema: Schema): fc.Arbitrary<string> {
  const { pattern, format, minLength = 0, maxLength = 30 } = schema as { pattern?: string; format?: string; minLength?: number; maxLength?: number }; // prettier-ignore
  if (format === "uuid") return fc.uuid();
  if (format === "date-time") return fc.date({ min: new Date("2030-01-01"), max: new Date("2100-01-01"), noInvalidDate: true }).map((d) => d.toISOString()); // prettier-ignore
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  const protein = fc.string({ unit: fc.constantFrom(..."ACDEFGHIKLMNPQRSTVWY"), minLength: 1, maxLength: 20 }); // prettier-ignore
  return fc.oneof(
    { arbitrary: protein, weight: 4 },
    fc.string({ minLength, maxLength: Math.min(30, maxLength) }),
    fc.constantFrom("unirep-ts-64"),
  );
}

function numbers(schema: Schema, type: string): fc.Arbitrary<number> {
  const { minimum, maximum, exclusiveMinimum } = schema as { minimum?: number; maximum?: number; exclusiveMinimum?: number }; // prettier-ignore
  const min = minimum ?? exclusiveMinimum ?? -1e6;
  const max = Math.min(maximum ?? 1e6, 1e9);
  if (type === "integer") return fc.integer({ min: Math.ceil(min), max: Math.floor(max) }); // prettier-ignore
  return fc.double({ min, max, noNaN: true, minExcluded: exclusiveMinimum !== undefined }); // prettier-ignore
}

/** Texts that have broken services before. */
export const nasty: readonly string[] = ["", " ", "\u0000", "__proto__", "constructor", "../../etc/passwd", "%00", "%", "'; DROP TABLE jobs;--", "${7*7}", "{{7*7}}", "<script>", "\ud800", "🧬", "a".repeat(5000), "-1", "1e999", "NaN", "null", "[]", "\r\nX-A: b", "*", "\u202e"]; // prettier-ignore

const junk = fc.oneof(
  fc.constantFrom(...nasty),
  fc.constantFrom(null, true, -1, 0, 2 ** 53, -0.5, 1e308, [], {}, [[]], [null], { a: { b: {} } }), // prettier-ignore
  fc.jsonValue({ maxDepth: 3 }),
);

/** `value` with one place of it, somewhere, replaced, removed or added to. */
export const spoilt = (value: Value): fc.Arbitrary<Value> =>
  fc.tuple(fc.nat(), fc.constantFrom("replace", "remove", "add"), junk, fc.constantFrom(...nasty, "owner", "id")).map(
    ([at, how, other, name]) => {
      const copy = structuredClone(value);
      const places = [...holders(copy)];
      if (places.length === 0) return other;
      const [holder, key] = places[at % places.length];
      if (how === "replace") set(holder, key, other);
      else if (how === "add") set(holder, Array.isArray(holder) ? holder.length : name, other);
      else if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      return copy;
    },
  ); // prettier-ignore

type Holder = Value[] | Record<string, Value>;

function* holders(value: Value): Generator<[Holder, string]> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield [value as Holder, key];
    yield* holders(inner as Value);
  }
}

/** Also where the name is `__proto__`. */
const set = (holder: Holder, key: string | number, value: Value) =>
  void Object.defineProperty(holder, key, { value, enumerable: true, writable: true, configurable: true }); // prettier-ignore

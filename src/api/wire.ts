/** @file Names of fields: snake_case on the wire, camelCase in TypeScript; one way and the other, for the API and its client. */

type SnakeName<S extends string> = S extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeName<Rest>}`
  : S;
type CamelName<S extends string> = S extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<CamelName<Rest>>}`
  : S;

/** `T` with the names of its fields as the wire has them, at every depth. */
export type ToWire<T> = T extends readonly unknown[]
  ? { [K in keyof T]: ToWire<T[K]> }
  : T extends object
    ? { [K in keyof T as K extends string ? SnakeName<K> : K]: ToWire<T[K]> }
    : T;
/** `T` of the wire with names as TypeScript has them. */
export type FromWire<T> = T extends readonly unknown[]
  ? { [K in keyof T]: FromWire<T[K]> }
  : T extends object
    ? { [K in keyof T as K extends string ? CamelName<K> : K]: FromWire<T[K]> }
    : T;

/** For plain JSON; values, and so the words of enumerations, stay as they are. */
export const toWire = <T>(value: T): ToWire<T> =>
  renamed(value, (name) =>
    name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  ) as ToWire<T>;

/** Undoes `toWire`. */
export const fromWire = <T>(value: T): FromWire<T> =>
  renamed(value, (name) =>
    name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
  ) as FromWire<T>;

function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      rename(name),
      renamed(field, rename),
    ]),
  );
}

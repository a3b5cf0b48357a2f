/** @file Numbers for objects, so that identity can be part of a text key. */

const ids = new WeakMap<object, number>();
let next = 0;

/** The same number for the same object, another for any other. */
export function idOf(object: object): number {
  let id = ids.get(object);
  if (id === undefined) ids.set(object, (id = next++));
  return id;
}

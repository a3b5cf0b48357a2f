/** @file A bounded map: the entry used longest ago makes room. */

export interface Lru<T extends object> {
  /** The entry under `key`, made if there is none. */
  get(key: string, make: () => T): T;
  /** Takes `value` out if it is still there. */
  remove(key: string, value: T): void;
  clear(): void;
}

/** `dropped` is called once with each value that leaves. */
export function createLru<T extends object>(
  capacity: number,
  dropped: (value: T) => void,
): Lru<T> {
  // In the order of use, the last one used last.
  const entries = new Map<string, T>();
  const remove = (key: string, value: T): void => {
    if (entries.get(key) !== value) return;
    entries.delete(key);
    dropped(value);
  };
  return {
    get(key, make) {
      const known = entries.get(key);
      const value = known ?? make();
      entries.delete(key);
      entries.set(key, value);
      if (entries.size > capacity) remove(...[...entries][0]);
      return value;
    },
    remove,
    clear: () => [...entries].forEach(([key, value]) => remove(key, value)),
  };
}

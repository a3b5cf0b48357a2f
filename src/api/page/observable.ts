/** @file A value that parts of the page share and hear of. */

export interface Observable<T> {
  get(): T;
  set(value: T): void;
  /** Calls with the value as it is, and at every change. */
  subscribe(hear: (value: T) => void): void;
}

export function observable<T>(first: T): Observable<T> {
  let current = first;
  const hearers: ((value: T) => void)[] = [];
  return {
    get: () => current,
    set(value) {
      current = value;
      for (const hear of hearers) hear(value);
    },
    subscribe(hear) {
      hearers.push(hear);
      hear(current);
    },
  };
}

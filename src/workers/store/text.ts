/** @file Names and positions as the stores write them: any string is a name, and only what a store gave is a position. */

/** One-to-one, without what PostgreSQL or UTF-8 cannot hold: NUL and halves of surrogate pairs. */
export const toName = (text: string): string =>
  JSON.stringify(text).slice(1, -1);

export const fromName = (name: string): string =>
  JSON.parse(`"${name}"`) as string;

const eventId = /^\d{1,18}(-\d{1,18})?$/;

/** Negative where `a` is before `b` in the log; both as `appendEvent` or `readEvents` gave them. */
export function compareEventIds(a: string, b: string): number {
  const [x, y] = [eventIdParts(a), eventIdParts(b)];
  return Number(x[0] - y[0]) || Number(x[1] - y[1]);
}

/** Time or number, then number within it. A RangeError for what is no event id: clients send them. */
export function eventIdParts(id: string): [bigint, bigint] {
  if (!eventId.test(id))
    throw new RangeError(
      `store: expected the id of an event, got ${JSON.stringify(id.slice(0, 100))}`,
    );
  const [first, second = "0"] = id.split("-");
  return [BigInt(first), BigInt(second)];
}

/** The position a page continues from. A RangeError for what is no cursor: clients send them. */
export function cursorPosition(cursor: string): number {
  if (!/^\d{1,15}$/.test(cursor))
    throw new RangeError(
      `store: expected the cursor of a page, got ${JSON.stringify(cursor.slice(0, 100))}`,
    );
  return Number(cursor);
}

/** Events that a log keeps. */
export const keptEvents = 5000;

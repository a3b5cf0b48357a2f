/** @file Byte ranges of a file (RFC 9110, 14): the one range a request asks for, or that it cannot be had. */

export interface ByteRange {
  readonly start: number;
  /** Before this byte. */
  readonly end: number;
}

/**
 * The range that a `Range` header asks of a file of `size` bytes. "whole": no header, one in another unit or wrongly
 * written, or several ranges at once, all of which may be answered with the whole file.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): ByteRange | "whole" | "unsatisfiable" {
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return "whole";
  const [from, to] = [match[1], match[2]];
  // Without a first position the second counts from the end.
  const start = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === "" || to === "" ? size - 1 : Number(to);
  if (from !== "" && to !== "" && last < start) return "whole";
  if (start >= size) return "unsatisfiable";
  return { start, end: Math.min(last + 1, size) };
}

/** Whether `If-None-Match` names this entity (weak comparison). */
export function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const tags = header.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes("*") || tags.includes(etag);
}

/** @file The label of a point: a word of its header, or what a regular expression finds there. */

/** Null where the header has no second word. */
export const secondWord = (header: string): string | null =>
  header.trim().split(/\s+/)[1] ?? null;

/** What the expression's first group finds, or else the whole match; a SyntaxError where it is none. */
export function labelRule(expression: string): (header: string) => string | null {
  const pattern = new RegExp(expression, "u");
  return (header) => {
    const found = pattern.exec(header);
    return (found && (found[1] ?? found[0])) || null;
  };
} // prettier-ignore

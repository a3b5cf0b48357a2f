/** @file What commands say: the result on standard output, everything else on standard error. */

/** Prints one JSON object, or lines for people. */
export function report(
  json: boolean | undefined,
  value: object,
  lines: readonly string[],
): void {
  process.stdout.write(
    json ? `${JSON.stringify(value)}\n` : `${lines.join("\n")}\n`,
  );
}

/** One line on standard error: `warning: …`, `note: …`. */
export function tell(kind: "warning" | "note" | "skipped", text: string): void {
  process.stderr.write(`${kind}: ${text}\n`);
}

/** `1 record`, `2 records`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

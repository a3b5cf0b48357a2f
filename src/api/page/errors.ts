/** @file What went wrong, as the page says it: the service's own sentence, and the place of every bad record. */

export interface Told {
  readonly message: string;
  /** One a fault of the request. */
  readonly places: readonly string[];
}

/** The parts of a client's error that are read here. */
interface Refusal extends Error {
  readonly problem?: {
    readonly detail: string;
    readonly errors?: readonly Readonly<Record<string, unknown>>[];
  } | null;
}

/** `names`: ids of the records of the request, in their order. */
export function describe(error: unknown, names: readonly string[] = []): Told {
  if (!(error instanceof Error)) return { message: String(error), places: [] };
  const { problem, message } = error as Refusal;
  if (!problem) return { message, places: [] };
  const places = (problem.errors ?? []).map((fault) => place(fault, names));
  return { message: problem.detail, places };
}

function place(
  fault: Readonly<Record<string, unknown>>,
  names: readonly string[],
): string {
  const pointer = typeof fault.pointer === "string" ? fault.pointer : "";
  const index = /^\/(?:input|sequences)\/(\d+)/.exec(pointer)?.[1];
  const number = index === undefined ? fault.record : Number(index) + 1;
  const name = index === undefined ? undefined : names[Number(index)];
  const parts = [
    fault.file,
    number !== undefined && `record ${number as number}${name === undefined ? "" : ` (${name})`}`, // prettier-ignore
    number === undefined && pointer !== "" && pointer,
    fault.line !== undefined && `line ${fault.line as number}`,
    fault.column !== undefined && `column ${fault.column as number}`,
  ].filter((part) => typeof part === "string" && part !== "");
  return [parts.join(", "), fault.detail].filter(Boolean).join(": ");
}

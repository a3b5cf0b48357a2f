/** @file The -o option: a file whose extension is one of the table formats. */
import { InvalidArgumentError, Option } from "commander";
import type { Column } from "../unirep/index.ts";

/** Kept beside the list of the writers by a test, because loading them would slow every start down. */
const extensions = [".npz", ".npy", ".h5", ".parquet", ".csv", ".jsonl"];

/** `-o`, refused at once unless its extension names a format. */
export function outputOption(description: string): Option {
  return new Option(
    "-o, --output <file>",
    `${description}: ${extensions.join(", ")}`,
  ).argParser((text) => {
    if (!extensions.some((known) => text.toLowerCase().endsWith(known)))
      throw new InvalidArgumentError(
        `Expected one of the extensions ${extensions.join(", ")}.`,
      );
    return text;
  });
}

/** Refuses columns that the format of `path` cannot hold, as wrong usage. */
export async function checkOutput(
  path: string,
  columns: readonly Column[],
): Promise<void> {
  const { checkLayout } = await import("../unirep/index.ts");
  try {
    checkLayout(path, columns);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

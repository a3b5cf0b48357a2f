/** @file The version of this package. */
import { readFileSync } from "node:fs";

/** `src/cli` and `dist/cli` are equally far from the package's own description. */
export function packageVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(file, "utf8")) as {
    version: string;
  };
  return version;
}

/** @file Every program in the README and the folders' own pages runs as it stands. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "..");
const blocks = (file: string): string[] =>
  [
    ...readFileSync(path.join(root, file), "utf8").matchAll(
      /^```ts\n(.*?)^```/gms,
    ),
  ].map(([, code]) => code);

describe.each(["README.md"])("the programs in %s", (file) => {
  const programs = blocks(file);

  test("are found", () => expect(programs.length).toBeGreaterThan(0));

  test.each(programs.map((code, i) => [i + 1, code] as const))(
    "program %i runs",
    (_, code) => {
      // Read from standard input, a program stands in the package's own folder, where its name resolves to the build.
      const run = () =>
        execFileSync(process.execPath, ["--input-type=module", "-"], {
          cwd: root,
          input: code,
          encoding: "utf8",
          stdio: ["pipe", "pipe", "pipe"],
        });
      expect(run).not.toThrow();
    },
  );
});

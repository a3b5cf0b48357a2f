/** @file Every program in the README and the folders' own pages runs as it stands. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { settingTable } from "../src/workers/index.ts";

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

test("docs/service.md lists every setting of the service, its flag, default and meaning", () => {
  const rows = readFileSync(path.join(root, "docs/service.md"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const code = (text: string | null) => (text === null ? "" : `\`${text}\``);
  const listed = rows.filter(([, flag]) => flag.startsWith("`--"));
  expect(listed).toEqual(
    settingTable.map(({ env, flag, fallback, about }) => [
      code(env),
      code(flag),
      code(fallback),
      about,
    ]),
  );
});

/** @file The shape of the source tree: which folder may import which, no cycles, one idea a file. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../src", import.meta.url));

/** A folder may import the folders before it. */
const order = ["ad", "unirep", "training", "workers", "api", "cli"];

interface Import {
  readonly from: string;
  readonly to: string;
  /** Erased by the compiler: it cannot make a cycle when the program runs. */
  readonly typeOnly: boolean;
}

const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts"))
  .sort();
const texts = new Map(
  files.map((file) => [file, readFileSync(join(root, file), "utf8")]),
);
const code = (text: string) =>
  text.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, "");

const statement =
  /^(?:import|export)\s(?<what>[^;"]*?from\s+)?"(?<path>\.[^"]+)"|\bimport\("(?<lazy>\.[^"]+)"\)/gm;
const imports: Import[] = [...texts].flatMap(([from, text]) =>
  [...code(text).matchAll(statement)].map(({ groups = {} }) => ({
    from,
    to: relative(root, join(root, dirname(from), groups.path ?? groups.lazy)),
    typeOnly: /^type\s/.test(groups.what ?? ""),
  })),
);
const folder = (file: string) =>
  file.includes("/") ? file.slice(0, file.indexOf("/")) : "";
const show = ({ from, to }: Import) => `${from} imports ${to}`;

describe("imports", () => {
  test("name files that exist, with their extension", () => {
    expect(imports.filter(({ to }) => !texts.has(to)).map(show)).toEqual([]);
    expect(imports.length).toBeGreaterThan(100);
  });

  test("go one way: api, workers, training, unirep, ad; the command line sees all", () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        folder(from) !== "" &&
        order.indexOf(folder(to)) > order.indexOf(folder(from)),
    );
    expect(wrong.map(show)).toEqual([]);
    expect(
      files.map(folder).filter((name) => name && !order.includes(name)),
    ).toEqual([]);
  });

  test("enter another folder through its index only", () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        folder(from) !== folder(to) && to !== `${folder(to)}/index.ts`,
    );
    expect(wrong.map(show)).toEqual([]);
  });

  test("make no cycle", () => {
    const needs = (file: string) =>
      imports.filter(({ from, typeOnly }) => from === file && !typeOnly);
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file))
        expect.fail(
          [...path.slice(path.indexOf(file)), file].join(" imports "),
        );
      if (done.has(file)) return;
      needs(file).forEach(({ to }) => visit(to, [...path, file]));
      done.add(file);
    };
    files.forEach((file) => visit(file, []));
  });
});

describe.each(files)("%s", (file) => {
  const text = texts.get(file) as string;
  test("begins with its one idea, fits 300 lines, and has no any", () => {
    expect(text.replace(/^#!.*\n/, "")).toMatch(/^\/\*\* @file \S/);
    expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(300);
    expect(code(text)).not.toMatch(/(?::|\bas)\s+any\b\s*(?:[;,)=|&>[\]{]|$)/m);
  });
});

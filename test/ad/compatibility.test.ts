/** @file docs/ad-compatibility.md is up to date, every absence has its reason, and jax-js has little that is not here. */
import { format } from "prettier";
import { expect, test } from "vitest";
import { isHere, markdown, rows } from "./compatibility/table.ts";

const names = (list: typeof rows): string[] =>
  list.map(({ module, name }) => `${module}.${name}`);

test("where the table says a function is, it is", () => {
  const wrong = rows.filter((row) => row.here !== null && !isHere(row.here));
  expect(names(wrong)).toEqual([]);
});

test("every name of JAX is either here or has one reason why not", () => {
  const unexplained = rows.filter(
    (row) => (row.here === null) !== (row.reason !== null),
  );
  expect(names(unexplained)).toEqual([]);
});

test("at least nine tenths of what jax-js has is here", () => {
  const theirs = rows.filter((row) => row.jaxJs !== "no");
  const ours = theirs.filter((row) => row.here !== null);
  expect(theirs.length).toBeGreaterThan(200);
  expect(ours.length / theirs.length).toBeGreaterThanOrEqual(0.9);
});

test("the document is what the modules and the data say now", async () => {
  const text = await format(markdown(), { parser: "markdown" });
  await expect(text).toMatchFileSnapshot("../../docs/ad-compatibility.md");
});

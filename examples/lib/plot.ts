/** @file Saves a plot as an SVG file, in docs/examples or the folder that EXAMPLES_OUT names. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

const folder =
  process.env.EXAMPLES_OUT ??
  path.join(import.meta.dirname, "../../docs/examples");

/** What is used of a document here; the browser's own types are not part of this project. */
interface Element {
  readonly firstChild: Element | null;
  readonly outerHTML: string;
  setAttribute(name: string, value: string): void;
  insertBefore(node: Element, before: Element | null): void;
}
interface Document {
  createElementNS(namespace: string, name: string): Element;
}
const namespace = "http://www.w3.org/2000/svg";

export function savePlot(name: string, options: Plot.PlotOptions): void {
  const { document } = parseHTML("<html></html>") as unknown as {
    document: Document;
  };
  const svg = Plot.plot({
    width: 640,
    height: 360,
    ...options,
    document: document as never,
  }) as unknown as Element;
  svg.setAttribute("xmlns", namespace);
  svg.setAttribute("color", "black");
  // A file has no page behind it.
  const paper = document.createElementNS(namespace, "rect");
  for (const [key, value] of [
    ["width", "100%"],
    ["height", "100%"],
    ["fill", "white"],
  ])
    paper.setAttribute(key, value);
  svg.insertBefore(paper, svg.firstChild);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, `${name}.svg`), `${svg.outerHTML}\n`);
}

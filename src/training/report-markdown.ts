/** @file A report as Markdown: curves become rows of bars with their first, lowest and last values. */
import { sparkline, type Block } from "./report-blocks.ts";

export const toMarkdown = (blocks: readonly Block[]): string =>
  `${blocks.map(block).join("\n\n")}\n`;

function block(item: Block): string {
  switch (item.type) {
    case "heading":
      return `${"#".repeat(item.level)} ${escaped(item.text)}`;
    case "text":
      return escaped(item.text);
    case "code":
      return item.text.replaceAll(/^/gm, "    ");
    case "table":
      return table(item.head, item.rows);
    case "figure": {
      const rows = item.curves.map(({ name, points }) => {
        const ys = points.map(([, y]) => y);
        const shown = [ys[0], Math.min(...ys), ys[ys.length - 1]];
        return [name, sparkline(ys), ...shown.map((y) => y.toFixed(4))];
      });
      return `${escaped(item.caption)}\n\n${table(["curve", `${item.y} by ${item.x}`, "first", "lowest", "last"], rows)}`;
    }
  }
}

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => escaped(cell)).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join(
    "\n",
  );
}

/** Text that no reader of Markdown takes for markup or for the end of a cell. */
const escaped = (text: string): string =>
  text
    .replaceAll(/\s+/g, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/[\\|`*_[\]]/g, "\\$&");

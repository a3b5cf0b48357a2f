/** @file A report as one HTML page that needs nothing beside itself. */
import type { Block } from "./report-blocks.ts";
import { drawCurves } from "./report-svg.ts";
import { escapeMarkup } from "./report-escape.ts";

const style = `
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border-bottom: 1px solid #ddd; padding: 0.2rem 0.8rem 0.2rem 0; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
pre { background: #f4f4f4; padding: 0.6rem; overflow-x: auto; }
figure { margin: 1rem 0; } svg { max-width: 100%; height: auto; } figcaption { color: #555; }`;

export function toHtml(blocks: readonly Block[]): string {
  const title = blocks.find((x) => x.type === "heading")?.text ?? "";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(title)}</title>
<style>${style}
</style>
</head>
<body>
${blocks.map(block).join("\n")}
</body>
</html>
`;
}

function block(item: Block): string {
  switch (item.type) {
    case "heading":
      return `<h${item.level}>${escapeMarkup(item.text)}</h${item.level}>`;
    case "text":
      return `<p>${escapeMarkup(item.text)}</p>`;
    case "code":
      return `<pre>${escapeMarkup(item.text)}</pre>`;
    case "table": {
      const row = (cells: readonly string[], tag: "th" | "td") =>
        `<tr>${cells.map((cell) => `<${tag}>${escapeMarkup(cell)}</${tag}>`).join("")}</tr>`;
      return `<table>\n${[row(item.head, "th"), ...item.rows.map((cells) => row(cells, "td"))].join("\n")}\n</table>`;
    }
    case "figure":
      return `<figure>\n${drawCurves(item)}\n<figcaption>${escapeMarkup(item.caption)}</figcaption>\n</figure>`;
  }
}

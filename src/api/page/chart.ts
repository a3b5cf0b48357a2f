/** @file A line chart as SVG: axes with round numbers, a line a series, a legend in words. */
import type { Point } from "./curve.ts";
import { el, svg } from "./dom.ts";
import { measure } from "./format.ts";
import { ticks } from "./ticks.ts";

export interface Series {
  readonly label: string;
  readonly points: readonly Point[];
  /** Class of style.css that gives the line its colour. */
  readonly look: string;
}

export interface ChartFacts {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  /** One sentence that tells what the lines show, for those who do not see them. */
  readonly summary: string;
  readonly series: readonly Series[];
}

const size = { width: 480, height: 280 };
const room = { left: 66, right: 10, top: 12, bottom: 38 };

export function chart({ title, x, y, summary, series }: ChartFacts): HTMLElement {
  const all = series.flatMap(({ points }) => points);
  const [left, right] = extent(all.map((point) => point.x));
  const [low, high] = padded(extent(all.map((point) => point.y)));
  const atX = (value: number) => room.left + ((value - left) / (right - left || 1)) * (size.width - room.left - room.right);
  const atY = (value: number) => size.height - room.bottom - ((value - low) / (high - low || 1)) * (size.height - room.top - room.bottom);
  const drawing = svg(
    "svg",
    { viewBox: `0 0 ${size.width} ${size.height}`, role: "img", "aria-label": `${title}. ${summary}`, class: "chart" },
    ...(all.length === 0 ? [] : [
      ...ticks(low, high, 4).map((value) => svg("g", {},
        svg("line", { x1: room.left, x2: size.width - room.right, y1: atY(value), y2: atY(value), class: "grid" }),
        svg("text", { x: room.left - 8, y: atY(value) + 4, class: "end" }, measure(value)))),
      ...ticks(left, right, 5).map((value) =>
        svg("text", { x: atX(value), y: size.height - room.bottom + 18, class: "middle" }, measure(value))),
    ]),
    svg("line", { x1: room.left, x2: size.width - room.right, y1: size.height - room.bottom, y2: size.height - room.bottom, class: "axis" }),
    svg("text", { x: (room.left + size.width - room.right) / 2, y: size.height - 4, class: "middle name" }, x),
    svg("text", { x: 10, y: (room.top + size.height - room.bottom) / 2, class: "middle name upright" }, y),
    ...series.map(({ points, look }) => line(points.map((p) => [atX(p.x), atY(p.y)] as const), look)),
  );
  const legend = el("p", { class: "legend" }, ...series.map(({ label, look }) => el("span", { class: "entry" }, el("span", { class: `stroke ${look}` }), label)));
  return el("figure", {}, el("figcaption", {}, title), drawing, legend);
} // prettier-ignore

function line(
  points: readonly (readonly [number, number])[],
  look: string,
): SVGElement {
  if (points.length === 1) {
    const [[cx, cy]] = points;
    return svg("circle", { cx, cy, r: 3, class: `point ${look}` });
  }
  const path = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`);
  return svg("polyline", { points: path.join(" "), class: `line ${look}` });
}

const extent = (values: readonly number[]): readonly [number, number] =>
  values.length === 0 ? [0, 1] : [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]; // prettier-ignore

function padded([low, high]: readonly [number, number]) {
  const room = (high - low) * 0.05 || Math.abs(high) * 0.05 || 1;
  return [low - room, high + room] as const;
}

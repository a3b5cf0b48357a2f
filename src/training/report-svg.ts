/** @file Curves as an SVG drawing: axes with round ticks, one line a curve, the main one last and labelled. */
import type { Block, Curve } from "./report-blocks.ts";
import { escapeMarkup } from "./report-escape.ts";

type Figure = Extract<Block, { type: "figure" }>;

const size = { width: 720, height: 320 };
const edge = { left: 64, right: 16, top: 16, bottom: 44 };
const looks: Readonly<Record<Curve["weight"], string>> = {
  main: 'stroke="#c2410c" stroke-width="2.5"',
  usual: 'stroke="#3b6ea5" stroke-width="1.2"',
  faint: 'stroke="#bbb" stroke-width="1" stroke-dasharray="4 3"',
};

export function drawCurves({ curves, x, y, caption }: Figure): string {
  const points = curves.flatMap((curve) => curve.points);
  const across = scale(points.map(([a]) => a), edge.left, size.width - edge.right); // prettier-ignore
  const up = scale(points.map(([, b]) => b), size.height - edge.bottom, edge.top); // prettier-ignore
  const line = ({ name, points, weight }: Curve): string => {
    const [first, ...rest] = points.map(([a, b]) => `${fixed(across.at(a))} ${fixed(up.at(b))}`); // prettier-ignore
    // A single point would be a line of no length, which nobody sees.
    const path = `M${first}${rest.length === 0 ? "h0.1" : rest.map((p) => `L${p}`).join("")}`;
    return `<path d="${path}" fill="none" stroke-linecap="round" ${looks[weight]}><title>${escapeMarkup(name)}</title></path>`;
  };
  const order: readonly Curve["weight"][] = ["faint", "usual", "main"];
  const lines = order.flatMap((weight) =>
    curves.filter((curve) => curve.weight === weight).map(line),
  );
  const bottom = size.height - edge.bottom;
  const right = size.width - edge.right;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${escapeMarkup(caption)}" font-family="system-ui, sans-serif" font-size="12" fill="#444">`,
    ...up.ticks.map(
      (tick) =>
        `<path d="M${edge.left} ${fixed(up.at(tick))}H${right}" stroke="#eee"/><text x="${edge.left - 8}" y="${fixed(up.at(tick) + 4)}" text-anchor="end">${shown(tick)}</text>`,
    ),
    ...across.ticks.map(
      (tick) =>
        `<text x="${fixed(across.at(tick))}" y="${bottom + 18}" text-anchor="middle">${shown(tick)}</text>`,
    ),
    `<path d="M${edge.left} ${edge.top}V${bottom}H${right}" fill="none" stroke="#888"/>`,
    `<text x="${(edge.left + right) / 2}" y="${size.height - 6}" text-anchor="middle">${escapeMarkup(x)}</text>`,
    `<text x="14" y="${(edge.top + bottom) / 2}" text-anchor="middle" transform="rotate(-90 14 ${(edge.top + bottom) / 2})">${escapeMarkup(y)}</text>`,
    ...lines,
    "</svg>",
  ].join("\n");
}

interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

/** Maps the range of `values` to `from` … `to`; ticks are 1, 2 or 5 times a power of ten apart. */
function scale(values: readonly number[], from: number, to: number): Scale {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const range = high - low || 1;
  const power = 10 ** Math.floor(Math.log10(range / 4));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => range / s <= 6) ?? range; // prettier-ignore
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return {
    at: (value) => from + ((value - low) / range) * (to - from),
    ticks: Array.from({ length: Math.max(0, count) }, (_, i) => (first + i) * step), // prettier-ignore
  };
}

const fixed = (value: number): string => String(Number(value.toFixed(1)));
const shown = (tick: number): string => String(Number(tick.toPrecision(6)));

/** @file A report before it is written: headings, texts, tables and curves, the same for every format. */

export interface Curve {
  readonly name: string;
  /** x and y of each point, x rising. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** `main` stands out; `faint` was given up. */
  readonly weight: "main" | "usual" | "faint";
}

export type Block =
  | { readonly type: "heading"; readonly level: 1 | 2; readonly text: string }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "code"; readonly text: string }
  | {
      readonly type: "table";
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
    }
  | {
      readonly type: "figure";
      readonly caption: string;
      readonly x: string;
      readonly y: string;
      readonly curves: readonly Curve[];
    };

const bars = "▁▂▃▄▅▆▇█";

/** Values as a row of bars, lowest to highest, at most `width` of them; what is not finite leaves a gap. */
export function sparkline(values: readonly number[], width = 30): string {
  const count = Math.min(width, values.length);
  // Each bar is the mean of its share of the values.
  const means = Array.from({ length: count }, (_, i) => {
    const [from, to] = [i, i + 1].map((k) =>
      Math.round((k * values.length) / count),
    );
    const share = values.slice(from, to);
    return share.reduce((sum, x) => sum + x, 0) / share.length;
  });
  const finite = means.filter((x) => Number.isFinite(x));
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  return means
    .map((x) => {
      if (!Number.isFinite(x)) return " ";
      const place = high > low ? (x - low) / (high - low) : 0;
      return bars[Math.round(place * (bars.length - 1))];
    })
    .join("");
}

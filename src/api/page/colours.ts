/** @file Colours of the points: a scale for numbers, a palette for labels. Both come from the style sheet, which knows the theme. */
import { counted } from "./format.ts";

export interface Legend {
  readonly colours: readonly string[];
  readonly entries: readonly LegendEntry[];
  /** Where the colours are a scale: its ends. */
  readonly range: readonly [number, number] | null;
}

export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
  readonly points: number;
}

/** `t` from 0 to 1 along stops of the form #rrggbb. */
export function rampColour(stops: readonly string[], t: number): string {
  const at = Math.min(Math.max(t, 0), 1) * (stops.length - 1);
  const i = Math.min(Math.floor(at), stops.length - 2);
  const [from, to] = [channels(stops[i]), channels(stops[i + 1])];
  return `#${from
    .map((channel, k) =>
      Math.round(channel + (to[k] - channel) * (at - i))
        .toString(16)
        .padStart(2, "0"),
    ) // prettier-ignore
    .join("")}`;
}

const channels = (hex: string): number[] =>
  [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));

export function byNumber(
  values: readonly number[],
  stops: readonly string[],
): Legend {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  return {
    colours: values.map((x) => rampColour(stops, high > low ? (x - low) / (high - low) : 0.5)), // prettier-ignore
    entries: [],
    range: values.length > 0 ? [low, high] : null,
  };
}

/** The most frequent labels get colours of their own; all others, and points without a label, share `rest`. */
export function byLabel(
  labels: readonly (string | null)[],
  palette: readonly string[],
  rest: string,
): Legend {
  const counts = new Map<string, number>();
  let unlabelled = 0;
  for (const label of labels)
    if (label === null) unlabelled++;
    else counts.set(label, (counts.get(label) ?? 0) + 1);
  const ranked = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)); // prettier-ignore
  const named = ranked.slice(0, palette.length);
  const others = ranked.slice(palette.length);
  const colourOf = new Map(named.map(([label], i) => [label, palette[i]]));
  const otherPoints = others.reduce((sum, [, n]) => sum + n, 0);
  return {
    colours: labels.map((label) => (label === null ? rest : (colourOf.get(label) ?? rest))), // prettier-ignore
    entries: [
      ...named.map(([label, points], i) => ({ label, colour: palette[i], points })), // prettier-ignore
      ...(others.length > 0
        ? [{ label: counted(others.length, "other label"), colour: rest, points: otherPoints }] // prettier-ignore
        : []),
      ...(unlabelled > 0
        ? [{ label: "no label", colour: rest, points: unlabelled }]
        : []),
    ],
    range: null,
  };
}

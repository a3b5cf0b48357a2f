/** @file Numbers, times and sizes as the page writes them. */

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 3 });

export const count = (n: number): string => whole.format(n);

/** `1 sequence`, `2 sequences`. */
export const counted = (n: number, noun: string): string =>
  `${count(n)} ${noun}${n === 1 ? "" : "s"}`;

export const percent = (share: number): string =>
  `${Math.floor(100 * share)} %`;

const sizes = ["B", "kB", "MB", "GB", "TB"] as const;

export function bytes(n: number): string {
  const step = n < 1000 ? 0 : Math.min(Math.floor(Math.log10(n) / 3), 4);
  return `${short.format(n / 1000 ** step)} ${sizes[step]}`;
}

/** Seconds in the two largest units that say enough. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  const hours = Math.floor(s / 3600);
  if (hours < 48) return `${hours} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How long ago an ISO 8601 time was, in its largest unit. */
export function age(time: string, now: number = Date.now()): string {
  const s = Math.max(0, Math.floor((now - Date.parse(time)) / 1000));
  if (s < 5) return "just now";
  if (s < 60) return `${s} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 48 * 3600) return `${Math.floor(s / 3600)} h ago`;
  return `${Math.floor(s / 86400)} d ago`;
}

/** A measured value: four digits, and a power of ten where it is very small. */
export const measure = (x: number): string =>
  x !== 0 && Math.abs(x) < 1e-3
    ? x.toExponential(2)
    : String(Number(x.toPrecision(4)));

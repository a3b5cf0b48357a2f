/** @file What a search may choose from: ranges and lists, and the settings drawn from them. */

/** Real numbers from `low` to `high`; with `log`, every decade is as likely as the next. */
export interface Range {
  readonly low: number;
  readonly high: number;
  readonly log?: boolean;
}

/** A value of a list; it survives JSON unchanged. */
export type Choice = number | string | boolean | null | readonly Choice[];

export type Dimension = Range | readonly Choice[];
export type Space = Readonly<Record<string, Dimension>>;
/** One value for each dimension of a space. */
export type Setting = Readonly<Record<string, Choice>>;

export const isList = (dimension: Dimension): dimension is readonly Choice[] =>
  Array.isArray(dimension);

/** Throws a RangeError naming the dimension that cannot be searched. */
export function checkSpace(who: string, space: Space): void {
  for (const [name, dimension] of Object.entries(space)) {
    if (isList(dimension)) {
      const texts = new Set(dimension.map((choice) => JSON.stringify(choice)));
      if (dimension.length === 0 || texts.size < dimension.length)
        throw new RangeError(
          `${who}: expected the choices of ${name} to be one or more different values, got ${JSON.stringify(dimension)}`,
        );
      continue;
    }
    const { low, high, log = false } = dimension;
    const fits = Number.isFinite(low) && Number.isFinite(high) && low <= high;
    if (!fits || (log && low <= 0))
      throw new RangeError(
        `${who}: expected ${name} from low to high${log ? ", both above 0 for a logarithmic scale" : ""}, got ${low} to ${high}`,
      );
  }
}

/** The place of `value` in its range, 0 at `low` and 1 at `high`. */
export function toUnit({ low, high, log }: Range, value: number): number {
  if (low === high) return 0;
  return log
    ? Math.log(value / low) / Math.log(high / low)
    : (value - low) / (high - low);
}

/** The value at a place from 0 to 1, to four digits: engines differ in the last bits of powers, studies must not. */
export function fromUnit({ low, high, log }: Range, unit: number): number {
  const value = log ? low * (high / low) ** unit : low + (high - low) * unit;
  return Math.min(high, Math.max(low, Number(value.toPrecision(4))));
}

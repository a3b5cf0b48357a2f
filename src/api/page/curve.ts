/** @file A curve that grows for as long as it likes and stays small: neighbours are averaged once there are too many. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Curve {
  readonly points: readonly Point[];
  /** Values a point is the mean of. */
  readonly stride: number;
  /** Values that wait to become a point. */
  readonly open: readonly Point[];
}

const most = 800;

export const emptyCurve: Curve = { points: [], stride: 1, open: [] };

export function grown({ points, stride, open }: Curve, point: Point): Curve {
  const waiting = [...open, point];
  if (waiting.length < stride) return { points, stride, open: waiting };
  const all = [...points, mean(waiting)];
  if (all.length < most) return { points: all, stride, open: [] };
  const halved = Array.from({ length: most / 2 }, (_, i) =>
    mean(all.slice(2 * i, 2 * i + 2)),
  );
  return { points: halved, stride: 2 * stride, open: [] };
}

const mean = (points: readonly Point[]): Point => ({
  x: points.reduce((sum, { x }) => sum + x, 0) / points.length,
  y: points.reduce((sum, { y }) => sum + y, 0) / points.length,
});

/** What is drawn: the values that wait are its last point. */
export const drawn = ({ points, open }: Curve): readonly Point[] =>
  open.length > 0 ? [...points, mean(open)] : points;

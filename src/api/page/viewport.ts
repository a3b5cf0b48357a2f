/** @file What part of the map is seen: from the map's coordinates to pixels, zoom, and the point under a pixel. */

/** Pixels: x = (px - left) * scale + width / 2, and y upwards. */
export interface Viewport {
  readonly centreX: number;
  readonly centreY: number;
  /** Pixels a unit of the map. */
  readonly scale: number;
  readonly width: number;
  readonly height: number;
}

const margin = 24;

/** All points, x and y one after the other, with a margin. */
export function fitAll(
  points: Float32Array,
  width: number,
  height: number,
): Viewport {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let at = 0; at < points.length; at += 2) {
    left = Math.min(left, points[at]);
    right = Math.max(right, points[at]);
    low = Math.min(low, points[at + 1]);
    high = Math.max(high, points[at + 1]);
  }
  if (points.length === 0) [left, right, low, high] = [0, 0, 0, 0];
  const scale = Math.min(
    (width - 2 * margin) / (right - left || 1),
    (height - 2 * margin) / (high - low || 1),
  );
  return {
    centreX: (left + right) / 2,
    centreY: (low + high) / 2,
    scale,
    width,
    height,
  };
}

export const pixelX = (view: Viewport, x: number): number =>
  (x - view.centreX) * view.scale + view.width / 2;
export const pixelY = (view: Viewport, y: number): number =>
  (view.centreY - y) * view.scale + view.height / 2;

/** The same place of the map stays under the pixel. */
export function zoomAt(
  view: Viewport,
  factor: number,
  x: number,
  y: number,
): Viewport {
  const dx = x - view.width / 2;
  const dy = view.height / 2 - y;
  const scale = view.scale * factor;
  return {
    ...view,
    scale,
    centreX: view.centreX + dx / view.scale - dx / scale,
    centreY: view.centreY + dy / view.scale - dy / scale,
  };
}

export const moveBy = (view: Viewport, dx: number, dy: number): Viewport => ({
  ...view,
  centreX: view.centreX - dx / view.scale,
  centreY: view.centreY + dy / view.scale,
});

/** The nearest point at most `reach` pixels away, or null. */
export function pointAt(
  view: Viewport,
  points: Float32Array,
  x: number,
  y: number,
  reach: number,
): number | null {
  let best: number | null = null;
  let least = reach ** 2;
  for (let i = 0; i < points.length / 2; i++) {
    const dx = pixelX(view, points[2 * i]) - x;
    const dy = pixelY(view, points[2 * i + 1]) - y;
    const distance = dx ** 2 + dy ** 2;
    if (distance <= least) [best, least] = [i, distance];
  }
  return best;
}

/** The nearest other point in the direction (dx, dy): within 45° of it if there is one. Null at the edge. */
export function neighbour(
  points: Float32Array,
  from: number,
  dx: number,
  dy: number,
): number | null {
  let best: number | null = null;
  let least = Infinity;
  for (let i = 0; i < points.length / 2; i++) {
    const x = points[2 * i] - points[2 * from];
    const y = points[2 * i + 1] - points[2 * from + 1];
    const along = x * dx + y * dy;
    const across = Math.abs(x * dy - y * dx);
    if (i === from || along <= 0 || across > along) continue;
    if (along + across < least) [best, least] = [i, along + across];
  }
  return best;
}

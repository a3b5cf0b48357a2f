/** @file The drawn map: points on a canvas, one of them looked at with the pointer or the keyboard; zoom and shift. */
import { el } from "./dom.ts";
import { fitAll, moveBy, neighbour, pixelX, pixelY, pointAt, zoomAt, type Viewport } from "./viewport.ts"; // prettier-ignore

export interface MapCanvas {
  readonly element: HTMLElement;
  /** New places of the points, all of them in view. */
  place(points: Float32Array): void;
  readonly paint: (colours: readonly string[]) => void;
  zoom(factor: number): void;
  readonly reset: () => void;
}

/** Pixels. */
const reach = 14;
const ratio = { width: 16, height: 10 };

/** `describe` gives the lines that tell of a point; `spoken` hears of those looked at with the keyboard. */
export function mapCanvas(
  describe: (index: number) => readonly string[],
  spoken: (text: string) => void,
): MapCanvas {
  const canvas = el("canvas", {
    tabindex: 0,
    role: "application",
    "aria-roledescription": "map",
    "aria-label": "Map of the embeddings. Arrow keys go from protein to protein, plus and minus zoom, 0 shows all.",
  }); // prettier-ignore
  const tip = el("div", { class: "tip", hidden: true, "aria-hidden": "true" });
  const element = el("div", { class: "map" }, canvas, tip);
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;

  let points: Float32Array = new Float32Array();
  let colours: readonly string[] = [];
  let view: Viewport = fitAll(points, 1, 1);
  let active: number | null = null;
  let due = false;

  const draw = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      const scale = devicePixelRatio;
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, view.width, view.height);
      const count = points.length / 2;
      const radius = count > 5000 ? 2 : count > 500 ? 3 : 4.5;
      context.globalAlpha = count > 5000 ? 0.65 : 0.85;
      for (let i = 0; i < count; i++) dot(i, radius, colours[i]);
      context.globalAlpha = 1;
      if (active !== null) ring(active, radius + 4);
      showTip();
    });
  };
  const dot = (i: number, radius: number, colour: string) => {
    context.fillStyle = colour;
    context.beginPath();
    context.arc(pixelX(view, points[2 * i]), pixelY(view, points[2 * i + 1]), radius, 0, 2 * Math.PI); // prettier-ignore
    context.fill();
  };
  const ring = (i: number, radius: number) => {
    dot(i, radius - 3, colours[i]);
    context.strokeStyle = getComputedStyle(canvas).color;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(pixelX(view, points[2 * i]), pixelY(view, points[2 * i + 1]), radius, 0, 2 * Math.PI); // prettier-ignore
    context.stroke();
  };
  const showTip = () => {
    tip.hidden = active === null;
    if (active === null) return;
    tip.replaceChildren(...describe(active).map((line) => el("div", {}, line)));
    const x = pixelX(view, points[2 * active]);
    const y = pixelY(view, points[2 * active + 1]);
    tip.style.left = `${Math.min(Math.max(x + 12, 0), view.width - tip.offsetWidth)}px`; // prettier-ignore
    tip.style.top = `${Math.max(y - tip.offsetHeight - 8, 0)}px`;
  };
  const look = (next: number | null) => {
    if (next === active) return;
    active = next;
    draw();
  };
  const change = (next: Viewport) => {
    view = next;
    draw();
  };
  const zoom = (factor: number, x = view.width / 2, y = view.height / 2) =>
    change(zoomAt(view, factor, x, y));
  const reset = () => change(fitAll(points, view.width, view.height));

  new ResizeObserver(() => {
    const width = Math.max(element.clientWidth, 1);
    const height = Math.round(Math.max((width * ratio.height) / ratio.width, 260)); // prettier-ignore
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
    canvas.style.height = `${height}px`;
    change(fitAll(points, width, height));
  }).observe(element);

  let held: readonly [number, number] | null = null;
  canvas.addEventListener("pointerdown", (event) => {
    held = [event.offsetX, event.offsetY];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", ({ offsetX: x, offsetY: y }) => {
    if (held === null) return look(pointAt(view, points, x, y, reach));
    change(moveBy(view, x - held[0], y - held[1]));
    held = [x, y];
  });
  for (const end of ["pointerup", "pointercancel"] as const)
    canvas.addEventListener(end, () => (held = null));
  canvas.addEventListener("pointerleave", () => look(null));
  canvas.addEventListener("wheel", (event) => {
    // Without a key the wheel scrolls the page, as everywhere else on it.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(1.002 ** -event.deltaY, event.offsetX, event.offsetY);
  }); // prettier-ignore
  canvas.addEventListener("keydown", (event) => {
    const [dx, dy] = arrows[event.key] ?? [];
    if (dx !== undefined && dy !== undefined && points.length > 0) {
      const next = active === null ? 0 : neighbour(points, active, dx, dy);
      if (next !== null) look(next);
      if (active !== null) spoken(describe(active).join(", "));
    } else if (event.key === "+" || event.key === "=") zoom(1.4);
    else if (event.key === "-") zoom(1 / 1.4);
    else if (event.key === "0") reset();
    else if (event.key === "Escape") look(null);
    else return;
    event.preventDefault();
  });
  canvas.addEventListener("blur", () => look(null));

  return {
    element,
    place(next) {
      points = next;
      active = null;
      reset();
    },
    paint(next) {
      colours = next;
      draw();
    },
    zoom,
    reset,
  };
}

const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

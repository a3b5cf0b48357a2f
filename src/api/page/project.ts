/** @file Maps from the worker, as promises that can be aborted. */
import type { Plane } from "./projection.ts";
import type { ProjectionMessage, ProjectionRequest } from "./projection-worker.ts"; // prettier-ignore

/** Rejects with what the method says of the vectors, or the signal's reason. */
export function project(
  request: ProjectionRequest,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Plane> {
  return new Promise((resolve, reject) => {
    const worker = new Worker("/assets/projection-worker.js", { type: "module" }); // prettier-ignore
    const end = () => {
      worker.terminate();
      signal.removeEventListener("abort", stop);
    };
    const stop = () => {
      end();
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", stop);
    worker.addEventListener("message", ({ data }: MessageEvent<ProjectionMessage>) => {
      if (data.type === "progress") return onProgress(data.share);
      end();
      if (data.type === "plane") resolve(data.plane);
      else reject(new Error(data.detail));
    }); // prettier-ignore
    worker.addEventListener("error", () => {
      end();
      reject(new Error("map: expected the projection worker to start, got nothing; load the page again")); // prettier-ignore
    });
    worker.postMessage(request);
  });
} // prettier-ignore

/** @file The worker that makes maps, so that the page stays responsive. */
import type { Matrix } from "./pca.ts";
import { pca, umap, type Method, type Plane } from "./projection.ts";

export interface ProjectionRequest {
  readonly method: Method;
  readonly matrix: Matrix;
}

export type ProjectionMessage =
  | { readonly type: "progress"; readonly share: number }
  | { readonly type: "plane"; readonly plane: Plane }
  | { readonly type: "failed"; readonly detail: string };

const post = (message: ProjectionMessage): void => globalThis.postMessage(message); // prettier-ignore

globalThis.addEventListener(
  "message",
  ({ data }: MessageEvent<ProjectionRequest>) => {
    const { method, matrix } = data;
    try {
      const plane = method === "pca" ? pca(matrix) : umap(matrix, (share) => post({ type: "progress", share })); // prettier-ignore
      post({ type: "plane", plane });
    } catch (error) {
      post({ type: "failed", detail: (error as Error).message });
    }
  },
);

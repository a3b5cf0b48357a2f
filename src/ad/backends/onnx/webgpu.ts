/** @file The webgpu backend. */
import { dtypes } from "../../dtype.ts";
import type { Backend } from "../backend.ts";

export const onnxWebgpu: Backend = {
  device: "webgpu",
  dtypes,
  symbolicSizes: false,
  check: () => Promise.resolve({ available: false, detail: "under work" }),
  compile() {
    throw new Error("webgpu: under work");
  },
};

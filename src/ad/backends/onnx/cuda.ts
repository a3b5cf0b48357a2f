/** @file The cuda backend. */
import { dtypes } from "../../dtype.ts";
import type { Backend } from "../backend.ts";

export const onnxCuda: Backend = {
  device: "cuda",
  dtypes,
  symbolicSizes: true,
  check: () => Promise.resolve({ available: false, detail: "under work" }),
  compile() {
    throw new Error("cuda: under work");
  },
};

/** @file The tfjs backend. */
import { dtypes } from "../../dtype.ts";
import type { Backend } from "../backend.ts";

export const tfjs: Backend = {
  device: "tfjs",
  dtypes,
  symbolicSizes: false,
  check: () => Promise.resolve({ available: false, detail: "under work" }),
  compile() {
    throw new Error("tfjs: under work");
  },
};

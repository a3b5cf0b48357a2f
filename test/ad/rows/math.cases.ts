/** @file Rows of mathematical functions and bit operations. */
import type { Row } from "./row.cases.ts";

export const rows: Readonly<Record<string, Row>> = {};

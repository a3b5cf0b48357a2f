/** @file Rows of random bits. */
import type { Row } from "./row.cases.ts";

export const rows: Readonly<Record<string, Row>> = {};

/** @file Rows of checkpoint, custom derivatives and stopGradient. */
import type { Row } from "./row.cases.ts";

export const rows: Readonly<Record<string, Row>> = {};

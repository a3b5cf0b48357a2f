/** @file Rows of gathering and scattering. */
import type { Row } from "./row.cases.ts";

export const rows: Readonly<Record<string, Row>> = {};

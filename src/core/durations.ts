// Spans of time in milliseconds. Runs everywhere.

export const dayMs = 24 * 60 * 60_000;

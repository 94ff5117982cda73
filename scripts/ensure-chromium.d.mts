/** The path of a Chromium or Chrome. Throws an Error that says how to get one. */
export function ensureChromium(): string;

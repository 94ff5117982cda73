/** Writes build/cli; cli/super-data.cjs runs what is there. */
export function buildCli(): Promise<void>;

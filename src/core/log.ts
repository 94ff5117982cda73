// The operator's log: one JSON line an event. Runs everywhere.

/** Writes one line to the operator's log, which no caller sees. `error` is whatever was thrown; its stack and causes are kept. */
export function logFailure(event: string, fields: Readonly<Record<string, unknown>>, error?: unknown): void {
  console.error(JSON.stringify({ event, ...fields, ...(error === undefined ? {} : { error: textOf(error) }) }));
}

/** Writes one line about something that went as it should. */
export function logEvent(event: string, fields: Readonly<Record<string, unknown>>): void {
  console.log(JSON.stringify({ event, ...fields }));
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.stack ?? String(error);
  return error.cause === undefined ? text : `${text}\ncaused by: ${textOf(error.cause)}`;
}

// An error as text for a model. Runs everywhere.
import { fenceUntrusted } from "./untrusted.ts";

/** An error as plain data, also one that was stored or sent. */
export interface ReadableError {
  code: string;
  message: string;
  hint?: string | undefined;
  details?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * `code: message`, then what the program or the data said (`details.message`, fenced, since it may quote data), then the hint: all that a
 * reader of text alone needs.
 */
export function errorText({ code, message, hint, details }: ReadableError): string {
  const said = details?.message;
  return [
    `${code}: ${message}`,
    ...(typeof said === "string" && said !== "" ? [fenceUntrusted(said, "error text")] : []),
    ...(hint === undefined ? [] : [hint]),
  ].join("\n");
}

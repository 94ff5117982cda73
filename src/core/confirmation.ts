// Confirming a call that changes much: the refusal carries a token, and the same call with it goes ahead. Runs everywhere.
import { canonicalJson } from "./canonical-json.ts";
import { AppError } from "./errors.ts";
import { sha256Hex } from "./ids.ts";

/** What a token stands for: one call, and what it would do to the state that it was shown for. */
export interface Confirmable {
  /** `digestOfCall` of the call. */
  call: string;
  /** Goes up with every change of what the call reads. */
  version: number;
  /** Entries that it changes. */
  count: number;
}

/** Stands for an operation with its arguments, however their keys are ordered. Leave `confirm` itself out. */
export async function digestOfCall(operation: string, args: unknown): Promise<string> {
  return (await sha256Hex(canonicalJson([operation, args]))).slice(0, 20);
}

/** The token that confirms it. No secret: it guards against accidents, and says nothing that the caller may not know. */
export function confirmToken({ call, version, count }: Confirmable): string {
  return `confirm_${call}_${version.toString(36)}_${count.toString(36)}`;
}

/**
 * Throws `confirmation_required` unless `given` is the token of just this. `what` says what would be done ("delete 812 records of orders");
 * a token of an older state or another call is refused with why, and the new one.
 */
export function requireConfirmation(confirmable: Confirmable, given: string | undefined, what: string): void {
  const confirm = confirmToken(confirmable);
  if (given === confirm) return;
  throw new AppError("confirmation_required", `${staleness(confirmable, given)}This would ${what}.`, {
    hint: `Nothing was changed. To go ahead, make the same call with confirm "${confirm}".`,
    details: { confirm, count: confirmable.count },
  });
}

function staleness({ call }: Confirmable, given: string | undefined): string {
  if (given === undefined) return "";
  return given.startsWith(`confirm_${call}_`)
    ? "What this changes is no longer what was confirmed. "
    : "This confirmation is of another call. ";
}

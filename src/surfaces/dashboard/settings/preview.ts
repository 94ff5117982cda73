// Previews of restores: which are open, and ending one before its time. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { AppError } from "../../../core/errors.ts";
import { requirePermission } from "../../../features/access/access.ts";
import type { ShownPreview } from "../../../features/backups/schema.ts";
import { guardWrite } from "../../write-guard.ts";

/** Those that can be looked at; one that has ended is listed until it is cleared away. `now` in Unix milliseconds. */
export function openPreviews(previews: readonly ShownPreview[], now: number): ShownPreview[] {
  return previews.filter(({ expires_at }) => Date.parse(expires_at) > now);
}

/** Throws `not_found` when there is no such preview, `forbidden`, `rate_limited`. */
export async function endPreview(call: CallContext, slug: string): Promise<void> {
  requirePermission(call.actor, "backups:manage", "end previews");
  await guardWrite(call, undefined, async () => {
    const backups = call.stub.backups();
    const { previews } = await backups.list();
    if (!openPreviews(previews, call.now()).some(({ team }) => team === slug)) {
      throw new AppError("not_found", "There is no such preview; it may have ended.", {
        hint: "Nothing was restored by it.",
      });
    }
    await backups.endPreview(slug);
    return { answer: undefined, remember: undefined };
  });
}

// Handing the team to another owner: on the page of people and among what cannot be undone alike. Runs at the edge.

import { newId } from "../../../core/ids.ts";
import type { Member } from "../../../features/people/schema.ts";
import { actionField, keyField } from "../actions.ts";
import { Field } from "../forms.tsx";
import type { Attempt, PageContext } from "../routes.ts";

/** Whom the viewer could make owner in their place. */
export async function heirsOf(c: PageContext): Promise<Member[]> {
  const { actor, stub } = c.get("call");
  const members = await stub.people().members();
  return members.filter(({ kind, username }) => kind === "person" && username !== actor.username);
}

/** The form; its action is `transfer`. */
export function TransferForm({ heirs, attempt }: { heirs: readonly Member[]; attempt?: Attempt | undefined }) {
  if (heirs.length === 0) return <p class="muted">There is nobody else in the team. Invite someone first.</p>;
  const own = attempt?.action === "transfer" ? attempt : undefined;
  return (
    <>
      <p>
        The new owner gets every right, and you become admin, in one step. Only they, or another owner, can undo it.
      </p>
      <details class="confirm" open={own !== undefined}>
        <summary class="button danger small">Make someone else owner …</summary>
        <form method="post">
          <input type="hidden" name={actionField} value="transfer" />
          <input type="hidden" name={keyField} value={newId("form")} />
          <Field
            name="username"
            label="New owner"
            prefix="transfer"
            attempt={own}
            options={heirs.map(({ username, display_name: name, role }) => ({
              value: username,
              label: `${name ?? username} (${username}, ${role})`,
            }))}
          />
          <button type="submit" class="danger small">
            Hand it over
          </button>
        </form>
      </details>
    </>
  );
}

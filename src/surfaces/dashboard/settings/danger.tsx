// What cannot be undone by whoever does it: handing the team over, and deleting it. Runs at the edge.

import { newId } from "../../../core/ids.ts";
import { teamLimits } from "../../../limits.ts";
import { seeOther } from "../../sign-in/form.ts";
import { type Action, actionField, given, keyField, pathOf, textField, useTool } from "../actions.ts";
import { Field, Problem } from "../forms.tsx";
import { heirsOf, TransferForm } from "../people/transfer.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { settingsPage } from "./tabs.tsx";

export async function dangerPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const heirs = await heirsOf(c);
  const failed = (action: string): Attempt | undefined => (attempt?.action === action ? attempt : undefined);
  return settingsPage(c, {
    tab: "danger",
    title: "Danger zone",
    intro: "For owners. Each of these changes the team for everybody.",
    attempt,
    ownProblems: ["delete"],
    children: (
      <>
        <section class="card" aria-labelledby="transfer-title">
          <h2 id="transfer-title">Hand the team over</h2>
          <TransferForm heirs={heirs} attempt={failed("transfer")} />
        </section>
        <DeleteCard c={c} attempt={failed("delete")} />
      </>
    ),
  });
}

function DeleteCard({ c, attempt }: { c: PageContext; attempt: Attempt | undefined }) {
  const { team } = c.get("call");
  return (
    <section class="card" aria-labelledby="delete-title">
      <h2 id="delete-title">Delete the team</h2>
      <p>
        Everyone loses access at once. For {teamLimits.graceDays} days an owner can restore it on the page "Your teams",
        with everything in it. Then all of it is removed for good, backups included.
      </p>
      <p>
        <a href={pathOf(c, "/settings/library")}>Export the library</a> first if you want to keep it.
      </p>
      {attempt === undefined ? null : <Problem attempt={attempt} />}
      <form method="post" hx-boost="false">
        <input type="hidden" name={actionField} value="delete" />
        <input type="hidden" name={keyField} value={newId("form")} />
        <Field
          name="slug"
          label={`Type ${team} to confirm`}
          required
          maxlength={100}
          attempt={attempt}
          prefix="delete"
          code
        />
        <button type="submit" class="danger">
          Delete the team
        </button>
      </form>
    </section>
  );
}

export const dangerActions: Readonly<Record<string, Action>> = {
  transfer: async (call, form) => {
    await useTool(call, "transfer_ownership", given({ username: textField(form, "username") }), form);
    return { to: "/people", done: "transferred" };
  },
  delete: async (call, form) => {
    await useTool(call, "delete_team", { confirm: textField(form, "slug") ?? "" }, form);
    return seeOther(`/?${new URLSearchParams({ deleted: call.team })}`);
  },
};

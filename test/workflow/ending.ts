// What must hold when all is over: the audit chain is whole, and every function and tool gives what the model says. Runs in workerd.
import { resultOf } from "./library-model.ts";
import { current } from "./model.ts";
import { founder, type Stage } from "./steps.ts";

/** Looks at the team through the product's own tools. Returns the faults. */
export async function checkEnd({ team, world }: Stage): Promise<string[]> {
  const faults: string[] = [];
  const audit = await world.use(founder, "verify_audit_log", {});
  if (audit.end !== "done" || audit.data.ok !== true)
    faults.push(`the audit chain is not whole: ${JSON.stringify(audit)}`);
  await world.use(founder, "create_dataset", { name: "nothing", content: "[]", format: "json" });
  for (const item of team.items.values()) {
    const now = current(item);
    if (now?.active !== true) continue;
    const expected = resultOf(team, now.content);
    const answer =
      item.kind === "tool"
        ? await world.use(founder, "run_tool", { name: item.name, arguments: {} })
        : await world.use(founder, "query_dataset", { dataset: "nothing", query: item.name });
    const rows = answer.end === "done" ? JSON.stringify(answer.data.rows) : JSON.stringify(answer);
    if (rows !== JSON.stringify([expected]))
      faults.push(`${item.kind} ${item.name} gives ${rows}, and the model says ${expected}`);
  }
  return faults;
}

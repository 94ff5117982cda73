// The team's library pages: tools, functions, what uses what, and the editor. Runs at the edge.
import { Hono } from "hono";
import { parseWith } from "../../../core/parse.ts";
import { guarded } from "../../../features/access/access.ts";
import type { EntryKind } from "../../../features/history/schema.ts";
import { readForm } from "../../sign-in/form.ts";
import { formActions } from "../actions.ts";
import type { DashboardRoutes } from "../routes.ts";
import { advicePage } from "./advice-page.tsx";
import { checkedCodeSchema, problemsOf } from "./checking.ts";
import { jqOffers, sqlOffers } from "./completions.ts";
import { editorActions, editorPage } from "./editor-page.tsx";
import { functionPage } from "./function-page.tsx";
import { graphPage } from "./graph-page.tsx";
import { goBack, historyPage } from "./history-page.tsx";
import { functionsPage, outOfUsePage, restoreEntry, toolsPage } from "./lists.tsx";
import { runPage } from "./run-page.tsx";
import { testsPage } from "./tests-page.tsx";
import { moveEntry, toolPage } from "./tool-page.tsx";

const read = guarded("data:read");
const change = guarded("library:propose", "change the library");

export const libraryRoutes = new Hono<DashboardRoutes>()
  .get("/", read, (c) => toolsPage(c))
  .get("/functions", read, (c) => functionsPage(c))
  .get("/out-of-use", read, (c) => outOfUsePage(c))
  .post("/out-of-use", change, formActions({ restore: restoreEntry }, outOfUsePage))
  .get("/graph", read, (c) => graphPage(c))
  .get("/completions", guarded("data:read", "complete code"), async (c) => {
    const call = c.get("call");
    const isSql = c.req.query("language") === "sql";
    return c.json(isSql ? await sqlOffers(call) : jqOffers(call, c.req.queries("dataset") ?? []));
  })
  .post("/check", guarded("data:read", "check code"), async (c) => {
    const form = await readForm(c.req.raw);
    const fields = { ...Object.fromEntries(form), variables: form.getAll("variable") };
    const checked = parseWith(checkedCodeSchema, fields, "check");
    return c.json({ problems: problemsOf(c.get("call").catalogue, checked) });
  })
  .route("/tools", entryRoutes("tool"))
  .route("/functions", entryRoutes("function"))
  .get("/tools/:name/run", read, (c) => runPage(c))
  .get("/tools/:name/advice", read, (c) => advicePage(c));

/** The pages that tools and functions have alike. */
function entryRoutes(kind: EntryKind) {
  const page = kind === "tool" ? toolPage : functionPage;
  const [making, editing] = [editorPage(kind, true), editorPage(kind, false)];
  return new Hono<DashboardRoutes>()
    .get("/new", change, (c) => making(c))
    .post("/new", change, formActions(editorActions(kind, true), making))
    .get("/:name/definition", read, (c) => page(c))
    .get("/:name/edit", change, (c) => editing(c))
    .post("/:name/edit", change, formActions(editorActions(kind, false), editing))
    .get("/:name/tests", read, (c) => testsPage(c, kind))
    .get("/:name/history", read, (c) => historyPage(c, kind))
    .post(
      "/:name/history",
      change,
      formActions({ rollback: goBack(kind) }, (c, attempt) => historyPage(c, kind, attempt)),
    )
    .get("/:name", read, (c) => page(c))
    .post("/:name", change, formActions({ deactivate: moveEntry }, page));
}

// The frame that all views of one tool or function share: its name and state, its views, what can be done with it. Runs at the edge.
import type { Child } from "hono/jsx";
import { pathOf } from "../actions.ts";
import { type TeamPage, teamPage } from "../page.tsx";
import { Tabs, Tag } from "../parts.tsx";
import type { PageContext } from "../routes.ts";
import { type Entry, type Rights, signatureOf } from "./entries.ts";
import { type EntryView, entryPath, listPaths } from "./places.ts";

export interface EntryPage extends Pick<TeamPage, "attempt" | "ownProblems" | "done" | "status"> {
  entry: Entry;
  /** Left out: the definition. */
  view?: EntryView;
  rights: Rights;
  intro?: Child;
  children: Child;
}

const toolViews = [
  [undefined, "Definition"],
  ["run", "Run"],
  ["tests", "Tests"],
  ["history", "History"],
  ["advice", "Advice"],
] as const;
const functionViews = [
  [undefined, "Definition"],
  ["tests", "Tests"],
  ["history", "History"],
] as const;

const viewTitles: Record<EntryView, string> = {
  run: "run",
  tests: "tests",
  history: "history",
  advice: "advice",
  edit: "edit",
};

/** A page about one tool or function. */
export function entryPage(c: PageContext, page: EntryPage): Promise<Response> {
  const { entry, view, rights, children, ...rest } = page;
  const { kind, item } = entry;
  const views = kind === "tool" ? toolViews : functionViews;
  const mayChange = rights.saves || rights.proposes;
  return teamPage(c, {
    ...rest,
    title: view === undefined ? item.name : `${item.name}, ${viewTitles[view]}`,
    section: "library",
    crumbs: [
      { label: "Library", path: "/library" },
      ...(kind === "function" ? [{ label: "Functions", path: listPaths.function }] : []),
      ...(view === undefined ? [] : [{ label: item.name, path: entryPath(kind, item.name) }]),
    ],
    heading: (
      <>
        <bdi>{kind === "tool" ? item.name : signatureOf(item)}</bdi> <EntryTags entry={entry} />
      </>
    ),
    tools:
      mayChange && view !== "edit" ? (
        <a class="button quiet" href={pathOf(c, entryPath(kind, item.name, "edit"))}>
          Edit
        </a>
      ) : undefined,
    children: (
      <>
        {view === "edit" ? null : (
          <Tabs
            label={`Views of ${item.name}`}
            tabs={views.map(([to, label]) => ({
              label,
              href: pathOf(c, entryPath(kind, item.name, to)),
              here: to === view,
            }))}
          />
        )}
        {children}
      </>
    ),
  });
}

/** What is not as usual about an entry, in words. */
export function EntryTags({ entry: { kind, item } }: { entry: Entry }) {
  return (
    <>
      {item.is_active ? null : <Tag tone="warn">out of use</Tag>}
      {kind === "tool" && item.approval_status !== "approved" ? <Tag tone="warn">{item.approval_status}</Tag> : null}
      {kind === "tool" && item.pinned ? <Tag>pinned</Tag> : null}
      {kind === "tool" && item.visibility !== undefined && item.visibility !== "everyone" ? (
        <Tag>restricted</Tag>
      ) : null}
      {item.source === "learned" ? <Tag>learned</Tag> : null}
    </>
  );
}

// Which tools, people and errors stand out, each with the way to its executions. Runs at the edge.
import type { ToolActivity, UserActivity } from "../../../features/activity/schema.ts";
import { pathOf } from "../actions.ts";
import { count, DataTable } from "../parts.tsx";
import type { PageContext } from "../routes.ts";

/** The execution log of a window, narrowed down. */
function logOf(c: PageContext, from: string, filter: Readonly<Record<string, string>>): string {
  return `${pathOf(c, "/activity")}?${new URLSearchParams({ ...filter, from: from.slice(0, 16) })}`;
}

/** What has no lines in the execution log: addresses, refusals at the door, and what is counted together. */
function isInLog(tool: string): boolean {
  return /^[a-z0-9_]+$/.test(tool) && tool !== "hidden" && tool !== "other";
}

const ms = (value: number | null): string => (value === null ? "–" : count(value));

const shownColumns = {
  calls: { label: "Calls", number: true, cell: (row: ToolActivity) => count(row.calls) },
  errors: { label: "Errors", number: true, cell: (row: ToolActivity) => count(row.errors) },
  share: {
    label: "Share",
    number: true,
    cell: (row: ToolActivity) => `${((row.errors / row.calls) * 100).toFixed(0)} %`,
  },
  p50: { label: "p50 ms", number: true, wide: true, cell: (row: ToolActivity) => ms(row.p50_ms) },
  p95: { label: "p95 ms", number: true, cell: (row: ToolActivity) => ms(row.p95_ms) },
  p99: { label: "p99 ms", number: true, wide: true, cell: (row: ToolActivity) => ms(row.p99_ms) },
} as const;

export function Tools(props: {
  id: string;
  title: string;
  hint: string;
  tools: readonly ToolActivity[];
  columns: readonly (keyof typeof shownColumns)[];
  c: PageContext;
  from: string;
  /** Of the executions linked to: only those with this outcome. */
  only?: string;
}) {
  const { id, title, hint, tools, columns, c, from, only } = props;
  const filter = only === undefined ? {} : { outcome: only };
  return (
    <section class="card ranking" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {tools.length === 0 ? (
        <p>None in this window.</p>
      ) : (
        <>
          <p class="hint">{hint}</p>
          <DataTable
            caption={title}
            rows={tools}
            columns={[
              {
                label: "Tool",
                cell: ({ tool }) =>
                  isInLog(tool) ? (
                    <a href={logOf(c, from, { tool, ...filter })}>
                      <bdi>{tool}</bdi>
                    </a>
                  ) : (
                    <bdi>{nameOf(tool)}</bdi>
                  ),
              },
              ...columns.map((name) => shownColumns[name]),
            ]}
          />
        </>
      )}
    </section>
  );
}

/** What is counted is named for programs; here as people say it. */
function nameOf(tool: string): string {
  if (tool === "request:refused") return "refused at the door";
  if (tool === "hidden") return "tools not shown to you";
  if (tool === "other") return "others, past the limit of series";
  return tool.replace(/^rest:/, "REST ");
}

export function Users(props: { users: readonly UserActivity[]; people: number; c: PageContext; from: string }) {
  const { users, people, c, from } = props;
  return (
    <section class="card ranking" aria-labelledby="users">
      <h2 id="users">Top users</h2>
      {users.length === 0 ? (
        <p>Nobody called a tool in this window.</p>
      ) : (
        <>
          <p class="hint">{`${count(people)} ${people === 1 ? "person" : "people"} called tools.`}</p>
          <DataTable
            caption="Top users"
            rows={users}
            columns={[
              {
                label: "User",
                cell: ({ user }) => (
                  <a href={logOf(c, from, { user })}>
                    <bdi>{user}</bdi>
                  </a>
                ),
              },
              { label: "Calls", number: true, cell: (row) => count(row.calls) },
              { label: "Errors", number: true, cell: (row) => count(row.errors) },
            ]}
          />
        </>
      )}
    </section>
  );
}

export function Codes(props: { codes: readonly { code: string; calls: number }[]; c: PageContext; from: string }) {
  const { codes, c, from } = props;
  if (codes.length === 0) return null;
  return (
    <section class="card ranking" aria-labelledby="codes">
      <h2 id="codes">Errors by code</h2>
      <DataTable
        caption="Errors by code"
        rows={codes}
        columns={[
          { label: "Code", cell: ({ code }) => <a href={logOf(c, from, { outcome: code })}>{code}</a> },
          { label: "Calls", number: true, cell: ({ calls }) => count(calls) },
        ]}
      />
    </section>
  );
}

// The clients that are signed in to this team by OAuth, for whom they act, and ending them. Runs at the edge.
import { may } from "../../../features/access/access.ts";
import { type Connection, listConnections } from "../../../features/access/connections.ts";
import { listLimits } from "../../../limits.ts";
import { type Action, given, textField, useTool } from "../actions.ts";
import { Confirm } from "../forms.tsx";
import { Ago, DataTable, Empty, Live, Pager, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { peoplePage } from "./tabs.tsx";
import { WhoseFilter } from "./whose-filter.tsx";

export async function appsPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const url = urlOf(c);
  const managesAll = may(call.actor, "tokens:manage");
  const everyone = managesAll && url.searchParams.get("of") === "everyone";
  const cursor = url.searchParams.get("cursor") ?? undefined;
  const { items, ...page } = await listConnections(call, { everyone, cursor }, listLimits.toolEntries);
  return peoplePage(c, {
    tab: "apps",
    title: "Connected apps",
    intro: "Assistants and other clients that someone allowed to act for them. A name is what the client calls itself.",
    attempt,
    done: { ended: "The app is signed out of this team; it has to be allowed anew." },
    children: (
      <>
        {managesAll ? <WhoseFilter everyone={everyone} label="Everyone's" /> : null}
        <Live id="apps" kinds={["team"]}>
          {items.length === 0 ? (
            <Empty title="No app is connected">
              <p>
                Add the team's MCP URL to your assistant: <code>{`${call.origin}/t/${call.team}/mcp`}</code>
              </p>
            </Empty>
          ) : (
            <AppsTable apps={items} everyone={everyone} now={call.now()} />
          )}
          {page.total === 0 ? null : <Pager url={url} page={page} what={page.total === 1 ? "app" : "apps"} />}
        </Live>
      </>
    ),
  });
}

function AppsTable({ apps, everyone, now }: { apps: readonly Connection[]; everyone: boolean; now: number }) {
  return (
    <DataTable
      caption="Connected apps"
      rows={apps}
      columns={[
        {
          label: "App",
          cell: ({ client, host }) => (
            <>
              <bdi>{client}</bdi>
              <span class="beneath">
                access sent to <bdi>{host}</bdi>
              </span>
            </>
          ),
        },
        ...(everyone ? [{ label: "Acts for", cell: ({ username }: Connection) => <bdi>{username}</bdi> }] : []),
        { label: "May", wide: true, cell: ({ scopes }) => scopes.join(", ") },
        {
          label: "Last used",
          wide: true,
          cell: ({ last_used_at }) => (last_used_at === null ? "never" : <Ago at={last_used_at} now={now} />),
        },
        { label: "Connected", wide: true, cell: ({ created_at }) => <Ago at={created_at} now={now} /> },
        {
          label: "Change",
          cell: ({ id, client, username }) => (
            <Confirm
              action="end"
              label="Disconnect"
              about={`Disconnect ${client} of ${username}`}
              button="Disconnect it"
              fields={{ id }}
            >
              <p>It is signed out at once and has to be allowed anew.</p>
            </Confirm>
          ),
        },
      ]}
    />
  );
}

export const appActions: Readonly<Record<string, Action>> = {
  end: async (call, form) => {
    await useTool(call, "revoke_connection", given({ id: textField(form, "id") }), form);
    return { done: "ended" };
  },
};

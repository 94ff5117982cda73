// Who is in the team: roles, removal, leaving and handing over. Runs at the edge.
import { may, type Role, roles } from "../../../features/access/access.ts";
import { listMembers } from "../../../features/people/calls.ts";
import type { Member, Removed } from "../../../features/people/schema.ts";
import { listLimits } from "../../../limits.ts";
import { seeOther } from "../../sign-in/form.ts";
import { type Action, given, textField, useTool } from "../actions.ts";
import { Confirm, Field, Form } from "../forms.tsx";
import { Ago, DataTable, Empty, Live, Pager, Tag, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { peoplePage, rolesToGive } from "./tabs.tsx";
import { heirsOf, TransferForm } from "./transfer.tsx";

const rowsAPage = listLimits.toolEntries;

const done = {
  role: "The role is changed; it holds from their next call on.",
  "role-tokens":
    "The role is changed. Service tokens they created still work, and they may know their text: revoke them under Tokens.",
  removed: "They are out of the team, with their tokens, connected apps and open invitations.",
  "removed-tokens":
    "They are out of the team. Service tokens they created still work, and they may know their text: revoke them under Tokens.",
  transferred: "The team has another owner. You are an admin now.",
};

export async function membersPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const url = urlOf(c);
  const role = roles.find((one) => one === url.searchParams.get("role"));
  const cursor = url.searchParams.get("cursor") ?? undefined;
  const [{ items, ...page }, heirs] = await Promise.all([
    listMembers(call, { role, cursor }, rowsAPage),
    may(call.actor, "owners:manage") ? heirsOf(c) : undefined,
  ]);
  return peoplePage(c, {
    tab: "members",
    title: "People",
    intro: "Who is in the team, what they may do, and how they get in.",
    attempt,
    done,
    children: (
      <>
        <RoleFilter role={role} />
        <Live id="members" kinds={["team"]}>
          {items.length === 0 ? (
            <Empty title={role === undefined ? "Nobody is here yet" : `Nobody is ${role}`}>
              <p>Invite someone, or look at all roles.</p>
            </Empty>
          ) : (
            <MembersTable c={c} members={items} attempt={attempt} />
          )}
          {page.total === 0 ? null : <Pager url={url} page={page} what={page.total === 1 ? "member" : "members"} />}
        </Live>
        {heirs === undefined ? null : <TransferCard heirs={heirs} attempt={attempt} />}
        {may(call.actor, "membership:own") ? <LeaveCard team={call.catalogue.name} /> : null}
      </>
    ),
  });
}

function RoleFilter({ role }: { role: Role | undefined }) {
  return (
    <form class="filters" method="get">
      <Field
        name="role"
        label="Role"
        value={role ?? ""}
        options={[{ value: "", label: "All" }, ...roles]}
        prefix="filter"
      />
      <button type="submit" class="quiet">
        Show
      </button>
    </form>
  );
}

function MembersTable({
  c,
  members,
  attempt,
}: {
  c: PageContext;
  members: readonly Member[];
  attempt?: Attempt | undefined;
}) {
  const call = c.get("call");
  const manages = may(call.actor, "people:manage");
  return (
    <DataTable
      caption="Members"
      rows={members}
      columns={[
        { label: "Name", cell: (member) => <Name member={member} me={call.actor.username} /> },
        { label: "Role", cell: ({ role }) => <Tag tone={role === "owner" ? "good" : "plain"}>{role}</Tag> },
        {
          label: "Last active",
          wide: true,
          cell: ({ last_active }) => (last_active === null ? "never" : <Ago at={last_active} now={call.now()} />),
        },
        { label: "Gets in by", wide: true, cell: (member) => waysIn(member) },
        ...(manages
          ? [{ label: "Change", cell: (member: Member) => <Manage c={c} member={member} attempt={attempt} /> }]
          : []),
      ]}
    />
  );
}

function Name({ member, me }: { member: Member; me: string }) {
  const { username, display_name: name, email, kind } = member;
  return (
    <>
      <bdi>{name ?? username}</bdi> {username === me ? <Tag>you</Tag> : null}
      {kind === "service" ? <Tag>service account</Tag> : null}
      <span class="beneath">
        <bdi>{username}</bdi>
        {email === null ? null : (
          <>
            {" "}
            · <bdi>{email}</bdi>
          </>
        )}
      </span>
    </>
  );
}

function waysIn({ login, tokens, connections }: Member): string {
  const ways = [
    ...(login ? ["browser"] : []),
    ...(tokens > 0 ? [`${tokens} ${tokens === 1 ? "token" : "tokens"}`] : []),
    ...(connections > 0 ? [`${connections} ${connections === 1 ? "app" : "apps"}`] : []),
  ];
  return ways.length === 0 ? "nothing at present" : ways.join(", ");
}

function Manage({ c, member, attempt }: { c: PageContext; member: Member; attempt?: Attempt | undefined }) {
  const { username, role, kind } = member;
  const offered = rolesToGive(c);
  if (role === "owner" && !offered.includes("owner")) return <span class="muted">by owners</span>;
  const isTried = attempt?.form.get("username") === username;
  return (
    <details class="manage" open={isTried} id={`manage-${username}`}>
      <summary aria-label={`Change ${username}`}>Change</summary>
      <div class="inside">
        {kind === "service" ? null : (
          <Form action="set_role" label={`Role of ${username}`}>
            <input type="hidden" name="username" value={username} />
            <div class="row">
              <Field name="role" label="Role" value={role} options={offered} prefix={`role-${username}`} />
              <button type="submit" class="quiet">
                Set role
              </button>
            </div>
          </Form>
        )}
        <Confirm
          action="remove"
          label="Remove"
          about={`Remove ${username}`}
          button="Remove from the team"
          fields={{ username }}
        >
          <p>
            <bdi>{username}</bdi> loses access at once; their tokens, connected apps and open invitations end. What they
            made stays.
          </p>
        </Confirm>
      </div>
    </details>
  );
}

function TransferCard({ heirs, attempt }: { heirs: readonly Member[]; attempt?: Attempt | undefined }) {
  return (
    <section class="card" aria-labelledby="transfer-title">
      <h2 id="transfer-title">Hand the team over</h2>
      <TransferForm heirs={heirs} attempt={attempt} />
    </section>
  );
}

function LeaveCard({ team }: { team: string }) {
  return (
    <section class="card" aria-labelledby="leave-title">
      <h2 id="leave-title">Leave the team</h2>
      <p>You lose access at once, with your tokens and connected apps. To come back someone has to invite you.</p>
      <Confirm action="leave" label="Leave the team …" button="Leave now" leaves>
        <p>
          You leave <bdi>{team}</bdi>.
        </p>
      </Confirm>
    </section>
  );
}

export const memberActions: Readonly<Record<string, Action>> = {
  set_role: async (call, form) => {
    const args = given({ username: textField(form, "username"), role: textField(form, "role") });
    const { data } = await useTool(call, "set_role", args, form);
    return { done: listOf(data.service_tokens) > 0 ? "role-tokens" : "role" };
  },
  remove: async (call, form) => {
    const args = given({ username: textField(form, "username") });
    const { data } = await useTool(call, "remove_member", args, form);
    return { done: (data as Removed).service_tokens.length > 0 ? "removed-tokens" : "removed" };
  },
  leave: async (call, form) => {
    await useTool(call, "leave_team", {}, form);
    return seeOther("/");
  },
  transfer: async (call, form) => {
    await useTool(call, "transfer_ownership", given({ username: textField(form, "username") }), form);
    return { done: "transferred" };
  },
};

const listOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

// Invitations: making a link that is shown once, and what became of those that were made. Runs at the edge.
import { listInvitations } from "../../../features/people/calls.ts";
import { type Invitation, invitationStates, type Member } from "../../../features/people/schema.ts";
import { listLimits, peopleLimits } from "../../../limits.ts";
import { type Action, given, numberField, textField, useTool } from "../actions.ts";
import { Confirm, Field, Form, Problem } from "../forms.tsx";
import { Ago, Copy, DataTable, Empty, Live, Pager, Tag, type Tone, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { peoplePage, rolesToGive } from "./tabs.tsx";

const tones: Record<Invitation["state"], Tone> = { open: "good", accepted: "plain", revoked: "plain", expired: "warn" };

interface Made {
  invitation: Invitation;
  url: string;
}

export async function invitationsPage(c: PageContext, attempt?: Attempt, made?: Made): Promise<Response> {
  const call = c.get("call");
  const url = urlOf(c);
  const asked = url.searchParams.get("state") ?? "open";
  const state = invitationStates.find((one) => one === asked);
  const cursor = url.searchParams.get("cursor") ?? undefined;
  const [{ items, ...page }, members] = await Promise.all([
    listInvitations(call, { state, cursor }, listLimits.toolEntries),
    call.stub.people().members(),
  ]);
  return peoplePage(c, {
    tab: "invitations",
    title: "Invitations",
    intro: "A link lets one person join. Nothing is mailed: send it yourself.",
    attempt,
    ownProblems: ["invite", "give_login"],
    done: { revoked: "The invitation is revoked; its link lets nobody in any more." },
    children: (
      <>
        {made === undefined ? null : <MadeCard made={made} />}
        <div class="columns">
          <InviteCard c={c} attempt={attempt?.action === "invite" ? attempt : undefined} />
          <LoginCard members={members} attempt={attempt?.action === "give_login" ? attempt : undefined} />
        </div>
        <section aria-labelledby="list-title">
          <h2 id="list-title">Invitations made</h2>
          <StateFilter state={state} />
          <Live id="invitations" kinds={["team"]}>
            {items.length === 0 ? (
              <Empty title={state === undefined ? "No invitation yet" : `No invitation is ${state}`}>
                <p>Make one above; it is listed here until {peopleLimits.endedInvitationDays} days after its end.</p>
              </Empty>
            ) : (
              <InvitationsTable invitations={items} now={call.now()} />
            )}
            {page.total === 0 ? null : (
              <Pager url={url} page={page} what={page.total === 1 ? "invitation" : "invitations"} />
            )}
          </Live>
        </section>
      </>
    ),
  });
}

function MadeCard({ made: { invitation, url } }: { made: Made }) {
  const { role, email, username } = invitation;
  return (
    <section class="card shown-once" aria-labelledby="made-title" role="status">
      <h2 id="made-title">The link, shown this once</h2>
      <Copy id="made-link" text={url} label="invitation link" />
      <p>
        {username === null ? (
          <>
            Whoever opens it{" "}
            {email === null ? null : (
              <>
                and signs in as <bdi>{email}</bdi>{" "}
              </>
            )}
            joins as {role}.
          </>
        ) : (
          <>
            Whoever opens it signs in as <bdi>{username}</bdi> from then on.
          </>
        )}{" "}
        It works once, until {invitation.expires_at.slice(0, 16).replace("T", " ")} UTC.
      </p>
    </section>
  );
}

const days = (
  <>
    1 to {peopleLimits.maxInvitationDays}; {peopleLimits.invitationDays} when left empty.
  </>
);

function InviteCard({ c, attempt }: { c: PageContext; attempt: Attempt | undefined }) {
  return (
    <section class="card" aria-labelledby="invite-title">
      <h2 id="invite-title">Invite someone</h2>
      {attempt === undefined ? null : <Problem attempt={attempt} />}
      <Form action="invite">
        <Field name="role" label="Role" value="member" options={rolesToGive(c)} attempt={attempt} prefix="invite" />
        <Field
          name="email"
          label="Address"
          type="email"
          maxlength={254}
          attempt={attempt}
          prefix="invite"
          hint="Then only who signs in with this verified address may join. Empty: whoever has the link."
        />
        <Field name="days" label="Days it is open" type="number" attempt={attempt} prefix="invite" hint={days} />
        <button type="submit">Make the link</button>
      </Form>
    </section>
  );
}

/** For members who so far have tokens alone. */
function LoginCard({ members, attempt }: { members: readonly Member[]; attempt: Attempt | undefined }) {
  const without = members.filter(({ kind, login }) => kind === "person" && !login);
  if (without.length === 0) return null;
  return (
    <section class="card" aria-labelledby="login-title">
      <h2 id="login-title">Give a member a login</h2>
      <p>These members have tokens alone. By the link they sign in with a browser and keep their role.</p>
      {attempt === undefined ? null : <Problem attempt={attempt} />}
      <Form action="give_login">
        <Field
          name="username"
          label="Member"
          options={without.map(({ username }) => username)}
          attempt={attempt}
          prefix="login"
        />
        <Field name="days" label="Days it is open" type="number" attempt={attempt} prefix="login" hint={days} />
        <button type="submit" class="quiet">
          Make the link
        </button>
      </Form>
    </section>
  );
}

function StateFilter({ state }: { state: Invitation["state"] | undefined }) {
  return (
    <form class="filters" method="get">
      <Field
        name="state"
        label="State"
        value={state ?? "all"}
        options={[...invitationStates, { value: "all", label: "all" }]}
        prefix="filter"
      />
      <button type="submit" class="quiet">
        Show
      </button>
    </form>
  );
}

function InvitationsTable({ invitations, now }: { invitations: readonly Invitation[]; now: number }) {
  return (
    <DataTable
      caption="Invitations"
      rows={invitations}
      columns={[
        {
          label: "For",
          cell: ({ email, username }) => <bdi>{username ?? email ?? "whoever has the link"}</bdi>,
        },
        { label: "Role", cell: ({ role }) => <Tag>{role}</Tag> },
        { label: "State", cell: ({ state }) => <Tag tone={tones[state]}>{state}</Tag> },
        {
          label: "Until",
          wide: true,
          cell: ({ state, expires_at, accepted_by }) =>
            state === "accepted" ? <bdi>joined as {accepted_by}</bdi> : <Ago at={expires_at} now={now} />,
        },
        { label: "By", wide: true, cell: ({ created_by }) => <bdi>{created_by}</bdi> },
        { label: "Change", cell: (invitation) => <Revoke invitation={invitation} /> },
      ]}
    />
  );
}

function Revoke({ invitation: { id, state, email, username } }: { invitation: Invitation }) {
  if (state !== "open") return null;
  const whom = username ?? email ?? "whoever has the link";
  return (
    <Confirm
      action="revoke"
      label="Revoke"
      about={`Revoke the invitation for ${whom}`}
      button="Revoke it"
      fields={{ id }}
    >
      <p>The link lets nobody in any more.</p>
    </Confirm>
  );
}

const invite =
  (fields: (form: URLSearchParams) => Record<string, unknown>): Action =>
  async (call, form, c) => {
    const args = given({ ...fields(form), expires_in_days: numberField(form, "days") });
    const { data } = await useTool(call, "invite_member", args, form);
    return invitationsPage(c, undefined, data as unknown as Made);
  };

export const invitationActions: Readonly<Record<string, Action>> = {
  invite: invite((form) => ({ role: textField(form, "role"), email: textField(form, "email") })),
  give_login: invite((form) => ({ username: textField(form, "username") })),
  revoke: async (call, form) => {
    await useTool(call, "revoke_invitation", given({ id: textField(form, "id") }), form);
    return { done: "revoked" };
  },
};

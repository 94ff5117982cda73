// Tokens for scripts and clients without OAuth: one's own, and for admins everyone's and the service accounts'. Runs at the edge.
import { hasRole, may, type Role, roles } from "../../../features/access/access.ts";
import { scopeSentences, scopesOfRole } from "../../../features/access/connections.ts";
import type { Token } from "../../../features/access/schema.ts";
import { listTokens } from "../../../features/access/token-calls.ts";
import { listLimits, peopleLimits } from "../../../limits.ts";
import { type Action, given, numberField, textField, useTool } from "../actions.ts";
import { Check, Confirm, Field, Form, Problem } from "../forms.tsx";
import { Ago, Copy, DataTable, Empty, Live, Pager, Tag, urlOf } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { peoplePage } from "./tabs.tsx";
import { WhoseFilter } from "./whose-filter.tsx";

interface Issued {
  token: string;
  details: Token;
}

export async function tokensPage(c: PageContext, attempt?: Attempt, issued?: Issued): Promise<Response> {
  const call = c.get("call");
  const url = urlOf(c);
  const managesAll = may(call.actor, "tokens:manage");
  const everyone = managesAll && url.searchParams.get("of") === "everyone";
  const cursor = url.searchParams.get("cursor") ?? undefined;
  const { items, ...page } = await listTokens(call, { everyone, cursor }, listLimits.toolEntries);
  return peoplePage(c, {
    tab: "tokens",
    title: "Tokens",
    intro: "For scripts and clients that cannot open a browser. Apps that can should sign in by OAuth instead.",
    attempt,
    ownProblems: ["create"],
    done: { revoked: "The token is revoked; whatever used it is refused from now on." },
    children: (
      <>
        {issued === undefined ? null : <IssuedCard c={c} issued={issued} />}
        {managesAll ? <WhoseFilter everyone={everyone} label="Everyone's and service accounts'" /> : null}
        <Live id="tokens" kinds={["team"]}>
          {items.length === 0 ? (
            <Empty title={everyone ? "Nobody has a token" : "You have no token"}>
              <p>Make one below. Its text is shown once.</p>
            </Empty>
          ) : (
            <TokensTable tokens={items} everyone={everyone} now={call.now()} />
          )}
          {page.total === 0 ? null : <Pager url={url} page={page} what={page.total === 1 ? "token" : "tokens"} />}
        </Live>
        <CreateCard c={c} attempt={attempt?.action === "create" ? attempt : undefined} />
      </>
    ),
  });
}

/** The only time the token is seen, with the lines that use it. */
function IssuedCard({ c, issued: { token, details } }: { c: PageContext; issued: Issued }) {
  const { origin, team } = c.get("call");
  const url = `${origin}/t/${team}`;
  const bearer = `Authorization: Bearer ${token}`;
  const config = {
    servers: { "super-data": { type: "http", url: `${url}/mcp`, headers: { Authorization: `Bearer ${token}` } } },
  };
  return (
    <section class="card shown-once" aria-labelledby="issued-title" role="status">
      <h2 id="issued-title">The token, shown this once</h2>
      <p>
        Of <bdi>{details.username}</bdi>, as {details.role}.{" "}
        {details.expires_at === null ? "It does not expire." : `It expires on ${details.expires_at.slice(0, 10)}.`} Keep
        it like a password.
      </p>
      <Copy id="issued-token" text={token} label="token" />
      <h3>Claude Code</h3>
      <Copy
        id="issued-claude"
        text={`claude mcp add --transport http super-data ${url}/mcp --header "${bearer}"`}
        label="line for Claude Code"
      />
      <h3>VS Code, .vscode/mcp.json</h3>
      <Copy id="issued-vscode" text={JSON.stringify(config, null, 2)} label="configuration for VS Code" />
      <h3>A script</h3>
      <Copy id="issued-curl" text={`curl -H "${bearer}" ${url}/api/v1/whoami`} label="line for a script" />
    </section>
  );
}

function TokensTable({ tokens, everyone, now }: { tokens: readonly Token[]; everyone: boolean; now: number }) {
  return (
    <DataTable
      caption="Tokens"
      rows={tokens}
      columns={[
        {
          label: "What for",
          cell: ({ label, prefix }) => (
            <>
              <bdi>{label}</bdi>
              <span class="beneath">
                <code>{prefix}…</code>
              </span>
            </>
          ),
        },
        ...(everyone ? [{ label: "Whose", cell: ({ username }: Token) => <bdi>{username}</bdi> }] : []),
        {
          label: "May",
          cell: ({ role, scopes, may_act_for_others }) => (
            <>
              <Tag>{role}</Tag> {may_act_for_others ? <Tag tone="warn">acts for others</Tag> : null}
              <span class="beneath">{scopes === null ? "every scope" : scopes.join(", ")}</span>
            </>
          ),
        },
        {
          label: "Last used",
          wide: true,
          cell: ({ last_used_at }) => (last_used_at === null ? "never" : <Ago at={last_used_at} now={now} />),
        },
        {
          label: "Expires",
          wide: true,
          cell: ({ expires_at }) => (expires_at === null ? "never" : <Ago at={expires_at} now={now} />),
        },
        { label: "Made by", wide: true, cell: ({ created_by }) => <bdi>{created_by ?? "the operator"}</bdi> },
        { label: "Change", cell: (token) => <Revoke token={token} /> },
      ]}
    />
  );
}

function Revoke({ token: { id, label, username } }: { token: Token }) {
  return (
    <Confirm action="revoke" label="Revoke" about={`Revoke ${label} of ${username}`} button="Revoke it" fields={{ id }}>
      <p>Whatever uses it is refused at once.</p>
    </Confirm>
  );
}

function CreateCard({ c, attempt }: { c: PageContext; attempt: Attempt | undefined }) {
  const { actor } = c.get("call");
  const managesAll = may(actor, "tokens:manage");
  const may_be: readonly Role[] = roles.filter((role) => hasRole(actor.role, role));
  return (
    <section class="card" aria-labelledby="create-title">
      <h2 id="create-title">Make a token</h2>
      {attempt === undefined ? null : <Problem attempt={attempt} />}
      <Form action="create">
        <div class="form-grid">
          <Field name="label" label="What it is for" required maxlength={100} attempt={attempt} prefix="token" />
          <Field
            name="role"
            label="Role at most"
            attempt={attempt}
            prefix="token"
            options={[{ value: "", label: "As mine; member for a service account" }, ...may_be]}
          />
          <Field
            name="days"
            label="Days until it expires"
            type="number"
            attempt={attempt}
            prefix="token"
            hint={`1 to ${peopleLimits.maxTokenDays}. Empty: it lives until it is revoked.`}
          />
          {managesAll ? (
            <Field
              name="service"
              label="Service account"
              maxlength={60}
              attempt={attempt}
              prefix="token"
              hint="A name, like nightly-import: then the token is the team's and not yours, and outlives you. Empty: yours."
            />
          ) : null}
        </div>
        <fieldset>
          <legend>It may</legend>
          {scopesOfRole(actor.role)
            .filter((scope) => actor.scopes.includes(scope))
            .map((scope) => (
              <Check
                name="scopes"
                value={scope}
                checked
                attempt={attempt}
                prefix="token"
                label={
                  <span>
                    <code>{scope}</code> {scopeSentences[scope]}
                  </span>
                }
              />
            ))}
        </fieldset>
        {managesAll ? (
          <Check
            name="may_act_for_others"
            attempt={attempt}
            prefix="token"
            label="A service token may name the member it acts for in the header X-User-Id"
          />
        ) : null}
        <button type="submit">Make the token</button>
      </Form>
    </section>
  );
}

export const tokenActions: Readonly<Record<string, Action>> = {
  create: async (call, form, c) => {
    const offered = scopesOfRole(call.actor.role).filter((scope) => call.actor.scopes.includes(scope));
    const ticked = form.getAll("scopes");
    const isAll = offered.every((scope) => ticked.includes(scope));
    const args = given({
      label: textField(form, "label"),
      role: textField(form, "role"),
      expires_in_days: numberField(form, "days"),
      service: textField(form, "service"),
      scopes: isAll ? undefined : ticked,
      may_act_for_others: form.get("may_act_for_others") === "yes" ? true : undefined,
    });
    const { data } = await useTool(call, "create_token", args, form);
    return tokensPage(c, undefined, data as unknown as Issued);
  },
  revoke: async (call, form) => {
    await useTool(call, "revoke_token", given({ id: textField(form, "id") }), form);
    return { done: "revoked" };
  },
};

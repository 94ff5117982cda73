// The proof's operations on people, invitations and the team itself. Each is a tool and a route that take the same. Runs anywhere.
import {
  cursorCodes,
  type Expectation,
  type Operations,
  type RouteUse,
  type Situation,
  someCursor,
  type ToolUse,
  withoutUndefined,
} from "./plan.ts";
import { dataOf, textAt } from "./wire.ts";
import { has, type Person, type Right, type Role, roles } from "./world.ts";

/** What both forms of an operation share. */
export interface Shared extends Expectation {
  args: Record<string, unknown>;
}

const page = (situation: Situation): Record<string, unknown> =>
  withoutUndefined<unknown>({ limit: situation.world.random.pick([1, 3, 50]), cursor: someCursor(situation) });

/** Someone of the team, or a name that is nobody's here: another team's, or almost one of ours. */
function somebody(situation: Situation): { person: Person | undefined; username: string } {
  const { world, team } = situation;
  const { random } = world;
  if (random.chance(0.15)) {
    const other = random.pick(world.teams);
    return other === team || other === undefined
      ? { person: undefined, username: "adaa" }
      : { person: undefined, username: `${other.slug}-only` };
  }
  const person = random.pick(team.people.filter(({ username, kind }) => username !== "root" && kind === "person"));
  return person === undefined || person.removed
    ? { person: undefined, username: person?.username ?? "nobody" }
    : { person, username: person.username };
}

/** Whatever makes or unmakes an owner takes an owner. */
function manages(from: Role | undefined, to: Role | undefined): Right[] {
  return from === "owner" || to === "owner" ? ["people:manage", "owners:manage"] : ["people:manage"];
}

function removed(person: Person, situation: Situation): void {
  person.removed = true;
  // Sessions are the person's own: they are good again once the person is back.
  for (const key of situation.team.keys) if (key.person === person && key.kind !== "session") key.dead = true;
}

export function setRole(situation: Situation): Shared {
  const { person, username } = somebody(situation);
  const role = situation.world.random.pick(roles);
  return {
    args: { username, role },
    needs: person === undefined ? ["people:manage"] : manages(person.role, role),
    codes: person === undefined ? ["not_found", "forbidden"] : [],
    neverOk: person === undefined,
    writes: true,
    after: () => {
      if (person !== undefined) person.role = role;
    },
  };
}

export function removeMember(situation: Situation): Shared {
  const { person, username } = somebody(situation);
  return {
    args: { username },
    needs: person === undefined ? ["people:manage"] : manages(person.role, undefined),
    codes: person === undefined ? ["not_found"] : [],
    neverOk: person === undefined,
    writes: true,
    after: () => {
      if (person !== undefined) removed(person, situation);
    },
  };
}

export function leaveTeam(situation: Situation): Shared {
  const { viewer, team } = situation;
  const self = team.people.find(({ username }) => username === viewer?.username);
  const isService = self?.kind === "service";
  return {
    args: {},
    needs: ["membership:own"],
    codes: isService ? ["unsupported"] : [],
    neverOk: isService,
    writes: true,
    after: () => {
      if (self !== undefined) removed(self, situation);
    },
  };
}

export function transferOwnership(situation: Situation): Shared {
  const { viewer, team } = situation;
  const { person, username } = somebody(situation);
  const isSelf = username === viewer?.username;
  return {
    args: { username },
    needs: ["owners:manage"],
    codes: [...(person === undefined ? ["not_found"] : []), ...(isSelf ? ["invalid_argument"] : [])],
    neverOk: person === undefined || isSelf,
    writes: true,
    after: () => {
      const self = team.people.find((one) => one.username === viewer?.username);
      if (person !== undefined) person.role = "owner";
      if (self !== undefined) self.role = "admin";
    },
  };
}

export function invite(situation: Situation): Shared {
  const { world, team, viewer } = situation;
  const role = world.random.pick(roles);
  const slug = team.slug;
  const address = world.random.chance(0.5)
    ? `${world.plantFor(slug, "an invited address", "people:manage")}@example.org`
    : undefined;
  return {
    args: withoutUndefined<unknown>({ role, email: address, expires_in_days: 1 }),
    needs: manages(undefined, role),
    codes: ["too_large"],
    writes: true,
    after: (answer) => {
      const data = dataOf(answer);
      const id = textAt(data, "invitation", "id");
      const secret = textAt(data, "url")?.split("/").at(-1);
      if (id === undefined || secret === undefined) return "no id or link in the answer";
      world.canaries.note(id, slug, "the id of an invitation", (reader) => has(reader, slug, "people:manage"));
      world.canaries.noteSecret(secret, slug, "the secret of an invitation");
      // Whoever made it is given it again for the same idempotency key.
      world.canaries.spread(secret, slug, `${viewer?.username}`, (reader) => reader.username === viewer?.username);
      team.loot.invitations.push({ id, role, secret });
      if (team.loot.invitations.length > 20) team.loot.invitations.shift();
      return undefined;
    },
  };
}

export function revokeInvitation(situation: Situation): Shared {
  const { world, team } = situation;
  const owner = world.random.chance(0.6) ? team : (world.random.pick(world.teams) ?? team);
  const found = world.random.pick(owner.loot.invitations);
  return {
    args: { id: found?.id ?? "inv_none" },
    needs: found !== undefined && owner === team ? manages(undefined, found.role) : ["people:manage"],
    codes: ["not_found", "invitation_invalid"],
    neverOk: owner !== team || found === undefined,
    writes: true,
  };
}

export function updateTeam(situation: Situation): Shared {
  const { world, team } = situation;
  const shown = (viewer: Parameters<typeof has>[0]): boolean => viewer?.team === team.slug;
  const name = world.canaries.plant(team.slug, "the team's name", shown);
  const settings = world.random.pick([
    undefined,
    { log_arguments: team === world.teams[0] && world.random.chance(0.5) },
    { rate_limits: { query_per_minute: 50_000 + world.random.int(1_000) } },
  ]);
  return {
    args: withoutUndefined<unknown>({ name: `Team ${name}`, settings }),
    needs: ["settings:manage"],
    writes: true,
    after: () => {
      if (settings?.log_arguments === true) team.logsArguments = true;
    },
  };
}

/** Only with the slug of another team: a team that is gone proves nothing more. */
export function deleteTeam({ world, team }: Situation): Shared {
  const others = world.teams.filter((other) => other !== team).map(({ slug }) => slug);
  return {
    args: { confirm: world.random.pick(["", "yes", ...others]) },
    needs: ["owners:manage"],
    codes: ["invalid_argument"],
    neverOk: true,
    writes: true,
  };
}

const inviteFilter = (situation: Situation): Shared => ({
  args: page(situation),
  needs: ["people:manage"],
  codes: cursorCodes,
});

export const peopleTools: Operations<ToolUse> = {
  list_members: (situation) => ({
    args: { ...page(situation), ...(situation.world.random.chance(0.2) ? { role: "admin" } : {}) },
    needs: ["people:read"],
    codes: cursorCodes,
  }),
  set_role: setRole,
  remove_member: removeMember,
  leave_team: leaveTeam,
  transfer_ownership: transferOwnership,
  invite_member: invite,
  list_invitations: inviteFilter,
  revoke_invitation: revokeInvitation,
  get_team: () => ({ args: {}, needs: ["people:read"] }),
  update_team: updateTeam,
  delete_team: deleteTeam,
};

/** The route form of a shared operation: some arguments stand in the path, the others in the body or the query. */
export function asRoute(
  shared: Shared,
  form: "json" | "query",
  inPath: Readonly<Record<string, string>> = {},
): RouteUse {
  const { args, ...use } = shared;
  const path = Object.fromEntries(Object.entries(inPath).map(([name, argument]) => [name, String(args[argument])]));
  const rest = Object.fromEntries(Object.entries(args).filter(([name]) => !Object.values(inPath).includes(name)));
  const query = form === "query" ? { query: rest as Record<string, string | number> } : { json: rest };
  return { ...use, path, ...query };
}

const base = "/t/:team/api/v1";

export const peopleRoutes: Operations<RouteUse> = {
  [`GET ${base}/members`]: (situation) =>
    asRoute({ args: page(situation), needs: ["people:read"], codes: cursorCodes }, "query"),
  [`PATCH ${base}/members/:username`]: (situation) => asRoute(setRole(situation), "json", { username: "username" }),
  [`DELETE ${base}/members/:username`]: (situation) =>
    asRoute(removeMember(situation), "query", { username: "username" }),
  [`POST ${base}/members/leave`]: (situation) => asRoute(leaveTeam(situation), "json"),
  [`GET ${base}/invitations`]: (situation) => asRoute(inviteFilter(situation), "query"),
  [`POST ${base}/invitations`]: (situation) => asRoute(invite(situation), "json"),
  [`DELETE ${base}/invitations/:id`]: (situation) => asRoute(revokeInvitation(situation), "query", { id: "id" }),
  [`GET ${base}/team`]: () => asRoute({ args: {}, needs: ["people:read"] }, "query"),
  [`PATCH ${base}/team`]: (situation) => asRoute(updateTeam(situation), "json"),
  [`DELETE ${base}/team`]: (situation) => asRoute(deleteTeam(situation), "json"),
  [`POST ${base}/team/restore`]: () =>
    asRoute({ args: {}, needs: ["owners:manage"], codes: ["conflict"], writes: true }, "json"),
  [`POST ${base}/team/transfer`]: (situation) => asRoute(transferOwnership(situation), "json"),
};

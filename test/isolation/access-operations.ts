// The proof's operations on tokens, connections, visibility and the audit log. Runs anywhere.
import { asRoute, type Shared } from "./people-operations.ts";
import {
  cursorCodes,
  type Operations,
  type RouteUse,
  type Situation,
  someCursor,
  type ToolUse,
  withoutUndefined,
} from "./plan.ts";
import { dataOf, textAt } from "./wire.ts";
import {
  atLeast,
  has,
  type Key,
  type Person,
  type Right,
  roles,
  scopes,
  sees,
  type Thing,
  type Visibility,
} from "./world.ts";

const mostKeys = 30;

/** A token that its maker may make; what it may be at most is the server's own to guard, and tried here too. */
export function createToken(situation: Situation): Shared {
  const { world, team, viewer } = situation;
  const { random } = world;
  const service = random.chance(0.35) ? random.pick(["robot", "front"] as const) : undefined;
  const role = random.pick(roles);
  const wanted = random.chance(0.5) ? undefined : scopes.filter(() => random.chance(0.6));
  const narrowed = wanted?.length === 0 ? undefined : wanted;
  const mayAct = service !== undefined && random.chance(0.5);
  const maker = team.people.find(({ username }) => username === viewer?.username);
  const username = service === undefined ? (viewer?.username ?? "nobody") : `service:${service}`;
  const shown = world.ofToken(team.slug, username, viewer?.username);
  const label = world.canaries.plant(team.slug, `the label of a token of ${username}`, shown);
  const isService = maker?.kind === "service";
  const tooMuch =
    viewer !== undefined &&
    (!atLeast(viewer.role, role) || (narrowed ?? []).some((scope) => !viewer.scopes.includes(scope)));
  const refused =
    tooMuch ||
    viewer?.through !== undefined ||
    (isService && (service === undefined || mayAct)) ||
    (service !== undefined && role === "owner");
  return {
    args: withoutUndefined<unknown>({
      label,
      role,
      scopes: narrowed,
      service,
      may_act_for_others: mayAct ? true : undefined,
    }),
    needs: service === undefined ? ["tokens:own"] : ["tokens:own", "tokens:manage"],
    codes: ["too_large", ...(refused ? ["forbidden", "invalid_argument"] : [])],
    // A service's token that may act itself may make another that may.
    neverOk: refused && !(isService && mayAct && !tooMuch && viewer?.through === undefined && role !== "owner"),
    writes: true,
    after: (answer) => {
      const data = dataOf(answer);
      const [id, token] = [textAt(data, "details", "id"), textAt(data, "token")];
      if (id === undefined || token === undefined) return "no token in the answer";
      const known = team.people.find((person) => person.username === username);
      const person: Person = known ?? { team: team.slug, username, kind: "service", role, removed: false };
      if (known === undefined) team.people.push(person);
      if (person.kind === "service") person.role = person.removed || !atLeast(person.role, role) ? role : person.role;
      person.removed = false;
      const made = narrowed ?? scopes.filter((scope) => viewer?.scopes.includes(scope) === true);
      addKey(situation, {
        name: `made by ${viewer?.username}`,
        person,
        role,
        scopes: made,
        id,
        token,
        kind: "token",
        mayActForOthers: mayAct,
        dead: false,
      });
      return undefined;
    },
  };
}

function addKey({ world, team, viewer }: Situation, key: Key): void {
  const { slug } = team;
  const { username } = key.person;
  world.canaries.note(
    key.id,
    slug,
    `the id of a token of ${username}`,
    world.ofToken(slug, username, viewer?.username),
  );
  world.canaries.note(key.token, slug, `a token of ${username}`, () => false);
  // Whoever made it is given it again for the same idempotency key.
  world.canaries.spread(key.token, slug, `${viewer?.username}`, (reader) => reader.username === viewer?.username);
  team.keys.push(key);
  const old = team.keys.findIndex((one) => one.dead);
  if (team.keys.length > mostKeys && old >= 0) team.keys.splice(old, 1);
}

/** Ends a token: one's own, an owner's, somebody's, or one of another team. */
export function revokeToken(situation: Situation): Shared {
  const { world, team, viewer } = situation;
  const { random } = world;
  const foreign = random.chance(0.2);
  const from = foreign ? random.pick(world.teams.filter((other) => other !== team)) : team;
  // The persons' first keys stay, or a long run would end with nobody in it.
  const key = random.pick(
    (from?.keys ?? []).filter(({ name, kind }) => name.startsWith("made by") || (foreign && kind !== "session")),
  );
  const own = key !== undefined && key.person.username === viewer?.username;
  const live = !foreign && key !== undefined && !key.dead && !key.person.removed;
  const needs: Right[] = ["tokens:own"];
  const isAdmin = viewer !== undefined && atLeast(viewer.role, "admin");
  if (live && !own && isAdmin) needs.push("tokens:manage");
  if (live && !own && isAdmin && key.person.role === "owner") needs.push("owners:manage");
  const may = live && (own || isAdmin);
  return {
    args: { id: key?.id ?? "tok_none" },
    needs,
    codes: may ? [] : ["not_found"],
    neverOk: !may,
    writes: true,
    after: () => {
      if (key !== undefined) key.dead = true;
    },
  };
}

function listOwn(situation: Situation): Shared {
  const everyone = situation.world.random.chance(0.4);
  return {
    args: withoutUndefined<unknown>({
      everyone: everyone ? true : undefined,
      limit: situation.world.random.pick([1, 3, 50]),
      cursor: someCursor(situation),
    }),
    needs: everyone ? ["tokens:own", "tokens:manage"] : ["tokens:own"],
    codes: cursorCodes,
  };
}

/** Ends a connection: one's own, an owner's, somebody's, or one of another team. Some stay, so that there are any. */
function revokeConnection(situation: Situation): Shared {
  const { world, team, viewer } = situation;
  const { random } = world;
  const foreign = random.chance(0.6);
  const from = foreign ? random.pick(world.teams.filter((other) => other !== team)) : team;
  const key = random.pick(
    (from?.keys ?? []).filter(({ kind, name }) => kind === "connection" && (foreign || name.startsWith("cy"))),
  );
  const own = key !== undefined && key.person.username === viewer?.username;
  const isAdmin = has(viewer, team.slug, "tokens:manage");
  const live = !foreign && key !== undefined && !key.dead && !key.person.removed;
  const may = live && (own || isAdmin);
  // An owner's connection takes an owner.
  const needs: Right[] = may && !own && key.person.role === "owner" ? ["tokens:own", "owners:manage"] : ["tokens:own"];
  return {
    args: { id: key?.id ?? "con_none" },
    needs,
    codes: may ? [] : ["not_found", "forbidden"],
    neverOk: !may,
    writes: true,
    after: () => {
      if (key !== undefined) key.dead = true;
    },
  };
}

const filters = (situation: Situation): Record<string, unknown> => {
  const { random } = situation.world;
  const person = random.pick(situation.team.people);
  return withoutUndefined<unknown>({
    actor: random.chance(0.3) ? person?.username : undefined,
    action: random.chance(0.3) ? random.pick(["token.", "tool.", "dataset.create", "team.", "member."]) : undefined,
    target_name: random.chance(0.2) ? random.pick(["orders", "inbox", "ada"]) : undefined,
    text: random.chance(0.2) ? random.pick(["zq", "label", "salaries"]) : undefined,
  });
};

function searchAudit(situation: Situation): Shared {
  const cursor = someCursor(situation);
  return {
    args: withoutUndefined<unknown>({ ...filters(situation), limit: situation.world.random.pick([1, 5, 50]), cursor }),
    needs: ["audit:read"],
    codes: cursorCodes,
    log: "audit",
  };
}

function verifyAudit(situation: Situation): Shared {
  const { world } = situation;
  const foreign = world.random.pick(world.teams.flatMap(({ loot }) => loot.heads));
  return {
    args: withoutUndefined<unknown>({
      cursor: someCursor(situation),
      expected_head: world.random.chance(0.3) ? foreign : undefined,
    }),
    needs: ["audit:read"],
    codes: [...cursorCodes, "invalid_argument"],
    log: "audit",
  };
}

/** Who sees one of the things that stay, or of those that come and go. */
export function setVisibility(situation: Situation): Shared {
  const { world, team, viewer } = situation;
  const { random } = world;
  const kind = random.pick(["dataset", "tool"] as const);
  const thing = random.pick(team.things.filter((one) => one.kind === kind && (one.live || kind === "tool")));
  const names = team.people
    .filter(({ kind, removed }) => kind === "person" && !removed)
    .map(({ username }) => username);
  const stranger = random.chance(0.1);
  const visibility: Visibility = random.chance(0.5)
    ? random.pick(["everyone", ...roles] as const)
    : [random.pick(names) ?? "di", stranger ? `nobody-of-${team.slug}` : (random.pick(names) ?? "di")];
  const list = typeof visibility === "string" ? undefined : visibility;
  const unseen = viewer !== undefined && thing !== undefined && !sees(viewer, { ...thing, visibility });
  const bad = (stranger && list !== undefined) || unseen;
  return {
    args: { kind, name: thing?.name ?? "nothing_here", visibility },
    needs: rightsToShow(situation, thing),
    things: [thing],
    codes: [...(thing === undefined ? ["not_found"] : []), ...(bad ? ["invalid_argument"] : [])],
    neverOk: thing === undefined || bad,
    writes: true,
    after: () => {
      if (thing !== undefined) world.show(thing, visibility);
    },
  };
}

/** Admins may, and whoever made it and writes such things. */
function rightsToShow({ viewer }: Situation, thing: Thing | undefined): Right[] {
  const own: Right[] = ["visibility:own"];
  if (viewer === undefined || thing === undefined) return own;
  if (has(viewer, viewer.team, "visibility:manage")) return own;
  if (thing.madeBy === viewer.username) return [...own, thing.kind === "tool" ? "library:write" : "data:write"];
  return [...own, "visibility:manage"];
}

export const accessTools: Operations<ToolUse> = {
  whoami: () => ({ args: {}, needs: [] }),
  create_token: createToken,
  list_tokens: listOwn,
  revoke_token: revokeToken,
  list_connections: listOwn,
  revoke_connection: revokeConnection,
  search_audit_log: searchAudit,
  verify_audit_log: verifyAudit,
  set_visibility: setVisibility,
};

const base = "/t/:team/api/v1";

export const accessRoutes: Operations<RouteUse> = {
  [`GET ${base}/whoami`]: () => asRoute({ args: {}, needs: [] }, "query"),
  [`GET ${base}/tokens`]: (situation) => asRoute(listOwn(situation), "query"),
  [`POST ${base}/tokens`]: (situation) => asRoute(createToken(situation), "json"),
  [`DELETE ${base}/tokens/:id`]: (situation) => asRoute(revokeToken(situation), "query", { id: "id" }),
  [`GET ${base}/connections`]: (situation) => asRoute(listOwn(situation), "query"),
  [`DELETE ${base}/connections/:id`]: (situation) => asRoute(revokeConnection(situation), "query", { id: "id" }),
  [`GET ${base}/audit`]: (situation) => asRoute(searchAudit(situation), "query"),
  [`GET ${base}/audit/export`]: (situation) =>
    asRoute({ args: filters(situation), needs: ["audit:read"], log: "audit" }, "query"),
  [`GET ${base}/audit/verify`]: (situation) => asRoute(verifyAudit(situation), "query"),
  [`PUT ${base}/visibility/:kind/:name`]: (situation) =>
    asRoute(setVisibility(situation), "json", { kind: "kind", name: "name" }),
};

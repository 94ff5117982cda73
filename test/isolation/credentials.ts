// Who comes with what: good credentials, other teams' ones, dead ones and none. Runs anywhere.
import type { Key, Team, Viewer, World } from "./world.ts";

export interface Credential {
  /** For the report. */
  how: string;
  headers: Record<string, string>;
  /** Whom it stands for at the team's URL. */
  viewer: Viewer | undefined;
  /** A word of the refusal that is not the one of a bad token. */
  refusal?: string;
  /** A session is good for the pages, the REST API and the feed, not for MCP and metrics. */
  restOnly?: boolean;
  /** A browser would not say where a request came from that no page sent; then a session may only read. */
  readOnly?: boolean;
}

const kinds = [
  { kind: "own", weight: 62 },
  { kind: "acting", weight: 6 },
  { kind: "bad acting", weight: 3 },
  { kind: "foreign", weight: 15 },
  { kind: "dead", weight: 6 },
  { kind: "none", weight: 3 },
  { kind: "nonsense", weight: 5 },
] as const;

/** A credential to try at a team's URL. */
export function someCredential(world: World, team: Team): Credential {
  const { random } = world;
  const { kind } = random.weighted(kinds);
  const live = team.keys.filter((key) => !key.dead && !key.person.removed);
  switch (kind) {
    case "own": {
      // Half of the time one that may do a lot, since most others are refused most writes.
      const strong = live.filter(
        ({ role, scopes, person }) => role === person.role && role !== "viewer" && scopes.length === 4,
      );
      return present(world, team, random.pick(random.chance(0.5) ? strong : live), kind);
    }
    case "acting": {
      const people = team.people.filter(
        ({ kind, removed, username }) => kind === "person" && !removed && username !== "root",
      );
      const person = random.pick(people);
      return present(world, team, random.pick(live.filter((key) => key.mayActForOthers)), kind, person?.username);
    }
    case "bad acting": {
      const name = random.pick(["nobody-here", "service:robot", ...world.teams.map(({ slug }) => `${slug}-only`)]);
      const may = random.chance(0.3);
      return present(world, team, random.pick(live.filter((key) => may || !key.mayActForOthers)), kind, name);
    }
    case "foreign": {
      const others = world.teams.filter((other) => other !== team);
      const key = random.pick(random.pick(others)?.keys ?? []);
      return present(world, team, key, `${kind}, ${key?.person.team}`);
    }
    case "dead":
      return present(world, team, random.pick(team.keys.filter((key) => key.dead || key.person.removed)), kind);
    case "none":
      return { how: kind, headers: {}, viewer: undefined };
    case "nonsense": {
      const key = random.pick(live);
      const authorization = random.pick([
        "Bearer nonsense",
        `Bearer sdp_${"A".repeat(43)}`,
        `Bearer sds_${"B".repeat(43)}`,
        `Basic ${btoa("root:root")}`,
        `Bearer ${key?.token.slice(0, -1)}~`,
        `Bearer ${key?.id}`,
        "Bearer ",
        "bearer null",
      ] as const);
      return { how: kind, headers: { authorization }, viewer: undefined };
    }
  }
}

function present(world: World, team: Team, key: Key | undefined, how: string, actFor?: string): Credential {
  if (key === undefined) return { how: "none", headers: {}, viewer: undefined };
  const viewer = world.viewerOf(key, team.slug, actFor);
  const known = world.viewerOf(key, team.slug) !== undefined;
  const isSession = key.kind === "session";
  const isPage = isSession && world.random.chance(0.9);
  return {
    how: `${how}: ${key.name}${actFor === undefined ? "" : ` for ${actFor}`}`,
    headers: {
      ...(isSession ? { cookie: key.token } : { authorization: `Bearer ${key.token}` }),
      ...(isPage ? { origin: world.origin } : {}),
      ...(actFor === undefined ? {} : { "x-user-id": actFor }),
    },
    viewer,
    ...(known && viewer === undefined ? { refusal: "X-User-Id" } : {}),
    ...(isSession ? { restOnly: true, readOnly: !isPage } : {}),
  };
}
